package doctor

var openEndpoint = check{
	id:    "open-endpoint",
	looks: "Anybody who reaches the address can read the metrics: no credentials are asked for.",
	gives: []Severity{Info, Warning},
	run:   findOpenEndpoint,
}

// In a private network an open endpoint is usual; on the internet it tells
// strangers routes, versions and traffic.
func findOpenEndpoint(e *examination) []Finding {
	if !e.open {
		return nil
	}
	severity, who := Info, "everybody in this network"
	if e.near == publicNetwork {
		severity, who = Warning, "everybody on the internet, unless a firewall stands before it,"
	}
	return one(Finding{
		Severity: severity, Title: "The endpoint is open: " + who + " can read it",
		Evidence: shown(e.target) + " answered without credentials, on an address that is not loopback.",
		Cure: "Serve metrics on a port or an address of their own that only Prometheus reaches, or ask for credentials " +
			"(basic_auth, authorization or tls_config in the scrape configuration).",
	})
}
