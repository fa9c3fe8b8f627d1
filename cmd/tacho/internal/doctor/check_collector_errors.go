package doctor

import (
	"fmt"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/tacho-go/tacho/schema"
)

var collectorErrors = check{
	id:         "collector-errors",
	summary:    "The service reports errors while gathering its metrics.",
	severities: []Severity{Warning},
	run:        findCollectorErrors,
}

// errorCounters are the error counters of tacho and of client_golang's handler.
var errorCounters = []struct{ name, label string }{
	{schema.ScrapeErrors.Name, "reason"},
	{"promhttp_metric_handler_errors_total", "cause"},
}

func findCollectorErrors(e *examination) []Finding {
	var found []Finding
	for _, c := range errorCounters {
		e.main.each(c.name, func(set labels.Labels, v float64) {
			if v == 0 {
				return
			}
			found = append(found, Finding{
				Severity: Warning, Title: "Metrics are missing because collectors fail", Metric: c.name,
				Evidence: fmt.Sprintf("%s is %s.", seriesText(set), number(v)),
				Fix:      fmt.Sprintf("The %s is %q; the service's log names the collector. A failing collector loses its own metrics, or fails the whole scrape.", c.label, set.Get(c.label)),
			})
		})
	}
	return found
}
