package rules

import (
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
)

// kinds are all alerts, in output order.
var kinds = []func(Options) alert{
	errorRatioHigh, latencyHigh, trafficGone, scrapeFailing,
	panics, ratesMissing, seriesBudgetSpent, storageDamaged, storageFull,
}

// Alerts returns the alerting rules. They need the rules of [Recording] with
// the same options.
func Alerts(o Options) rulefmt.RuleGroup {
	o = o.filled()
	group := rulefmt.RuleGroup{Name: "tacho-alerts", Interval: model.Duration(o.Interval)}
	for _, kind := range kinds {
		if a := kind(o); a.expr != "" {
			group.Rules = append(group.Rules, a.rule(o))
		}
	}
	return group
}
