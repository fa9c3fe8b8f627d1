package rules

import (
	"time"

	"github.com/tacho-go/tacho/schema"
)

func seriesBudgetSpent(Options) alert {
	return alert{
		name:     "TachoSeriesBudgetSpent",
		severity: Warning,
		texts: texts{`{{ $labels.metric }} of {{ $labels.job }} has reached its series limit.`,
			`The metric {{ $labels.metric }} of {{ $labels.job }} has reached its limit of label sets. ` +
				`New routes and statuses are now counted together as __overflow__: totals stay correct, but these requests cannot be told apart. ` +
				`The usual cause is an ID or another unbounded value in a label; ` + schema.Overflow.Name + ` shows which label. ` +
				`Fix the route, or raise the limit if there really are that many routes.`},
		chinese: texts{`{{ $labels.job }} 的 {{ $labels.metric }} 已达到序列上限。`,
			`{{ $labels.job }} 的指标 {{ $labels.metric }} 已达到标签组合数上限。` +
				`新的路由和状态码现在合并计入 __overflow__：总数仍然正确，但无法再区分这些请求。` +
				`常见原因是标签中含有 ID 或其他无界的值；` + schema.Overflow.Name + ` 会指出是哪个标签。` +
				`请修正该路由；如果确实有这么多路由，请提高上限。`},
		expr: "max by (job, metric) (" + schema.Series.Name + " / " + schema.SeriesLimit.Name + ") >= 1",
		hold: 5 * time.Minute,
	}
}
