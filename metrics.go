package tacho

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/names"
	"github.com/tacho-go/tacho/schema"
)

// A family is one of the schemas' metric families as this Meter exports it:
// with the namespace in its name and the constant labels among its labels.
type family struct {
	*expo.Family
	schema schema.Family
	source source

	of     int        // which of the schemas it belongs to
	sparse bool       // no series before its first event
	merges bool       // several label sets of the table can be one of its own
	view   *hist.View // nil, or the bounds that it shows of those that are counted
}

// A source visits the label sets that a family has now.
type source func(*scan, *family)

// families are all metric families of a Meter.
type families struct {
	main     *family // counts requests by outcome; nil with Options.OmitHTTP
	latency  *family // the first schema's Duration, or main
	budgeted []*family
	sorted   []*family      // by name
	names    [2]*expo.Names // the names they use in text and protobuf, and in OpenMetrics
}

// A slot is a place in a schema for a family, and what can be recorded there.
type slot struct {
	of      func(*schema.Schema) *schema.Family
	kinds   []schema.Kind
	values  []schema.Value // that labels can carry
	apart   []schema.Value // without which label sets of the table become one
	source  source
	minimal bool // there with Options.Minimal, too
	bounded bool // its label sets depend on requests
	sizes   bool // its label sets may be those of series
}

var (
	counts     = []schema.Kind{schema.Counter}
	gauges     = []schema.Kind{schema.Gauge}
	histograms = []schema.Kind{schema.Histogram, schema.Summary}

	outcomes = []schema.Value{schema.Method, schema.Route, schema.Status, schema.StatusClass, schema.Scheme, schema.ErrorType}
	byKind   = []schema.Value{schema.Method, schema.Scheme}
	byRow    = []schema.Value{schema.Method, schema.Route, schema.Scheme}
	bySeries = []schema.Value{schema.Method, schema.Route, schema.Scheme, schema.Status}
	crashes  = []schema.Value{schema.Method, schema.Route, schema.Scheme, schema.Status}
)

// slots are all that can be recorded of the requests of a service.
var slots = []slot{
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.Requests },
		kinds: counts, values: outcomes, apart: bySeries, source: requests, minimal: true, bounded: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.Duration },
		kinds: histograms, values: outcomes, apart: bySeries, source: durations, minimal: true, bounded: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.Panics },
		kinds: counts, values: crashes, apart: byRow, source: panics, minimal: true, bounded: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.RequestSize },
		kinds: histograms, values: outcomes, apart: byRow, source: requestSizes, sizes: true, bounded: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.ResponseSize },
		kinds: histograms, values: outcomes, apart: byRow, source: responseSizes, sizes: true, bounded: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.StreamDuration },
		kinds: histograms, values: byRow, apart: byRow, source: lifetimes, bounded: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.InFlight },
		kinds: gauges, values: byKind, apart: byKind, source: inFlight,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.StreamsInFlight },
		kinds: gauges, source: streamsInFlight,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.Info },
		kinds: gauges, values: []schema.Value{schema.Version}, source: info, minimal: true,
	},
}

// selfSlots are what tacho says about itself.
var selfSlots = []struct {
	family schema.Family
	source source
}{
	{schema.Series, seriesCount},
	{schema.SeriesLimit, seriesLimit},
	{schema.Overflow, overflows},
	{schema.Beyond, beyond},
	{schema.ScrapeErrors, scrapeErrors},
	{schema.FunctionErrors, functionErrors},
}

func newFamilies(o *Options) families {
	var f families
	for i, s := range o.allSchemas() {
		if !o.OmitHTTP {
			f.addSchema(o, i, s)
		}
	}
	for _, self := range selfSlots {
		// They keep their names; constant labels tell their Meters apart.
		f.sorted = append(f.sorted, newFamily(self.family, o.wrapped.Prefix+self.family.Name, o.wrapped.labels(o.ConstLabels), nil, self.source))
	}
	slices.SortFunc(f.sorted, func(a, b *family) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(f.budgeted, func(a, b *family) int { return strings.Compare(a.Name, b.Name) })
	f.names = [2]*expo.Names{expo.NewNames(false), expo.NewNames(true)}
	for _, own := range f.sorted {
		for _, set := range f.names {
			set.Add(own.Name, own.Kind)
		}
	}
	return f
}

// among reports whether one of them is among others, perhaps under a prefix that a
// wrapper around the registry puts before it.
func (f *families) among(others []*dto.MetricFamily) bool {
	return slices.ContainsFunc(others, func(o *dto.MetricFamily) bool {
		return slices.ContainsFunc(f.sorted, func(own *family) bool { return strings.HasSuffix(o.GetName(), own.Name) })
	})
}

// has reports whether one of them has the name.
func (f *families) has(name string) bool {
	_, found := slices.BinarySearchFunc(f.sorted, name, func(f *family, name string) int { return strings.Compare(f.Name, name) })
	return found
}

func (f *families) addSchema(o *Options, i int, s schema.Schema) {
	ladder := hist.NewBounds(o.allBuckets(), 1e9)
	for _, slot := range slots {
		described := *slot.of(&s)
		if described.Name == "" || o.Minimal && !slot.minimal {
			continue
		}
		constLabels := o.constLabels()
		if described.Name == s.Info.Name {
			constLabels = o.ConstLabels // it says something of tacho, not of requests
		}
		var extras []Label
		if slot.bounded {
			extras = o.dynamicLabels()
		}
		made := newFamily(slot.labelled(described, o), o.wrapped.Prefix+o.named(described.Name), o.wrapped.labels(constLabels), extras, slot.source)
		made.of, made.sparse = i, s.FromFirst
		if slot.bounded {
			f.budgeted = append(f.budgeted, made)
		}
		made.merges = slot.merges(made, o)
		f.sorted = append(f.sorted, made)
		switch made.schema.Name {
		case s.Duration.Name:
			made.view = ladder.View(o.bucketsOf(s))
			f.latency = cmp.Or(f.latency, made)
		}
		if described.Name == o.Schema.Main().Name {
			f.main = made
		}
	}
	f.latency = cmp.Or(f.latency, f.main)
}

// labelled is a family of the slot with the labels that can be recorded: without
// optional ones that cannot, and by the group in place of the route.
func (s slot) labelled(f schema.Family, o *Options) schema.Family {
	f.Labels = slices.Clone(f.Labels)
	f.Labels = slices.DeleteFunc(f.Labels, func(l schema.LabelName) bool { return !slices.Contains(s.values, l.Value) })
	for i := range f.Labels {
		if f.Labels[i].Value == schema.Route && o.GroupBy.Func != nil {
			f.Labels[i] = schema.LabelName{Name: o.GroupBy.Name, Value: schema.Route}
		}
	}
	return f
}

// merges reports whether label sets of the table can become one of the family's.
func (s slot) merges(f *family, o *Options) bool {
	apart := s.apart
	if s.sizes && o.sizesApart() {
		apart = bySeries
	}
	for _, v := range apart {
		l, ok := f.schema.Label(v)
		switch {
		case !ok && (v != schema.Scheme || o.tellsScheme()):
			return true
		case ok && l.Optional && v == schema.Route:
			return true // unmatched and unknown are one where both are left out
		}
	}
	return false
}

// refuses says why a family cannot be recorded in a slot.
func (s slot) refuses(f schema.Family) error {
	if !slices.Contains(s.kinds, f.Kind) {
		return fmt.Errorf("it is a %s; only %v can be recorded there", f.Kind, s.kinds)
	}
	for _, l := range f.Labels {
		if !l.Optional && !slices.Contains(s.values, l.Value) {
			return fmt.Errorf("its label %s carries what tacho does not record there", l.Name)
		}
	}
	return nil
}

// newFamily makes a family of a schema's. The extra labels are those of
// Options.Labels that are computed.
func newFamily(f schema.Family, name string, constLabels map[string]string, extras []Label, from source) *family {
	var labels []expo.Label
	for _, l := range f.Labels {
		made := expo.Label{Name: l.Name, Value: l.Value}
		if l.Optional {
			made.Omit = []string{""}
			if l.Value == schema.Route {
				made.Omit = append(made.Omit, Unmatched, Unknown)
			}
		}
		labels = append(labels, made)
	}
	for i, l := range extras {
		labels = append(labels, expo.ExtraLabel(l.Name, i))
	}
	clean := map[string]string{}
	for k, v := range constLabels {
		clean[k] = labelvalue.Clean(v)
	}
	return &family{Family: expo.NewFamily(name, names.Help(f.Help), f.Kind, labels, clean), schema: f, source: from}
}
