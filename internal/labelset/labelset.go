// Package labelset holds the label sets of the service's own metrics: those on routes, typed ones,
// and those of outgoing requests. They have a limit, like the HTTP metrics, and may expire. The
// root package and internal/outgoing use it. It must not depend on requests.
package labelset

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/internal/index"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/schema"
)

// Sets are the label sets of one metric. They are a prometheus.Collector.
type Sets struct {
	metric string
	names  []string // of the labels
	limit  int
	ttl    time.Duration // 0: forever
	desc   *prometheus.Desc
	now    func() int64
	logger func() *slog.Logger

	children vector
	index    index.Map[string, *Child]
	beyond   []atomic.Uint64 // by label, lookups in which its value was replaced
	refused  atomic.Bool     // a rejected value was logged

	mu        sync.Mutex
	sets      int              // within the limit
	overflows int              // in addition to it
	distinct  []map[string]int // by label, the number of sets with a value
	warned    bool
}

// A Child is one label set.
type Child struct {
	prometheus.Metric
	Counter  prometheus.Counter  // of a counter
	Gauge    prometheus.Gauge    // of a gauge
	Observer prometheus.Observer // of a histogram or summary
	values   []string
	Overflow bool         // a set beyond the limit
	touched  atomic.Int64 // in the time of Config.Now
	Structs  atomic.Int32 // the number of structs that lead to it directly
	Gone     atomic.Bool  // it has expired
}

// A vector is client_golang's container for the label sets of a metric.
type vector struct {
	with    func(values []string) *Child
	without func(values ...string) bool
}

// A Config describes the label sets of a metric.
type Config struct {
	Kind        schema.Kind
	Name        string
	Help        string
	Labels      []string
	ConstLabels map[string]string
	Buckets     []float64     // of a histogram
	Limit       int           // maximum label sets
	TTL         time.Duration // lifetime of a label set without changes; 0 is forever
	Now         func() int64  // a monotonic clock, in nanoseconds
	Logger      func() *slog.Logger
}

// New returns the label sets of a metric.
func New(c Config) *Sets {
	s := &Sets{
		metric: c.Name, names: c.Labels, ttl: c.TTL, limit: c.Limit, now: c.Now, logger: c.Logger,
		beyond: make([]atomic.Uint64, len(c.Labels)),
	}
	for range c.Labels {
		s.distinct = append(s.distinct, map[string]int{})
	}
	s.desc = prometheus.NewDesc(c.Name, c.Help, c.Labels, c.ConstLabels)
	s.children = newVector(c)
	return s
}

// allowance is the maximum number of label sets with __overflow__, in addition to the limit.
const allowance = 64

func newVector(c Config) vector {
	switch c.Kind {
	case schema.Counter:
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: c.Name, Help: c.Help, ConstLabels: c.ConstLabels}, c.Labels)
		return vector{func(values []string) *Child {
			n := v.WithLabelValues(values...)
			return &Child{Metric: n, Counter: n}
		}, v.DeleteLabelValues}
	case schema.Gauge:
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: c.Name, Help: c.Help, ConstLabels: c.ConstLabels}, c.Labels)
		return vector{func(values []string) *Child {
			g := v.WithLabelValues(values...)
			return &Child{Metric: g, Gauge: g}
		}, v.DeleteLabelValues}
	case schema.Summary:
		v := prometheus.NewSummaryVec(prometheus.SummaryOpts{Name: c.Name, Help: c.Help, ConstLabels: c.ConstLabels}, c.Labels)
		return vector{func(values []string) *Child {
			o := v.WithLabelValues(values...)
			return &Child{Metric: o.(prometheus.Metric), Observer: o}
		}, v.DeleteLabelValues}
	}
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: c.Name, Help: c.Help, ConstLabels: c.ConstLabels, Buckets: c.Buckets}, c.Labels)
	return vector{func(values []string) *Child {
		o := v.WithLabelValues(values...)
		return &Child{Metric: o.(prometheus.Metric), Observer: o}
	}, v.DeleteLabelValues}
}

// Find returns the child of these values, which key joins. It keeps neither.
func (s *Sets) Find(key []byte, values []string) *Child {
	c, ok := s.index.Snapshot()[string(key)]
	if !ok {
		c = s.add(string(key), values)
	}
	if s.ttl > 0 {
		c.touched.Store(s.now())
	}
	return c
}

func (s *Sets) add(key string, values []string) *Child {
	if s.ttl > 0 && s.Len() >= s.limit {
		s.Expire()
	}
	return s.index.Add(key, func() (*Child, bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.sets < s.limit {
			s.sets++
			return s.create(values), true
		}
		return s.overflow(values)
	})
}

// create makes a child. The lock must be held.
func (s *Sets) create(values []string) *Child {
	values = slices.Clone(values)
	for i, v := range values {
		values[i] = labelvalue.Clean(v)
		s.distinct[i][values[i]]++
	}
	c := s.children.with(values)
	c.values = values
	c.touched.Store(s.now())
	return c
}

// overflow returns a label set with __overflow__ for these values: in place of the value of the
// label with the most values, or of all values beyond the allowance. The locks must be held.
func (s *Sets) overflow(values []string) (*Child, bool) {
	worst := 0
	for i := range s.distinct {
		if len(s.distinct[i]) > len(s.distinct[worst]) {
			worst = i
		}
	}
	s.warn(worst)
	replaced := slices.Clone(values)
	if replaced[worst] = labelvalue.Overflow; s.overflows >= allowance-1 {
		for i := range replaced {
			replaced[i] = labelvalue.Overflow
		}
	}
	key := string(labelvalue.Join(nil, replaced))
	c, ok := s.index.FindLocked(key)
	if !ok {
		s.overflows++
		c = s.create(replaced)
		c.Overflow = true
		s.index.PutLocked(key, c)
	}
	s.beyond[worst].Add(1)
	return c, false // later ones are counted, too
}

// warn logs once that the budget is used up, and by what.
func (s *Sets) warn(label int) {
	if s.warned {
		return
	}
	s.warned = true
	s.logger().Warn("tacho: too many label sets: new values are recorded as "+labelvalue.Overflow+
		"; find where they come from in tacho_overflow_total, or raise the metric's SeriesLimit",
		"metric", s.metric, "label", s.names[label], "limit", s.limit)
}

// Overflowed returns the number of lookups in which the value of a label was replaced.
func (s *Sets) Overflowed(label int) uint64 { return s.beyond[label].Load() }

// Name returns the name of the metric.
func (s *Sets) Name() string { return s.metric }

// Expires reports whether label sets without changes are removed.
func (s *Sets) Expires() bool { return s.ttl > 0 }

// RefuseNegative logs once that a negative number was not added to a counter.
func (s *Sets) RefuseNegative(n float64) {
	if s.refused.CompareAndSwap(false, true) {
		s.logger().Warn("tacho: a negative number was not added to a counter; use a gauge for what can fall", "metric", s.metric, "number", n)
	}
}

// Labels returns the names of the labels.
func (s *Sets) Labels() []string { return s.names }

// Limit returns the maximum number of label sets without __overflow__.
func (s *Sets) Limit() int { return s.limit }

// Len returns the number of label sets.
func (s *Sets) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sets + s.overflows
}

// Describe implements prometheus.Collector.
func (s *Sets) Describe(ch chan<- *prometheus.Desc) { ch <- s.desc }

// Collect implements prometheus.Collector.
func (s *Sets) Collect(ch chan<- prometheus.Metric) {
	s.Expire()
	for _, c := range s.index.All() {
		ch <- c.Metric
	}
}

// Expire removes label sets that have not changed for too long.
func (s *Sets) Expire() {
	if s.ttl == 0 {
		return
	}
	oldest := s.now() - int64(s.ttl)
	stale := func(_ string, c *Child) bool { return c.touched.Load() < oldest }
	if !slices.ContainsFunc(s.index.All(), func(c *Child) bool { return stale("", c) }) {
		return
	}
	s.index.Remove(func(_ string, c *Child) bool {
		gone := stale("", c)
		if gone {
			s.forget(c)
		}
		return gone
	})
}

func (s *Sets) forget(c *Child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Gone.Store(true)
	s.children.without(c.values...)
	if c.Overflow {
		s.overflows--
	} else {
		s.sets--
	}
	for i, v := range c.values {
		if s.distinct[i][v]--; s.distinct[i][v] == 0 {
			delete(s.distinct[i], v)
		}
	}
}
