package scan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/names"
	"github.com/tacho-go/tacho/schema"
)

// A Family is a metric family of a schema, as it is exported: with the namespace in
// its name and the constant labels among its labels.
type Family struct {
	*expo.Family
	schema schema.Family
	from   samples

	of     int        // which of the schemas it belongs to
	sparse bool       // no series before its first event
	merges bool       // several label sets of the store can be one of its own
	view   *hist.View // nil, or the bounds that it shows of those that are counted
}

// samples visit the label sets that a family has now.
type samples func(*Scan, *Family)

// Families are all metric families of a Meter.
type Families struct {
	config   Config
	main     *Family // counts requests by outcome; nil with Options.OmitHTTP
	latency  *Family // the first schema's Duration, or main
	Budgeted []*Family
	Sorted   []*Family      // by name
	names    [2]*expo.Names // the names they use in text and protobuf, and in OpenMetrics
}

// A slot is a place in a schema for a family, and what can be recorded there.
type slot struct {
	of      func(*schema.Schema) *schema.Family
	kinds   []schema.Kind
	values  []schema.Value // that labels can carry
	apart   []schema.Value // without which label sets of the store become one
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

// New makes the families of a Meter.
func New(c Config) *Families {
	f := &Families{config: c}
	for i, s := range c.Schemas {
		if !c.OmitHTTP {
			f.addSchema(i, s)
		}
	}
	for _, self := range selfSlots {
		// They keep their names; constant labels tell their Meters apart.
		f.Sorted = append(f.Sorted, f.newFamily(self.family, c.Prefix+self.family.Name, c.SelfLabels, nil, self.from))
	}
	slices.SortFunc(f.Sorted, func(a, b *Family) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(f.Budgeted, func(a, b *Family) int { return strings.Compare(a.Name, b.Name) })
	f.names = [2]*expo.Names{expo.NewNames(false), expo.NewNames(true)}
	for _, own := range f.Sorted {
		for _, set := range f.names {
			set.Add(own.Name, own.Kind)
		}
	}
	return f
}

// Names returns the names that families and their samples have in OpenMetrics,
// and in text with _created samples, or in the other formats.
func (f *Families) Names(openMetrics bool) *expo.Names {
	if openMetrics {
		return f.names[1]
	}
	return f.names[0]
}

// Has reports whether one of them has the name.
func (f *Families) Has(name string) bool {
	_, found := slices.BinarySearchFunc(f.Sorted, name, func(f *Family, name string) int { return strings.Compare(f.Name, name) })
	return found
}

func (f *Families) addSchema(i int, s schema.Schema) {
	c, counted := &f.config, hist.NewBounds(f.config.Counted, 1e9)
	for _, slot := range slots {
		described := *slot.of(&s)
		if described.Name == "" || c.Minimal && !slot.minimal {
			continue
		}
		constLabels, extras := c.RequestLabels, []string(nil)
		if described.Name == s.Info.Name {
			constLabels = c.SelfLabels
		}
		if slot.bounded {
			extras = c.Extras
		}
		made := f.newFamily(slot.labelled(described, c), c.named(described.Name), constLabels, extras, slot.from)
		made.of, made.sparse = i, s.FromFirst
		made.merges = slot.merges(made, c)
		f.Sorted = append(f.Sorted, made)
		if slot.bounded {
			f.Budgeted = append(f.Budgeted, made)
		}
		if made.schema.Name == s.Duration.Name {
			made.view = counted.View(c.Buckets[i])
			f.latency = cmp.Or(f.latency, made)
		}
		if described.Name == c.Schemas[0].Main().Name {
			f.main = made
		}
	}
	f.latency = cmp.Or(f.latency, f.main)
}

// labelled is a family of the slot with the labels that can be recorded: without
// optional ones that cannot, and by the group in place of the route.
func (s slot) labelled(f schema.Family, c *Config) schema.Family {
	f.Labels = slices.Clone(f.Labels)
	f.Labels = slices.DeleteFunc(f.Labels, func(l schema.LabelName) bool { return !slices.Contains(s.values, l.Value) })
	for i := range f.Labels {
		if f.Labels[i].Value == schema.Route && c.GroupBy != "" {
			f.Labels[i] = schema.LabelName{Name: c.GroupBy, Value: schema.Route}
		}
	}
	return f
}

// merges reports whether label sets of the store can become one of the family's.
func (s slot) merges(f *Family, c *Config) bool {
	apart := s.apart
	if s.sizes && c.SizesByStatus {
		apart = bySeries
	}
	for _, v := range apart {
		l, ok := f.schema.Label(v)
		switch {
		case !ok && (v != schema.Scheme || c.Schemes):
			return true
		case ok && l.Optional && v == schema.Route:
			return true // unmatched and unknown are one where both are left out
		}
	}
	return false
}

// Check calls f for each family of a schema that stands where families are
// recorded, with what is wrong with it, or nil.
func Check(s schema.Schema, f func(schema.Family, error)) {
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
func (all *Families) newFamily(f schema.Family, name string, constLabels map[string]string, extras []string, from samples) *Family {
	var labels []expo.Label
	for _, l := range f.Labels {
		made := expo.Label{Name: l.Name, Value: l.Value}
		if l.Optional {
			made.Omit = []string{""}
			if l.Value == schema.Route {
				made.Omit = append(made.Omit, all.config.Unnamed...)
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
	return &Family{Family: expo.NewFamily(name, names.Help(f.Help), f.Kind, labels, clean), schema: f, from: from}
}
