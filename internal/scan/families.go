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

// A Family is a metric family of a schema as it is exported: its name has the namespace, and its
// labels include the constant ones.
type Family struct {
	*expo.Family
	schema schema.Family
	from   samples

	of     int        // the index of its schema
	sparse bool       // no series before its first event
	merges bool       // several label sets of the store can become one
	view   *hist.View // reduces the counted bounds to its own; nil keeps them
}

// samples visit the present label sets of a family.
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

// A slot is a family's place in a schema, and what can be recorded there.
type slot struct {
	of      func(*schema.Schema) *schema.Family
	kinds   []schema.Kind
	values  []schema.Value // possible label values
	apart   []schema.Value // values whose absence merges label sets of the store
	from    samples
	minimal bool // also with Options.Minimal
	limited bool // its label sets depend on requests and count against the limit
	sizes   bool // its label sets may be those of series
}

var (
	counts     = []schema.Kind{schema.Counter}
	gauges     = []schema.Kind{schema.Gauge}
	histograms = []schema.Kind{schema.Histogram, schema.Summary}

	outcomes      = []schema.Value{schema.Method, schema.Route, schema.Status, schema.StatusClass, schema.Scheme, schema.ErrorType}
	byMethod      = []schema.Value{schema.Method, schema.Scheme}
	byRouteMethod = []schema.Value{schema.Method, schema.Route, schema.Scheme}
	bySeries      = []schema.Value{schema.Method, schema.Route, schema.Scheme, schema.Status}
	crashes       = []schema.Value{schema.Method, schema.Route, schema.Scheme, schema.Status}
)

// slots are everything that can be recorded about a service's requests.
var slots = []slot{
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.Requests },
		kinds: counts, values: outcomes, apart: bySeries, from: requests, minimal: true, limited: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.Duration },
		kinds: histograms, values: outcomes, apart: bySeries, from: durations, minimal: true, limited: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.Panics },
		kinds: counts, values: crashes, apart: byRouteMethod, from: panics, minimal: true, limited: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.RequestSize },
		kinds: histograms, values: outcomes, apart: byRouteMethod, from: requestSizes, sizes: true, limited: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.ResponseSize },
		kinds: histograms, values: outcomes, apart: byRouteMethod, from: responseSizes, sizes: true, limited: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.StreamDuration },
		kinds: histograms, values: byRouteMethod, apart: byRouteMethod, from: lifetimes, limited: true,
	},
	{
		of:    func(s *schema.Schema) *schema.Family { return &s.InFlight },
		kinds: gauges, values: byMethod, apart: byMethod, from: inFlight,
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

// selfSlots are the self-metrics.
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

// New returns the families of a Meter.
func New(c Config) *Families {
	f := &Families{config: c}
	for i, s := range c.Schemas {
		if !c.OmitHTTP {
			f.addSchema(i, s)
		}
	}
	for _, self := range selfSlots {
		// Their names do not change; constant labels distinguish their Meters.
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

// Names returns the names of families and their samples in OpenMetrics and in text with _created
// samples, or in the other formats.
func (f *Families) Names(openMetrics bool) *expo.Names {
	if openMetrics {
		return f.names[1]
	}
	return f.names[0]
}

// Has reports whether a family has the name.
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
		if slot.limited {
			extras = c.Extras
		}
		made := f.newFamily(slot.labelled(described, c), c.named(described.Name), constLabels, extras, slot.from)
		made.of, made.sparse = i, s.FromFirst
		made.merges = slot.merges(made, c)
		f.Sorted = append(f.Sorted, made)
		if slot.limited {
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

// labelled returns a family of the slot with the labels that can be recorded: without optional ones
// that cannot, and with the group in place of the route.
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

// merges reports whether several label sets of the store can become one of the family's.
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
			return true // unmatched and unknown become one if both are omitted
		}
	}
	return false
}

// Check calls f for each family of a schema in a slot, with the reason why it is invalid, or nil.
func Check(s schema.Schema, f func(schema.Family, error)) {
	for _, slot := range slots {
		if family := *slot.of(&s); family.Name != "" {
			f(family, slot.refuses(family))
		}
	}
}

// refuses returns why a family cannot be recorded in a slot.
func (s slot) refuses(f schema.Family) error {
	if !slices.Contains(s.kinds, f.Kind) {
		return fmt.Errorf("it is a %s; only %v can be recorded there", f.Kind, s.kinds)
	}
	if f.Exponent() != 0 {
		return fmt.Errorf("it is in %s; only seconds can be recorded there", f.Unit)
	}
	for _, l := range f.Labels {
		if l.Join != nil {
			return fmt.Errorf("its label %s is a part of the route; only the whole route can be recorded", l.Name)
		}
		if !l.Optional && !slices.Contains(s.values, l.Value) {
			return fmt.Errorf("its label %s carries what tacho does not record there", l.Name)
		}
	}
	return nil
}

// newFamily returns the exported family for one of a schema.
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
