package grafana

import (
	"strings"

	"github.com/tacho-go/tacho/gen/live"
	"github.com/tacho-go/tacho/schema"
)

// own shows the service's own metrics, one panel for each.
var own = board{
	name: "own", title: "Own metrics", about: "What the service measures besides its requests.",
	panels: func(n naming) (all []panel) {
		for _, f := range n.Live.In(live.Own) {
			if !strings.HasSuffix(f.Name, "_info") && f.Series > 0 {
				all = append(all, ownPanel(f))
			}
		}
		return all
	},
}

// ownPanel draws a family by its type: the rate of a counter, the value of a gauge, and quantiles or the mean.
func ownPanel(f live.Family) panel {
	p := panel{title: f.Name, description: f.Help, unit: unitOf(f.Name)}
	if p.description == "" {
		p.description = "The service does not explain this metric."
	}
	by, legend := f.Labels, legendOf(f.Labels)
	switch f.Kind {
	case schema.Counter:
		p.unit = rateUnits[p.unit]
		p.queries = func(naming) []query { return one(sum(rate(f.Name), by...), legend) }
	case schema.Histogram, schema.Summary:
		p.queries = func(n naming) []query {
			asFamily := schema.Family{Name: f.Name, Kind: f.Kind}
			if f.Kind == schema.Summary {
				return one(n.mean(asFamily, by...), "mean "+legend)
			}
			return []query{{n.quantile("0.5", asFamily, by...), "p50 " + legend}, {n.quantile("0.95", asFamily, by...), "p95 " + legend}}
		}
	default:
		p.queries = func(naming) []query { return one(sum(selector(f.Name), by...), legend) }
	}
	return p
}

// rateUnits are the units of a counter's rate, by the unit of the counter.
var rateUnits = map[string]string{"s": "percentunit", "bytes": "Bps", "percentunit": "percentunit", "short": "ops"}

// unitOf is Grafana's unit for the unit in a name.
func unitOf(name string) string {
	name = strings.TrimSuffix(name, "_total")
	for suffix, unit := range map[string]string{"_seconds": "s", "_bytes": "bytes", "_ratio": "percentunit"} {
		if strings.HasSuffix(name, suffix) {
			return unit
		}
	}
	return "short"
}

func legendOf(labels []string) string {
	var words []string
	for _, l := range labels {
		words = append(words, "{{"+l+"}}")
	}
	if len(words) == 0 {
		return "all"
	}
	return strings.Join(words, " ")
}
