package doctor

var restarts = check{
	id:         "restarted",
	summary:    "The service restarted during the check.",
	severities: []Severity{Warning},
	run:        findRestart,
}

func findRestart(e *examination) []Finding {
	h := e.history()
	if h.verdict() != restarted {
		return nil
	}
	return one(Finding{
		Severity: Warning, Title: "The service restarted during the check",
		Evidence: h.evidence(), Metric: h.firstMetric(),
		Fix: "If this was not a deployment, the service crashes or reloads: check its log, and resets(process_start_time_seconds[1h]) in " +
			"Prometheus. If it did not restart, several processes respond at one address: run doctor again with more scrapes.",
	})
}
