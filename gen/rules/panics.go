package rules

import (
	"strings"
	"time"

	"github.com/tacho-go/tacho/schema"
)

// panics fires at once: a panic is a bug, whatever the share of requests.
func panics(o Options) alert {
	return alert{
		name:     "TachoPanics",
		severity: Warning,
		texts: texts{`A handler of {{ $labels.job }} panicked.`,
			`Panics or uncaught exceptions in {{ $labels.path }} of {{ $labels.job }} in the last ` + promQL(o.panicSpan()) + `: ` +
				`about {{ $value | printf "%.0f" }}. Each is a request that failed because of a bug. ` +
				`The stack trace in the service's log shows the line.`},
		chinese: texts{`{{ $labels.job }} 的处理函数发生了 panic。`,
			`最近 ` + promQL(o.panicSpan()) + ` 内，{{ $labels.job }} 的 {{ $labels.path }} 发生 panic 或未捕获的异常约 {{ $value | printf "%.0f" }} 次。` +
				`每次都是一个因程序缺陷而失败的请求。服务日志中的堆栈会指出是哪一行。`},
		expr: panicked(o),
	}
}

// panicked is the increase of each schema's panic counter, by route.
func panicked(o Options) string {
	var all []string
	for _, s := range o.Schemas {
		if s.Panics.Name != "" {
			all = append(all, byPath(s.Panics, increased(series(s.Panics.Name, matchers(s.Select(s.Panics, o.Schemas))), o.panicSpan())))
		}
	}
	return strings.Join(all, "\nor\n")
}

// panicSpan covers four scrapes: panics are counted in scraped series, not in
// recorded ones.
func (o Options) panicSpan() time.Duration { return max(o.lookBack(), 4*o.slowest()) }

// increased is the increase of each series. Most panic counters are created by
// the first panic, at 1, which increase does not see. So a new series counts by its
// value if its target was scraped before; a new target may have panicked long ago.
func increased(series string, span time.Duration) string {
	s := promQL(span)
	return "(\n    increase(" + series + "[" + s + "]) > 0\n" +
		"    or\n    (" + series + " > 0 unless " + series + " offset " + s + ") and on (job, instance) up offset " + s + " == 1\n  )"
}

// byPath sums by the route, under the name path.
func byPath(f schema.Family, expr string) string {
	route, ok := f.Label(schema.Route)
	if !ok {
		return "sum by (job, path) (label_replace(\n  " + expr + `, "path", "unknown", "path", ""))`
	}
	if route.Name != "path" {
		expr = "label_replace(" + expr + `, "path", "$1", "` + route.Name + `", "(.*)")`
	}
	return "sum by (job, path) (\n  " + expr + "\n)"
}
