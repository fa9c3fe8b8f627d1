package kubernetes

import "github.com/prometheus/prometheus/model/rulefmt"

func prometheusRule(o Options) *object {
	if len(o.Rules) == 0 {
		return nil
	}
	return o.object("PrometheusRule", rulefmt.RuleGroups{Groups: o.Rules})
}
