package doctor

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/tacho-go/tacho/schema"
)

var beyondBuckets = check{
	id:         "beyond-buckets",
	summary:    "More than 5% of a histogram's observations, or of one route's, are above its highest bucket.",
	severities: []Severity{Info, Warning},
	run:        findBeyondBuckets,
}

const (
	// enoughObservations is the minimum number of observations for a share.
	enoughObservations = 100
	// beyondShare is the share at which a 95th percentile is capped. tacho's own
	// hint uses the same limit.
	beyondShare = 0.05
)

func findBeyondBuckets(e *examination) []Finding {
	found, reported := ownHint(e)
	for _, f := range e.main.families {
		if reported[f.name] || e.native(f.name) {
			continue
		}
		groups := f.byRoute()
		for _, g := range append(groups[1:], groups[0]) { // a route is more specific than the total
			if share := g.beyond / g.count; g.count >= enoughObservations && share > beyondShare {
				found = append(found, beyondFinding(f, g, share))
				break
			}
		}
	}
	return found
}

// ownHint reads tacho's metric about its own histograms.
func ownHint(e *examination) (found []Finding, reported map[string]bool) {
	reported = map[string]bool{}
	e.main.each(schema.Beyond.Name, func(set labels.Labels, share float64) {
		metric := set.Get("metric")
		if share <= beyondShare || reported[metric] {
			return
		}
		reported[metric] = true
		found = append(found, Finding{
			Severity: Warning, Title: "The buckets of " + metric + " end too early", Metric: metric,
			Evidence: fmt.Sprintf("%s is %s.", seriesText(set), percent(share)),
			Fix:      "Quantiles are capped at the highest bucket. Set Options.Buckets.Latency, or Options.Buckets.ByRoute for this route only, or Options.NativeHistograms.",
		})
	})
	return found, reported
}

func beyondFinding(f *family, g observations, share float64) Finding {
	severity, where := Warning, ""
	if f.fromLibrary() {
		severity = Info
	}
	if g.route != "" {
		where = fmt.Sprintf(" of %q", g.route)
	}
	evidence := fmt.Sprintf("%s of %s observations%s are above the highest bucket, %s; the mean is %s.",
		percent(share), number(g.count), where, bound(g.highest), number(roundTo3(g.sum/g.count)))
	return Finding{
		Severity: severity, Title: "The buckets of " + f.name + " end too early", Metric: f.name, Evidence: evidence,
		Fix: "Quantiles are capped at the highest bucket: the real 95th percentile can be ten times as high. Add higher buckets, or use " +
			"native histograms. If the mean is implausible for the unit in the name, the values are in another unit.",
	}
}

// observations are the observations of one route of a histogram family, or of all routes.
type observations struct {
	route       string
	count       float64
	beyond      float64
	highest     float64 // finite bound
	sum         float64
	betweenEach map[[2]float64]float64 // observations by lower and upper bound
}

// byRoute sums the histograms of a family: first in total, then per route.
func (f *family) byRoute() []observations {
	all := observations{betweenEach: map[[2]float64]float64{}}
	routes := map[string]*observations{}
	label := firstOf(f.labelNames(), routeLabels)
	for _, h := range f.histograms() {
		if len(h.buckets) < 2 || !h.complete() {
			continue // reported by broken-histogram
		}
		all.add(h)
		if route := h.labels.Get(label); label != "" && route != "" {
			if routes[route] == nil {
				routes[route] = &observations{route: route, betweenEach: map[[2]float64]float64{}}
			}
			routes[route].add(h)
		}
	}
	groups := []observations{all}
	for _, o := range routes {
		groups = append(groups, *o)
	}
	slices.SortFunc(groups[1:], func(a, b observations) int { return int(b.beyond - a.beyond) })
	return groups
}

func (o *observations) add(h histogram) {
	last := len(h.buckets) - 1
	o.count += h.buckets[last].count
	o.beyond += h.buckets[last].count - h.buckets[last-1].count
	o.highest = max(o.highest, h.buckets[last-1].le)
	o.sum += h.sum
	lower, before := 0.0, 0.0
	for _, b := range h.buckets {
		o.betweenEach[[2]float64{lower, b.le}] += b.count - before
		lower, before = b.le, b.count
	}
}
