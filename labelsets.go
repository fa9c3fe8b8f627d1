package tacho

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/internal/index"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/names"
	"github.com/tacho-go/tacho/internal/store"
	"github.com/tacho-go/tacho/schema"
)

// labelSets are the label sets of one metric of the service's own: of those
// that are tracked, typed, or outgoing. They have the budget that HTTP metrics
// have, and may grow stale. They are a prometheus.Collector.
type labelSets struct {
	core  *core
	name  string
	names []string // of the labels
	limit int
	ttl   time.Duration // 0: for ever
	desc  *prometheus.Desc

	children vector
	index    index.Map[string, *child]
	folds    []atomic.Uint64 // by label
	refused  atomic.Bool     // a value was not taken, and the log says so

	mu       sync.Mutex
	sets     int              // within the limit
	folded   int              // on top of it
	distinct []map[string]int // by label, how many sets have a value
	warned   bool
}

// A child is one label set.
type child struct {
	prometheus.Metric
	counter  prometheus.Counter  // if it is one
	gauge    prometheus.Gauge    // if it is one
	observer prometheus.Observer // if it is a histogram or summary
	values   []string
	overflow bool         // a set on top of the limit
	touched  atomic.Int64 // on the meter's clock
	structs  atomic.Int32 // how many structs it is found by directly
	gone     atomic.Bool  // it has vanished
}

// A vector is what client_golang keeps the label sets of a metric in.
type vector struct {
	with    func(values []string) *child
	without func(values ...string) bool
}

// newLabelSets makes the label sets of a metric and registers them. The options
// have been checked.
func newLabelSets(m *Meter, kind schema.Kind, o MetricOptions, labels []string, constLabels map[string]string) (*labelSets, error) {
	s := &labelSets{
		core: m.core, name: o.fullName(kind), names: labels, ttl: o.TTL,
		limit: cmp.Or(o.SeriesLimit, m.opts.SeriesLimit),
		folds: make([]atomic.Uint64, len(labels)),
	}
	o.Help = names.Help(o.Help)
	for range labels {
		s.distinct = append(s.distinct, map[string]int{})
	}
	s.desc = prometheus.NewDesc(s.name, o.Help, labels, constLabels)
	s.children = newVector(kind, s.name, o, labels, constLabels)
	if err := m.opts.Registerer.Register(s); err != nil {
		return nil, fmt.Errorf("tacho: the metric %s cannot be registered: %w", s.name, err)
	}
	m.core.addLabelSets(s)
	return s, nil
}

func newVector(kind schema.Kind, name string, o MetricOptions, labels []string, constLabels map[string]string) vector {
	switch kind {
	case schema.Counter:
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: o.Help, ConstLabels: constLabels}, labels)
		return vector{func(values []string) *child {
			c := v.WithLabelValues(values...)
			return &child{Metric: c, counter: c}
		}, v.DeleteLabelValues}
	case schema.Gauge:
		v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: o.Help, ConstLabels: constLabels}, labels)
		return vector{func(values []string) *child {
			g := v.WithLabelValues(values...)
			return &child{Metric: g, gauge: g}
		}, v.DeleteLabelValues}
	case schema.Summary:
		v := prometheus.NewSummaryVec(prometheus.SummaryOpts{Name: name, Help: o.Help, ConstLabels: constLabels}, labels)
		return vector{func(values []string) *child {
			o := v.WithLabelValues(values...)
			return &child{Metric: o.(prometheus.Metric), observer: o}
		}, v.DeleteLabelValues}
	}
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: o.Help, ConstLabels: constLabels, Buckets: o.Buckets}, labels)
	return vector{func(values []string) *child {
		o := v.WithLabelValues(values...)
		return &child{Metric: o.(prometheus.Metric), observer: o}
	}, v.DeleteLabelValues}
}

// find returns the child of these values, which have been joined to the key. It
// keeps neither.
func (s *labelSets) find(key []byte, values []string) *child {
	c, ok := s.index.Snapshot()[string(key)]
	if !ok {
		c = s.add(string(key), values)
	}
	if s.ttl > 0 {
		c.touched.Store(s.core.Now())
	}
	return c
}

func (s *labelSets) add(key string, values []string) *child {
	if s.ttl > 0 && s.len() >= s.limit {
		s.expire()
	}
	return s.index.Add(key, func() (*child, bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.sets < s.limit {
			s.sets++
			return s.create(values), true
		}
		return s.fold(values)
	})
}

// create makes a child. It is called under the lock.
func (s *labelSets) create(values []string) *child {
	values = slices.Clone(values)
	for i, v := range values {
		values[i] = labelvalue.Clean(v)
		s.distinct[i][values[i]]++
	}
	c := s.children.with(values)
	c.values = values
	c.touched.Store(s.core.Now())
	return c
}

// fold puts values into a label set that carries __overflow__: in place of the
// value of the label that has most of them, or of all when the allowance for such
// sets is spent. It is called under the locks.
func (s *labelSets) fold(values []string) (*child, bool) {
	worst := 0
	for i := range s.distinct {
		if len(s.distinct[i]) > len(s.distinct[worst]) {
			worst = i
		}
	}
	s.warn(worst)
	folded := slices.Clone(values)
	if folded[worst] = labelvalue.Overflow; s.folded >= store.OverflowAllowance-1 {
		for i := range folded {
			folded[i] = labelvalue.Overflow
		}
	}
	key := string(labelvalue.Join(nil, folded))
	c, ok := s.index.FindLocked(key)
	if !ok {
		s.folded++
		c = s.create(folded)
		c.overflow = true
		s.index.PutLocked(key, c)
	}
	s.folds[worst].Add(1)
	return c, false // each further one is counted, too
}

// warn says once that the budget is spent, and on what.
func (s *labelSets) warn(label int) {
	if s.warned {
		return
	}
	s.warned = true
	s.core.logger().Warn("tacho: too many label sets: new values are recorded as "+labelvalue.Overflow+
		"; find where they come from in tacho_overflow_total, or raise the metric's SeriesLimit",
		"metric", s.name, "label", s.names[label], "limit", s.limit)
}

// foldedBy is how many look-ups had the value of a label folded.
func (s *labelSets) foldedBy(label int) uint64 { return s.folds[label].Load() }

func (s *labelSets) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sets + s.folded
}

// Describe implements prometheus.Collector.
func (s *labelSets) Describe(ch chan<- *prometheus.Desc) { ch <- s.desc }

// Collect implements prometheus.Collector.
func (s *labelSets) Collect(ch chan<- prometheus.Metric) {
	s.expire()
	for _, c := range s.index.All() {
		ch <- c.Metric
	}
}

// expire takes out what was not touched for too long.
func (s *labelSets) expire() {
	if s.ttl == 0 {
		return
	}
	oldest := s.core.Now() - int64(s.ttl)
	stale := func(_ string, c *child) bool { return c.touched.Load() < oldest }
	if !slices.ContainsFunc(s.index.All(), func(c *child) bool { return stale("", c) }) {
		return
	}
	s.index.Remove(func(_ string, c *child) bool {
		gone := stale("", c)
		if gone {
			s.forget(c)
		}
		return gone
	})
}

func (s *labelSets) forget(c *child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.gone.Store(true)
	s.children.without(c.values...)
	if c.overflow {
		s.folded--
	} else {
		s.sets--
	}
	for i, v := range c.values {
		if s.distinct[i][v]--; s.distinct[i][v] == 0 {
			delete(s.distinct[i], v)
		}
	}
}

// addLabelSets makes the label sets known to the self-metrics.
func (c *core) addLabelSets(s *labelSets) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.labelSets = append(c.labelSets, s)
	slices.SortFunc(c.labelSets, func(a, b *labelSets) int { return strings.Compare(a.name, b.name) })
}

func (c *core) allLabelSets() []*labelSets {
	c = cmp.Or(c.whole, c)
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.labelSets)
}
