package doctor

var severalBehind = check{
	id:         "several-processes",
	summary:    "Several processes respond at one address, so counters jump back and forth.",
	severities: []Severity{Error},
	run:        findSeveralProcesses,
}

func findSeveralProcesses(e *examination) []Finding {
	h := e.history()
	if h.verdict() != severalProcesses {
		return nil
	}
	return one(Finding{
		Severity: Error, Title: "Several processes respond at one address",
		Evidence: h.evidence(), Metric: h.firstMetric(),
		Fix: "Every scrape sees one process, and Prometheus interprets each drop as a restart: rates are wrong. " +
			"Workers of one service (Gunicorn, uWSGI, prefork) must share their metrics: use Python's multiprocess mode " +
			"(PROMETHEUS_MULTIPROC_DIR). Scrape instances behind a load balancer by their own addresses.",
	})
}

// firstMetric returns the first counter of the evidence.
func (h history) firstMetric() string {
	if falls := h.byInterest(); len(falls) > 0 {
		return falls[0].family
	}
	return "process_start_time_seconds"
}
