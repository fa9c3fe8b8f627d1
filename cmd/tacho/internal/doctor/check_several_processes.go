package doctor

var severalBehind = check{
	id:    "several-processes",
	looks: "Several processes answer in turn behind one address, so that counters jump back and forth.",
	gives: []Severity{Error},
	run:   findSeveralProcesses,
}

func findSeveralProcesses(e *examination) []Finding {
	h := e.history()
	if h.verdict() != severalProcesses {
		return nil
	}
	return one(Finding{
		Severity: Error, Title: "Several processes answer behind one address",
		Evidence: h.evidence(), Metric: h.firstMetric(),
		Cure: "Every scrape sees one process, and Prometheus takes each drop for a restart: rates are wrong. " +
			"Workers of one service (Gunicorn, uWSGI, prefork) need metrics that they share: Python's multiprocess mode " +
			"(PROMETHEUS_MULTIPROC_DIR). Instances behind a load balancer are scraped each by its own address.",
	})
}

// firstMetric is the counter that the evidence tells of first.
func (h history) firstMetric() string {
	if falls := h.byInterest(); len(falls) > 0 {
		return falls[0].family
	}
	return "process_start_time_seconds"
}
