package rules

import (
	"strings"
	"time"

	"github.com/tacho-go/tacho/schema"
)

// panics fires at once: a panic is a bug, whatever its ratio.
func panics(o Options) alert {
	return alert{
		name:     "TachoPanics",
		severity: Warning,
		summary:  `A handler of {{ $labels.job }} panics.`,
		description: `Panics, or exceptions that nobody caught, in {{ $labels.path }} of {{ $labels.job }}: about ` +
			`{{ $value | printf "%.0f" }} in the last ` + promQL(o.panicSpan()) + `. Each was a request that failed because of a bug. ` +
			`The stack trace in the service's log names the line.`,
		expr: panicked(o),
	}
}

// panicked is the increase of every schema's panic counter, by route.
func panicked(o Options) string {
	var all []string
	for _, s := range o.Schemas {
		if s.Panics.Name != "" {
			all = append(all, byPath(s.Panics, increased(series(s.Panics.Name, matchers(s.Select(s.Panics, o.Schemas))), o.panicSpan())))
		}
	}
	return strings.Join(all, "\nor\n")
}

// panicSpan covers four scrapes: panics are counted in scraped series, not in recorded ones.
func (o Options) panicSpan() time.Duration { return max(o.lookBack(), 4*o.slowest()) }

// increased is by how much each series grew. Most panic counters appear with the first panic, at
// 1, and increase does not see that. So a new series counts with its value if its target existed
// before; a new target may have panicked long ago.
func increased(series string, span time.Duration) string {
	s := promQL(span)
	return "(\n    increase(" + series + "[" + s + "]) > 0\n" +
		"    or\n    (" + series + " > 0 unless " + series + " offset " + s + ") and on (job, instance) up offset " + s + " == 1\n  )"
}

// byPath sums by route, under the label path.
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
