package rules

import (
	"time"

	"github.com/tacho-go/tacho/schema"
)

func seriesBudgetSpent(Options) alert {
	return alert{
		name:     "TachoSeriesBudgetSpent",
		severity: Warning,
		summary:  `{{ $labels.metric }} of {{ $labels.job }} has used up its series.`,
		description: `The metric {{ $labels.metric }} of {{ $labels.job }} has as many label sets as it may have. ` +
			`New routes and statuses are counted together as __overflow__ from now on: nothing is lost from the totals, but they cannot be told apart. ` +
			`Usually an id or another unbounded value has got into a label; ` + schema.Overflow.Name + ` says which label. ` +
			`Mend the route, or raise the limit if the routes are really that many.`,
		expr: "max by (job, metric) (" + schema.Series.Name + " / " + schema.SeriesLimit.Name + ") >= 1",
		hold: 5 * time.Minute,
	}
}
