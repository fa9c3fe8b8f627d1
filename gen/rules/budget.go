package rules

import (
	"time"

	"github.com/tacho-go/tacho/schema"
)

func seriesBudgetSpent(Options) alert {
	return alert{
		name:     "TachoSeriesBudgetSpent",
		severity: Warning,
		summary:  `{{ $labels.metric }} of {{ $labels.job }} has reached its series limit.`,
		description: `The metric {{ $labels.metric }} of {{ $labels.job }} has reached its limit of label sets. ` +
			`New routes and statuses are now counted together as __overflow__: totals stay correct, but these requests cannot be told apart. ` +
			`The usual cause is an ID or another unbounded value in a label; ` + schema.Overflow.Name + ` shows which label. ` +
			`Fix the route, or raise the limit if there really are that many routes.`,
		expr: "max by (job, metric) (" + schema.Series.Name + " / " + schema.SeriesLimit.Name + ") >= 1",
		hold: 5 * time.Minute,
	}
}
