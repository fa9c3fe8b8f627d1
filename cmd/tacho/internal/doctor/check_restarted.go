package doctor

var restarts = check{
	id:    "restarted",
	looks: "The service restarted while it was examined.",
	gives: []Severity{Warning},
	run:   findRestart,
}

func findRestart(e *examination) []Finding {
	h := e.history()
	if h.verdict() != restarted {
		return nil
	}
	return one(Finding{
		Severity: Warning, Title: "The service restarted while it was examined",
		Evidence: h.evidence(), Metric: h.firstMetric(),
		Cure: "If nobody deployed, it crashes or reloads: see its log, and resets(process_start_time_seconds[1h]) in Prometheus. " +
			"If it did not restart, several processes answer behind one address: examine it again with more scrapes.",
	})
}
