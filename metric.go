package tacho

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/labelset"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/names"
	"github.com/tacho-go/tacho/internal/store"
	"github.com/tacho-go/tacho/schema"
)

// A Metric records the requests of the routes that it is put on: it counts them (Meter.Counter),
// times their handlers (Meter.Histogram, Meter.Summary), or counts those in progress (Meter.Gauge).
// Put it on single routes with Handler, HandlerFunc or [Track] on net/http and with Track of the
// framework's adapter, or on all routes with Meter.RegisterDefault.
//
// It is safe for concurrent use.
type Metric struct {
	meter  *Meter
	kind   schema.Kind
	opts   MetricOptions
	sets   *labelset.Sets
	labels []part

	tracked engine.Metric // as adapters and handlers put it on routes
}

// A part is one of a metric's computed labels: its own, or one of
// Options.Labels.
type part struct {
	own  *labelvalue.Limiter // nil for one of Options.Labels
	f    func(Request) string
	from int // index in Options.Labels, if own is nil
}

// NewMetric makes a Metric: a schema.Counter, Gauge, Histogram or Summary. It returns an error that
// names each wrong option, or if the registry already has the name.
func (m *Meter) NewMetric(kind schema.Kind, o MetricOptions) (*Metric, error) {
	o.Labels, o.Buckets = slices.Clone(o.Labels), slices.Clone(o.Buckets)
	if kind == schema.Histogram && o.Buckets == nil {
		o.Buckets = m.opts.bucketsOf(m.opts.Schema)
	}
	if err := errors.Join(o.check(kind), m.checkMetric(kind, o)); err != nil {
		return nil, err
	}
	x := &Metric{meter: m, kind: kind, opts: o}
	constLabels := maps.Clone(m.opts.constLabels())
	var labels []string
	initial := !o.NoInitialValue
	for _, l := range o.Labels {
		if l.Func == nil {
			constLabels[l.Name] = labelvalue.Clean(l.Value)
			continue
		}
		initial = false
		labels = append(labels, l.Name)
		x.labels = append(x.labels, part{own: l.limit().Limiter(), f: l.Func})
	}
	for i, l := range m.opts.dynamicLabels() {
		initial = false
		labels = append(labels, l.Name)
		x.labels = append(x.labels, part{from: i})
	}
	var err error
	if x.sets, err = m.newLabelSets(kind, o, labels, constLabels); err != nil {
		return nil, err
	}
	if initial {
		x.sets.Find(nil, nil)
	}
	x.tracked = engine.Metric{Engine: m.engine, Name: x.Name(), CountExcluded: o.CountExcluded, Record: x.record}
	if kind == schema.Gauge {
		x.tracked.InProgress = x.inProgress
	}
	return x, nil
}

// checkMetric checks what depends on the Meter.
func (m *Meter) checkMetric(kind schema.Kind, o MetricOptions) error {
	var errs []error
	if !slices.Contains([]schema.Kind{schema.Counter, schema.Gauge, schema.Histogram, schema.Summary}, kind) {
		errs = append(errs, fmt.Errorf("tacho: the metric %q: %q is not a kind of metric", o.Name, kind))
	}
	if o.TTL != 0 {
		errs = append(errs, fmt.Errorf("tacho: the metric %q: MetricOptions.TTL: only typed gauges (NewGauge) grow stale", o.Name))
	}
	taken := slices.Sorted(maps.Keys(m.opts.constLabels()))
	for _, l := range m.opts.dynamicLabels() {
		taken = append(taken, l.Name)
	}
	for _, l := range o.Labels {
		if err := l.check(taken); err != nil {
			errs = append(errs, fmt.Errorf("tacho: the metric %q: MetricOptions.Labels: %w", o.Name, err))
		}
		taken = append(taken, l.Name)
	}
	return errors.Join(errs...)
}

func (m *Meter) mustMetric(kind schema.Kind, o MetricOptions) *Metric {
	x, err := m.NewMetric(kind, o)
	if err != nil {
		panic(err)
	}
	return x
}

// Counter makes a Metric that counts requests, including those whose handler panics. Like
// mux.Handle, it panics on misuse: on options that NewMetric refuses.
func (m *Meter) Counter(o MetricOptions) *Metric { return m.mustMetric(schema.Counter, o) }

// Gauge makes a Metric that counts the requests in progress: it is incremented before the handler
// and decremented after it. Its labels are computed before the handler, when there is no response
// yet. It panics on options that NewMetric refuses.
func (m *Meter) Gauge(o MetricOptions) *Metric { return m.mustMetric(schema.Gauge, o) }

// Histogram makes a Metric that observes the duration of the handler, in seconds. It panics on
// options that NewMetric refuses.
func (m *Meter) Histogram(o MetricOptions) *Metric { return m.mustMetric(schema.Histogram, o) }

// Summary is like Histogram, without buckets or quantiles: a count and a sum. It panics on options
// that NewMetric refuses.
func (m *Meter) Summary(o MetricOptions) *Metric { return m.mustMetric(schema.Summary, o) }

// Meter returns the Meter that the metric belongs to.
func (x *Metric) Meter() *Meter { return x.meter }

// Name returns the metric's exported name.
func (x *Metric) Name() string { return x.sets.Name() }

// RegisterDefault puts metrics on every request that the Meter measures from now on, if the router
// finds its route. Call it before serving. A route that also has one of these metrics itself is
// counted twice.
func (m *Meter) RegisterDefault(metrics ...*Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*engine.Metric
	if present := m.shared.Defaults.Load(); present != nil {
		all = slices.Clone(*present)
	}
	for _, x := range metrics {
		all = append(all, &x.tracked)
	}
	m.shared.Defaults.Store(&all)
}

// inProgress finds the gauge of an exchange.
func (x *Metric) inProgress(of *engine.Exchange) prometheus.Gauge { return x.find(of).Gauge }

// record records the end of an exchange.
func (x *Metric) record(of *engine.Exchange, elapsed int64) {
	c := x.find(of)
	if c.Counter != nil {
		c.Counter.Inc()
	} else {
		c.Observer.Observe(float64(elapsed) / 1e9)
	}
}

// find returns the metric's label set for an exchange.
func (x *Metric) find(of *engine.Exchange) *labelset.Child {
	if len(x.labels) == 0 {
		return x.sets.Find(nil, nil)
	}
	values := of.Scratch.Texts[:0]
	for _, p := range x.labels {
		switch {
		case p.own != nil:
			values = append(values, p.own.Value(x.meter.callFunc(p.f, Request{of, x.meter}, labelFunc)))
		case x.kind == schema.Gauge:
			// Options.Labels are computed at the end; here they are computed now.
			values = append(values, x.meter.extra(p.from, of))
		default:
			values = append(values, x.meter.extrasOf(of)[p.from])
		}
	}
	of.Scratch.Texts = values
	of.Scratch.Key = labelvalue.Join(of.Scratch.Key[:0], values)
	return x.sets.Find(of.Scratch.Key, values)
}

// newLabelSets makes the label sets of a metric and registers them. The options are valid.
func (m *Meter) newLabelSets(kind schema.Kind, o MetricOptions, labels []string, constLabels map[string]string) (*labelset.Sets, error) {
	s := labelset.New(labelset.Config{
		Kind: kind, Name: o.fullName(kind), Help: names.Help(o.Help), Labels: labels, ConstLabels: constLabels, Buckets: o.Buckets,
		Limit: cmp.Or(o.SeriesLimit, m.opts.SeriesLimit), TTL: o.TTL, Now: m.core.shared.Now, Logger: m.core.logger,
	})
	if err := m.opts.Registerer.Register(s); err != nil {
		return nil, fmt.Errorf("tacho: the metric %s cannot be registered: %w", s.Name(), err)
	}
	m.core.addLabelSets(s)
	return s, nil
}

// addLabelSets adds the label sets to the self-metrics.
func (c *core) addLabelSets(s *labelset.Sets) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.labelSets = append(c.labelSets, s)
	slices.SortFunc(c.labelSets, func(a, b *labelset.Sets) int { return strings.Compare(a.Name(), b.Name()) })
}

func (c *core) allLabelSets() []*labelset.Sets {
	c = cmp.Or(c.local, c)
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.labelSets)
}

// MetricOptions describes one of the service's own metrics. Name and Help are required.
type MetricOptions struct {
	// Name is the metric's name. Namespace and Subsystem are prepended and Unit (such as "seconds")
	// is appended, each with an underscore and only if the name lacks it. Names of counters end in
	// _total.
	Name      string
	Namespace string
	Subsystem string
	Unit      string

	// Help describes the metric in one sentence.
	Help string

	// Labels are the labels of a metric on routes, in addition to Options.Labels and
	// Options.ConstLabels.
	Labels []Label

	// Buckets are a histogram's upper bounds, ascending; +Inf is added. The default is the bounds
	// of the latency histogram.
	Buckets []float64

	// NoInitialValue omits a metric on routes until its first request. By default, it starts at 0
	// if all of its labels are constant.
	NoInitialValue bool

	// CountExcluded makes a metric on routes include requests that Options.Exclude removes from the
	// HTTP metrics.
	CountExcluded bool

	// TTL removes label sets of a typed gauge that were not set for this time. 0 keeps them
	// forever.
	TTL time.Duration

	// SeriesLimit is the maximum number of label sets of the metric; beyond it, new values of the
	// label with the most values are recorded as "__overflow__". 0 means Options.SeriesLimit.
	SeriesLimit int
}

// fullName returns the metric's exported name.
func (o MetricOptions) fullName(kind schema.Kind) string {
	name := o.Name
	if kind == schema.Counter {
		name = strings.TrimSuffix(name, "_total")
	}
	if o.Unit != "" && !strings.HasSuffix(name, "_"+o.Unit) {
		name += "_" + o.Unit
	}
	for _, part := range []string{o.Subsystem, o.Namespace} {
		if part != "" {
			name = part + "_" + name
		}
	}
	if kind == schema.Counter {
		name += "_total"
	}
	return name
}

// check reports every wrong field.
func (o MetricOptions) check(kind schema.Kind) error {
	name := o.fullName(kind)
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("tacho: the metric %q: MetricOptions.%s: %s", name, field, fmt.Sprintf(format, args...)))
	}
	switch {
	case o.Name == "":
		wrong("Name", "is missing")
	case !names.Metric(name):
		wrong("Name", "%q is not a valid metric name (letters, digits and underscores, not beginning with a digit)", name)
	case hasReservedSuffix(name, kind):
		wrong("Name", "a %s must not end in _total, _sum, _count, _bucket, _created or _info, which mean other things to Prometheus", kind)
	}
	if o.Help == "" {
		wrong("Help", "is missing; say in one sentence what is measured")
	}
	if o.Buckets != nil {
		checkBounds(o.Buckets, complaint(wrong).of("Buckets"))
		if kind != schema.Histogram {
			wrong("Buckets", "only histograms have them, and this is a %s", kind)
		}
	}
	if o.SeriesLimit < 0 || o.SeriesLimit > store.MaxLimit {
		wrong("SeriesLimit", "%d is not a number of label sets up to %d", o.SeriesLimit, store.MaxLimit)
	}
	if o.TTL < 0 || o.TTL > 0 && kind != schema.Gauge {
		wrong("TTL", "%v: only gauges can grow stale, and only after a positive time; a counter that comes and goes would look reset", o.TTL)
	}
	return errors.Join(errs...)
}

func hasReservedSuffix(name string, kind schema.Kind) bool {
	reserved := []string{"_total", "_sum", "_count", "_bucket", "_created", "_info"}
	if kind == schema.Counter {
		return false
	}
	return slices.ContainsFunc(reserved, func(suffix string) bool { return strings.HasSuffix(name, suffix) })
}
