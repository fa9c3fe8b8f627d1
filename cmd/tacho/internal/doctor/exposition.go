package doctor

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	promhistogram "github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
)

// An exposition is one parsed response of the endpoint.
type exposition struct {
	format   string // from the Content-Type, in words
	families []*family
	byName   map[string]*family

	series     int
	exemplars  int
	timestamps []string // series with a timestamp; the first few
	stamped    int      // number of series with a timestamp
	duplicates []string // duplicate series; the first few
	doubled    int      // number of duplicates

	typeError  error      // Prometheus rejects the Content-Type
	parseError *lineError // where Prometheus stops
}

// A lineError is a parse error with its position. Line is 0 for formats without lines
// (protobuf).
type lineError struct {
	Line int
	Text string
	Err  error
}

// A family is a metric with all its series.
type family struct {
	name    string // as in queries: an OpenMetrics counter with _total
	kind    model.MetricType
	help    string
	hasHelp bool
	types   int // number of TYPE lines
	helps   int
	samples []sample

	labelSets []labels.Labels // see sets
}

// A sample is a line of the exposition.
type sample struct {
	name   string
	labels labels.Labels // with the name
	value  float64
	native bool                          // a native histogram; value is its count
	spread *promhistogram.FloatHistogram // for native histograms
}

// sets returns the label sets of the family without the name, le and quantile: one per
// histogram or summary.
func (f *family) sets() []labels.Labels {
	if f.labelSets != nil || len(f.samples) == 0 {
		return f.labelSets
	}
	seen := map[uint64]bool{}
	var scratch []byte
	var hash uint64
	for _, s := range f.samples {
		hash, scratch = s.labels.HashWithoutLabels(scratch, structural...)
		if !seen[hash] {
			seen[hash] = true
			f.labelSets = append(f.labelSets, s.labels.MatchLabels(false, withName...))
		}
	}
	return f.labelSets
}

// structural labels belong to the format, not to the service. They are sorted, as
// HashWithoutLabels requires (it always excludes the name).
var (
	structural = []string{labels.BucketLabel, "quantile"}
	withName   = []string{model.MetricNameLabel, labels.BucketLabel, "quantile"}
)

// labelNames returns the sorted names of all labels of the series.
func (f *family) labelNames() []string {
	names := map[string]bool{}
	for _, set := range f.sets() {
		set.Range(func(l labels.Label) { names[l.Name] = true })
	}
	return slices.Sorted(maps.Keys(names))
}

// values returns the number of label sets per value of a label.
func (f *family) values(label string) map[string]int {
	counts := map[string]int{}
	for _, set := range f.sets() {
		if v := set.Get(label); v != "" {
			counts[v]++
		}
	}
	return counts
}

// seriesCount returns the number of series that Prometheus stores for the family.
func (f *family) seriesCount() int { return len(f.samples) }

// isInfo reports whether only the labels of the family carry information.
func (f *family) isInfo() bool {
	return f.kind == model.MetricTypeInfo || strings.HasSuffix(f.name, "_info")
}

// A histogram is one label set of a classic histogram family.
type histogram struct {
	labels  labels.Labels
	buckets []bucket // by bound
	count   float64
	sum     float64
	counted bool // has _count
	summed  bool // has _sum
}

// A bucket is cumulative, as in the exposition.
type bucket struct{ le, count float64 }

func (h histogram) complete() bool {
	return len(h.buckets) > 0 && math.IsInf(h.buckets[len(h.buckets)-1].le, +1)
}

// histograms returns the classic histograms of a family.
func (f *family) histograms() []histogram {
	if f.kind != model.MetricTypeHistogram {
		return nil
	}
	found := map[uint64]*histogram{}
	var order []*histogram
	var scratch []byte
	var hash uint64
	for _, s := range f.samples {
		if s.native {
			continue
		}
		hash, scratch = s.labels.HashWithoutLabels(scratch, labels.BucketLabel)
		h := found[hash]
		if h == nil {
			h = &histogram{labels: s.labels.MatchLabels(false, withName...)}
			found[hash], order = h, append(order, h)
		}
		h.add(s, f.name)
	}
	all := make([]histogram, len(order))
	for i, h := range order {
		slices.SortFunc(h.buckets, func(a, b bucket) int { return cmp.Compare(a.le, b.le) })
		all[i] = *h
	}
	return all
}

func (h *histogram) add(s sample, family string) {
	switch strings.TrimPrefix(s.name, family) {
	case "_bucket":
		if le, err := strconv.ParseFloat(s.labels.Get(labels.BucketLabel), 64); err == nil {
			h.buckets = append(h.buckets, bucket{le, s.value})
		}
	case "_count":
		h.count, h.counted = s.value, true
	case "_sum":
		h.sum, h.summed = s.value, true
	}
}

// counters calls visit for every sample that may only increase: counters, and the counts
// of histograms and summaries.
func (x *exposition) counters(visit func(f *family, s sample)) {
	for _, f := range x.families {
		for _, s := range f.samples {
			if f.onlyRises(s) {
				visit(f, s)
			}
		}
	}
}

func (f *family) onlyRises(s sample) bool {
	switch f.kind {
	case model.MetricTypeCounter:
		return !strings.HasSuffix(s.name, "_created")
	case model.MetricTypeHistogram:
		return !s.native && strings.HasSuffix(s.name, "_count")
	case model.MetricTypeSummary:
		return strings.HasSuffix(s.name, "_count")
	}
	return false
}
