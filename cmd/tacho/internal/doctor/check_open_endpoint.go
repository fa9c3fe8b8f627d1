package doctor

var openEndpoint = check{
	id:         "open-endpoint",
	summary:    "Anyone who can reach the address can read the metrics: no credentials are required.",
	severities: []Severity{Info, Warning},
	run:        findOpenEndpoint,
}

// In a private network, an open endpoint is common. On the internet, it exposes routes,
// versions and traffic.
func findOpenEndpoint(e *examination) []Finding {
	if !e.open {
		return nil
	}
	severity, who := Info, "everyone in this network"
	if e.reach == publicNetwork {
		severity, who = Warning, "everyone on the internet, unless a firewall blocks access,"
	}
	return one(Finding{
		Severity: severity, Title: "The endpoint is open: " + who + " can read it",
		Evidence: shown(e.target) + " responded without credentials, on a non-loopback address.",
		Fix: "Serve metrics on a separate port or address that only Prometheus can reach, or require credentials " +
			"(basic_auth, authorization or tls_config in the scrape configuration).",
	})
}
