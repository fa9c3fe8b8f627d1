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
	from   samples

	of     int        // which of the schemas it belongs to
	sparse bool       // no series before its first event
	merges bool       // several label sets of the table can be one of its own
	view   *hist.View // nil, or the bounds that it shows of those that are counted
}

// A samples visits the label sets that a family has now.
type samples func(*scan, *family)

// families are all metric families of a Meter.
type families struct {
	config   familiesConfig
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
	from    samples
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
		kinds: counts, values: outcomes, apart: bySeries, from: requests, minimal: true, bounded: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.Duration },
		kinds: histograms, values: outcomes, apart: bySeries, from: durations, minimal: true, bounded: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.Panics },
		kinds: counts, values: crashes, apart: byRow, from: panics, minimal: true, bounded: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.RequestSize },
		kinds: histograms, values: outcomes, apart: byRow, from: requestSizes, sizes: true, bounded: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.ResponseSize },
		kinds: histograms, values: outcomes, apart: byRow, from: responseSizes, sizes: true, bounded: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.StreamDuration },
		kinds: histograms, values: byRow, apart: byRow, from: lifetimes, bounded: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.InFlight },
		kinds: gauges, values: byKind, apart: byKind, from: inFlight,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.StreamsInFlight },
		kinds: gauges, from: streamsInFlight,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.Info },
		kinds: gauges, values: []schema.Value{schema.Version}, from: info, minimal: true,
	},
}

// selfSlots are what tacho says about itself.
var selfSlots = []struct {
	family schema.Family
	from   samples
}{
	{schema.Series, seriesCount},
	{schema.SeriesLimit, seriesLimit},
	{schema.Overflow, overflows},
	{schema.Beyond, beyond},
	{schema.ScrapeErrors, scrapeErrors},
	{schema.FunctionErrors, functionErrors},
}

func newFamilies(c familiesConfig) *families {
	f := &families{config: c}
	for i, s := range c.schemas {
		if !c.omitHTTP {
			f.addSchema(i, s)
		}
	}
	for _, self := range selfSlots {
		// They keep their names; constant labels tell their Meters apart.
		f.sorted = append(f.sorted, f.newFamily(self.family, c.prefix+self.family.Name, c.selfLabels, nil, self.from))
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

// namesIn returns the names that families and their samples have in OpenMetrics,
// and in text with _created samples, or in the other formats.
func (f *families) namesIn(openMetrics bool) *expo.Names {
	if openMetrics {
		return f.names[1]
	}
	return f.names[0]
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

func (f *families) addSchema(i int, s schema.Schema) {
	c, counted := &f.config, hist.NewBounds(f.config.counted, 1e9)
	for _, slot := range slots {
		described := *slot.of(&s)
		if described.Name == "" || c.minimal && !slot.minimal {
			continue
		}
		constLabels, extras := c.requestLabels, []string(nil)
		if described.Name == s.Info.Name {
			constLabels = c.selfLabels
		}
		if slot.bounded {
			extras = c.extras
		}
		made := f.newFamily(slot.labelled(described, c), c.named(described.Name), constLabels, extras, slot.from)
		made.of, made.sparse = i, s.FromFirst
		made.merges = slot.merges(made, c)
		f.sorted = append(f.sorted, made)
		if slot.bounded {
			f.budgeted = append(f.budgeted, made)
		}
		if made.schema.Name == s.Duration.Name {
			made.view = counted.View(c.buckets[i])
			f.latency = cmp.Or(f.latency, made)
		}
		if described.Name == c.schemas[0].Main().Name {
			f.main = made
		}
	}
	f.latency = cmp.Or(f.latency, f.main)
}

// labelled is a family of the slot with the labels that can be recorded: without
// optional ones that cannot, and by the group in place of the route.
func (s slot) labelled(f schema.Family, c *familiesConfig) schema.Family {
	f.Labels = slices.Clone(f.Labels)
	f.Labels = slices.DeleteFunc(f.Labels, func(l schema.LabelName) bool { return !slices.Contains(s.values, l.Value) })
	for i := range f.Labels {
		if f.Labels[i].Value == schema.Route && c.groupBy != "" {
			f.Labels[i] = schema.LabelName{Name: c.groupBy, Value: schema.Route}
		}
	}
	return f
}

// merges reports whether label sets of the table can become one of the family's.
func (s slot) merges(f *family, c *familiesConfig) bool {
	apart := s.apart
	if s.sizes && c.sizesByStatus {
		apart = bySeries
	}
	for _, v := range apart {
		l, ok := f.schema.Label(v)
		switch {
		case !ok && (v != schema.Scheme || c.schemes):
			return true
		case ok && l.Optional && v == schema.Route:
			return true // unmatched and unknown are one where both are left out
		}
	}
	return false
}

// checkSchema calls f for each family of a schema that stands where families are
// recorded, with what is wrong with it, or nil.
func checkSchema(s schema.Schema, f func(schema.Family, error)) {
	for _, slot := range slots {
		if family := *slot.of(&s); family.Name != "" {
			f(family, slot.refuses(family))
		}
	}
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

// newFamily makes a family of a schema's.
func (all *families) newFamily(f schema.Family, name string, constLabels map[string]string, extras []string, from samples) *family {
	var labels []expo.Label
	for _, l := range f.Labels {
		made := expo.Label{Name: l.Name, Value: l.Value}
		if l.Optional {
			made.Omit = []string{""}
			if l.Value == schema.Route {
				made.Omit = append(made.Omit, all.config.unnamed...)
			}
		}
		labels = append(labels, made)
	}
	for i, l := range extras {
		labels = append(labels, expo.ExtraLabel(l, i))
	}
	clean := map[string]string{}
	for k, v := range constLabels {
		clean[k] = labelvalue.Clean(v)
	}
	return &family{Family: expo.NewFamily(name, names.Help(f.Help), f.Kind, labels, clean), schema: f, from: from}
}
