package tacho

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/internal/index"
	"github.com/tacho-go/tacho/internal/labelset"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/names"
	"github.com/tacho-go/tacho/schema"
)

// A CounterOf is one of your own counters. Its labels are the fields of L. It is safe for
// concurrent use.
//
//	type orderLabels struct {
//		Kind string
//		Paid bool
//	}
//	orders, err := tacho.NewCounter[orderLabels](m, tacho.MetricOptions{Name: "shop_orders", Help: "Orders placed."})
//	orders.Inc(orderLabels{Kind: "book", Paid: true}) // shop_orders_total{kind="book",paid="true"} 1
//
// L is a struct whose fields are exported strings, booleans, integers or fmt.Stringers; use
// struct{} for no labels. A label's name is the field's name in snake_case, or its tag:
// `label:"name"`. NewCounter checks this once. Label sets are distinguished by the label texts, of
// which only the first 256 bytes count. Structs of strings, booleans and integers are fastest;
// Stringers that hold pointers are rendered each time.
type CounterOf[L comparable] struct{ typed[L] }

// A GaugeOf is one of your own gauges; see [CounterOf] for its labels.
type GaugeOf[L comparable] struct{ typed[L] }

// A HistogramOf is one of your own histograms; see [CounterOf] for its labels.
type HistogramOf[L comparable] struct{ typed[L] }

// NewCounter makes a counter. The error describes what is wrong with the options or with L.
func NewCounter[L comparable](m *Meter, o MetricOptions) (*CounterOf[L], error) {
	t, err := newTyped[L](m, schema.Counter, o)
	return &CounterOf[L]{t}, err
}

// NewGauge makes a gauge. With MetricOptions.TTL, label sets that are not changed for that time are
// removed.
func NewGauge[L comparable](m *Meter, o MetricOptions) (*GaugeOf[L], error) {
	t, err := newTyped[L](m, schema.Gauge, o)
	return &GaugeOf[L]{t}, err
}

// NewHistogram makes a histogram. Its default buckets are those of the latency histogram.
func NewHistogram[L comparable](m *Meter, o MetricOptions) (*HistogramOf[L], error) {
	if o.Buckets == nil {
		o.Buckets = m.opts.bucketsOf(m.opts.Schema)
	}
	t, err := newTyped[L](m, schema.Histogram, o)
	return &HistogramOf[L]{t}, err
}

// Inc adds 1.
func (c *CounterOf[L]) Inc(labels L) { c.find(labels).Counter.Inc() }

// Add adds n. A counter never decreases: a negative n is ignored and logged once.
func (c *CounterOf[L]) Add(labels L, n float64) {
	if n >= 0 {
		c.find(labels).Counter.Add(n)
	} else {
		c.sets.RefuseNegative(n)
	}
}

// Set sets the gauge.
func (g *GaugeOf[L]) Set(labels L, v float64) {
	g.touch(labels, func(x prometheus.Gauge) { x.Set(v) })
}

// Add adds n, which may be negative.
func (g *GaugeOf[L]) Add(labels L, n float64) {
	g.touch(labels, func(x prometheus.Gauge) { x.Add(n) })
}

// Inc adds 1.
func (g *GaugeOf[L]) Inc(labels L) { g.Add(labels, 1) }

// Dec subtracts 1.
func (g *GaugeOf[L]) Dec(labels L) { g.Add(labels, -1) }

// touch changes the gauge, and repeats the change if it was removed meanwhile.
func (g *GaugeOf[L]) touch(labels L, change func(prometheus.Gauge)) {
	for {
		c := g.find(labels)
		change(c.Gauge)
		if !c.Gone.Load() {
			return
		}
	}
}

// Observe records a value, in the unit of the metric's name.
func (h *HistogramOf[L]) Observe(labels L, v float64) { h.find(labels).Observer.Observe(v) }

// typed finds label sets by a struct.
type typed[L comparable] struct {
	sets   *labelset.Sets
	fields []field
	keeps  bool                           // structs may be kept as keys, see keepable
	known  *index.Map[L, *labelset.Child] // some of the structs of a label set
}

// A field is a label of a typed metric.
type field struct {
	name string
	text func(reflect.Value) string
}

// maxStructs is the maximum number of structs that lead directly to one label set. A Stringer may
// render any number of values to the same text; further ones are rendered each time.
const maxStructs = 4

func newTyped[L comparable](m *Meter, kind schema.Kind, o MetricOptions) (typed[L], error) {
	fields, err := fieldsOf(reflect.TypeFor[L]())
	if err != nil {
		err = fmt.Errorf("tacho: the metric %q: %w", o.fullName(kind), err)
	}
	if len(o.Labels) > 0 || o.NoInitialValue || o.CountExcluded {
		err = errors.Join(err, fmt.Errorf("tacho: the metric %q: MetricOptions.Labels, NoInitialValue and CountExcluded are for metrics of requests; "+
			"a typed metric's labels are the fields of its struct", o.fullName(kind)))
	}
	if err = errors.Join(o.check(kind), err); err != nil {
		return typed[L]{}, err
	}
	t := typed[L]{fields: fields, keeps: keepable(reflect.TypeFor[L]()), known: new(index.Map[L, *labelset.Child])}
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	if t.sets, err = m.newLabelSets(kind, o, names, nil); err != nil {
		return t, err
	}
	if len(names) == 0 && o.TTL == 0 {
		var none L
		t.find(none)
	}
	return t, nil
}

// find returns the label set of a struct. Known structs are found without reading their fields.
func (t *typed[L]) find(labels L) *labelset.Child {
	if t.sets.Expires() {
		return t.render(labels)
	}
	if c, ok := t.known.Snapshot()[labels]; ok {
		return c
	}
	c := t.render(labels)
	if t.keeps && !c.Overflow && c.Structs.Load() < maxStructs {
		t.keep(labels, c)
	}
	return c
}

// keep makes a copy of the struct lead to the label set. Its texts are short and do not share
// memory.
func (t *typed[L]) keep(labels L, c *labelset.Child) {
	v := reflect.ValueOf(&labels).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String {
			if !labelvalue.Fits(f.String()) {
				return
			}
			f.SetString(strings.Clone(f.String()))
		}
	}
	t.known.Add(labels, func() (*labelset.Child, bool) { return c, c.Structs.Add(1) <= maxStructs })
}

// keepable reports whether values of a struct have a fixed size, except for their strings. Other
// pointers may keep any amount of memory alive.
func keepable(t reflect.Type) bool {
	for i := range t.NumField() {
		if f := t.Field(i).Type; f.Kind() != reflect.String && !flat(f) {
			return false
		}
	}
	return true
}

// flat reports whether values of a type contain no pointers.
func flat(t reflect.Type) bool {
	switch k := t.Kind(); k {
	case reflect.Array:
		return flat(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !flat(t.Field(i).Type) {
				return false
			}
		}
		return true
	default:
		return reflect.Bool <= k && k <= reflect.Complex128
	}
}

func (t *typed[L]) render(labels L) *labelset.Child {
	v := reflect.ValueOf(labels)
	values := make([]string, 0, len(t.fields))
	for i, f := range t.fields {
		values = append(values, labelvalue.Clean(f.text(v.Field(i))))
	}
	return t.sets.Find(labelvalue.Join(nil, values), values)
}

// fieldsOf returns the labels of a struct's fields.
func fieldsOf(t reflect.Type) ([]field, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("its labels are a %s; they must be the fields of a struct", t)
	}
	var all []field
	var taken []string
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("label")
		if name == "" {
			name = snakeCase(f.Name)
		}
		text := textOf(f.Type)
		switch {
		case !f.IsExported():
			return nil, fmt.Errorf("the field %s of %s is not exported", f.Name, t)
		case text == nil:
			return nil, fmt.Errorf("the field %s of %s is a %s; labels are strings, booleans, integers or fmt.Stringers", f.Name, t, f.Type)
		}
		if err := (Label{Name: name}).check(taken); err != nil {
			return nil, fmt.Errorf("the field %s of %s: %w", f.Name, t, err)
		}
		taken = append(taken, name)
		all = append(all, field{name, text})
	}
	return all, nil
}

var stringer = reflect.TypeFor[fmt.Stringer]()

// textOf returns a function that formats values of a type, or nil if it cannot be a label.
func textOf(t reflect.Type) func(reflect.Value) string {
	switch {
	case t.Implements(stringer) && t.Kind() != reflect.Interface && t.Kind() != reflect.Pointer:
		return func(v reflect.Value) string { return v.Interface().(fmt.Stringer).String() }
	case t.Kind() == reflect.String:
		return reflect.Value.String
	case t.Kind() == reflect.Bool:
		return func(v reflect.Value) string { return strconv.FormatBool(v.Bool()) }
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Int64:
		return func(v reflect.Value) string { return strconv.FormatInt(v.Int(), 10) }
	case reflect.Uint <= t.Kind() && t.Kind() <= reflect.Uint64:
		return func(v reflect.Value) string { return strconv.FormatUint(v.Uint(), 10) }
	}
	return nil
}

// snakeCase turns OrderKind into order_kind, and HTTPStatus into http_status.
func snakeCase(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		begins := unicode.IsUpper(r) && i > 0 &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if begins {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Info exports constant facts, such as the version of the service: a gauge with the value 1, with
// these labels and none of Options. The returned gauge can be set to another value.
func (m *Meter) Info(name, help string, labels map[string]string) (prometheus.Gauge, error) {
	var err error
	switch {
	case !names.Metric(name):
		err = fmt.Errorf("tacho: Info: %q is not a valid metric name (letters, digits and underscores, not beginning with a digit)", name)
	case help == "":
		err = fmt.Errorf("tacho: Info: %s has no help text; say in one sentence what it tells", name)
	}
	for l := range labels {
		if e := (Label{Name: l}).check(nil); e != nil {
			err = errors.Join(err, fmt.Errorf("tacho: Info: %s: %w", name, e))
		}
	}
	if err != nil {
		return nil, err
	}
	clean := maps.Clone(labels)
	for l, v := range clean {
		clean[l] = labelvalue.Clean(v)
	}
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: names.Help(help), ConstLabels: clean})
	g.Set(1)
	if err := m.Registerer().Register(g); err != nil {
		return nil, fmt.Errorf("tacho: Info: %s cannot be registered: %w", name, err)
	}
	return g, nil
}
