package slo

import "github.com/prometheus/prometheus/promql/parser"

// The alerts. Each has a page in docs/alerts.
const (
	BurnAlert    = "TachoSLOBudgetBurn"
	MissingAlert = "TachoSLOMetricMissing"
)

var promQL = parser.NewParser(parser.Options{})

func merged(all ...map[string]string) map[string]string {
	var into map[string]string
	for _, m := range all {
		for k, v := range m {
			if into == nil {
				into = map[string]string{}
			}
			into[k] = v
		}
	}
	return into
}
