package doctor

import (
	"fmt"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/tacho-go/tacho/schema"
)

var collectorErrors = check{
	id:    "collector-errors",
	looks: "The service itself counts errors in gathering its metrics.",
	gives: []Severity{Warning},
	run:   findCollectorErrors,
}

// errorCounters are those of tacho and of client_golang's handler.
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
				Cure:     fmt.Sprintf("The %s %q says why; the log of the service names the collector. A failing collector costs its own metrics, or the whole scrape.", c.label, set.Get(c.label)),
			})
		})
	}
	return found
}
