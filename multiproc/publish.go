package multiproc

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// A Publisher writes the metrics that a process has in client_golang into the
// directory, in files of Python's format. Counters, histograms and summaries are
// added up with those of other processes, gauges by their mode. Quantiles of
// summaries, exemplars and native buckets are not written: nobody can add them up.
//
// It is safe for concurrent use.
type Publisher struct {
	cells *Cells
	modes map[string]string

	mu     sync.Mutex
	round  int
	stores map[kind]*store
	known  map[string]*published
	stale  map[kind]bool // files with gauges in them that are gone
	made   uint32        // files
	layout layout        // of files
	beside bool          // Python's client has files in the directory
	keeper *keeper
	listed time.Time // when the directory had changed that was looked at last
	key    []byte
	now    func() time.Time // replaced in tests
}

// NewPublisher makes a Publisher for the process of these Cells. Modes are those
// of single gauges, by name; the others have that of [GaugeMode].
func NewPublisher(c *Cells, modes map[string]string) *Publisher {
	return &Publisher{cells: c, modes: modes, stores: map[kind]*store{}, known: map[string]*published{}, stale: map[kind]bool{}, layout: narrow, keeper: newKeeper(c.Dir()), now: time.Now}
}

// A published is a metric that has been written before.
type published struct {
	kind   kind
	round  int // when it was seen last
	keys   []string
	values []float64 // what is written: base, and what the metric says
	said   []float64 // what the metric said last
	spare  []float64 // memory for what it says next
	base   []float64 // what it had counted before it began anew; nil if it never did
	places []place64 // of the values; nil as long as there is no space for them
}

// GaugeModes are the modes that gauges can have: how the values of several
// processes become one. Those that begin with live forget the processes that are
// gone. All and liveall show each process's own, with a label pid.
func GaugeModes() []string { return slices.Sorted(maps.Keys(modes)) }

// GaugeMode is the mode of a gauge of which nothing is known but its name:
// livesum, but livemax for what says the same, or the latest, in every process
// (*_info, *_timestamp_seconds, limits), and livemin for starts. A prefix that a
// wrapper around the registry puts before the name changes nothing.
func GaugeMode(name string) string {
	for _, rule := range gaugeModes {
		if strings.HasSuffix(name, rule.suffix) {
			return rule.mode
		}
	}
	return "livesum"
}

// gaugeModes are told by the end of the name; the first that fits counts.
var gaugeModes = []struct{ suffix, mode string }{
	{"process_start_time_seconds", "livemin"},
	{"_info", "livemax"},
	{"_timestamp_seconds", "livemax"},
	{"_time_seconds", "livemax"},
	{"_ratio", "livemax"},
	{"_limit", "livemax"},
	{"_limit_bytes", "livemax"},
	{"process_max_fds", "livemax"},
	{"process_virtual_memory_max_bytes", "livemax"},
	{"go_gc_gogc_percent", "livemax"},
	{"go_gc_gomemlimit_bytes", "livemax"},
	{"go_sched_gomaxprocs_threads", "livemax"},
}

// Publish writes what the families hold now, and returns how many samples there was
// no space for. Gauges that are not among them any more vanish; other metrics
// keep what they had.
func (p *Publisher) Publish(families []*dto.MetricFamily) (unwritten int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.round++
	var failed error
	for _, f := range families {
		k := p.kindOf(f)
		for _, m := range f.Metric {
			missing, err := p.publish(k, f, m)
			unwritten += missing
			failed = cmp.Or(failed, err)
		}
	}
	missing, err := p.forgetGauges()
	return p.cells.setUnwritten(unwritten+missing, cmp.Or(failed, err))
}

// hasFile makes the process's file, without which its metrics would be those of a
// dead one.
func (c *Cells) hasFile() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready()
}

// unwritten calls f for every value that there is no space for: this process can
// still show it.
func (p *Publisher) unwritten(f func(k kind, key string, v float64)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.known {
		for i := 0; x.places == nil && i < len(x.keys); i++ {
			f(x.kind, x.keys[i], x.values[i])
		}
	}
}

// setUnwritten lets others know how many samples there is no space for.
func (c *Cells) setUnwritten(n int, why error) int {
	c.mu.Lock()
	c.unwritten = n
	c.setHeader(unwrittenAt, uint64(n))
	c.mu.Unlock()
	c.fail(why)
	return n
}

func (p *Publisher) kindOf(f *dto.MetricFamily) kind {
	switch f.GetType() {
	case dto.MetricType_COUNTER:
		return kind{name: "counter"}
	case dto.MetricType_HISTOGRAM, dto.MetricType_GAUGE_HISTOGRAM:
		return kind{name: "histogram"}
	case dto.MetricType_SUMMARY:
		return kind{name: "summary"}
	}
	return kind{"gauge", cmp.Or(p.modes[f.GetName()], GaugeMode(f.GetName()))}
}

// publish writes one metric.
func (p *Publisher) publish(k kind, f *dto.MetricFamily, m *dto.Metric) (missing int, err error) {
	p.key = identityOf(p.key[:0], k, f, m)
	x := p.known[string(p.key)]
	if x == nil {
		x = &published{kind: k, keys: keysOf(f, m)}
		p.known[string(p.key)] = x
	}
	x.round = p.round
	x.take(m)
	if x.places == nil {
		if x.places, err = p.place(x); err != nil {
			return len(x.keys), err
		}
	}
	for i, v := range x.values {
		x.places[i].set(v, p.now)
	}
	return 0, nil
}

// take takes a metric's values. Where its label set was deleted and made again it
// counts from zero, and what it had counted must not be lost for the service.
func (x *published) take(m *dto.Metric) {
	before := x.said
	x.said, x.spare = valuesOf(x.spare[:0], m), before
	if len(before) == len(x.said) && begunAnew(x.kind, before, x.said) {
		if x.base == nil {
			x.base = make([]float64, len(before))
		}
		for i, v := range before {
			x.base[i] += v
		}
	}
	x.values = append(x.values[:0], x.said...)
	for i, v := range x.base {
		x.values[i] += v
	}
}

// begunAnew reports whether a count has fallen: a counter, a bucket, or the count of
// a summary, which stands before its sum.
func begunAnew(k kind, before, now []float64) bool {
	switch k.name {
	case "counter", "summary":
		return now[0] < before[0]
	case "histogram":
		for i := 1; i < len(now); i++ { // behind the sum
			if now[i] < before[i] {
				return true
			}
		}
	}
	return false
}

// identityOf tells the metrics of one process apart. The bucket of +Inf does not: it
// is among a histogram's as soon as it has an exemplar.
func identityOf(key []byte, k kind, f *dto.MetricFamily, m *dto.Metric) []byte {
	key = append(append(key, k.name...), 0xff)
	key = append(append(key, f.GetName()...), 0xff)
	for _, l := range m.Label {
		key = append(append(key, l.GetName()...), 0xff)
		key = append(append(key, l.GetValue()...), 0xff)
	}
	for _, b := range m.GetHistogram().GetBucket() {
		if !math.IsInf(b.GetUpperBound(), 1) {
			key = strconv.AppendUint(key, math.Float64bits(b.GetUpperBound()), 36)
			key = append(key, 0xff)
		}
	}
	return key
}

// keysOf are the keys of a metric's values, in the order of valuesOf.
func keysOf(f *dto.MetricFamily, m *dto.Metric) (keys []string) {
	name, labels := f.GetName(), map[string]string{}
	for _, l := range m.Label {
		labels[l.GetName()] = l.GetValue()
	}
	sample := func(metric, sample string) { keys = append(keys, pythonKey(metric, sample, labels, f.GetHelp())) }
	switch {
	case m.Histogram != nil:
		sample(name, name+"_sum")
		for _, b := range m.Histogram.Bucket {
			if !math.IsInf(b.GetUpperBound(), 1) {
				labels["le"] = pythonFloat(b.GetUpperBound())
				sample(name, name+"_bucket")
			}
		}
		labels["le"] = "+Inf"
		sample(name, name+"_bucket")
	case m.Summary != nil:
		sample(name, name+"_count")
		sample(name, name+"_sum")
	case m.Counter != nil:
		sample(strings.TrimSuffix(name, "_total"), name)
	default:
		sample(name, name)
	}
	return keys
}

// valuesOf are a metric's values. Those of buckets are not cumulative.
func valuesOf(values []float64, m *dto.Metric) []float64 {
	switch {
	case m.Histogram != nil:
		h := m.Histogram
		values = append(values, h.GetSampleSum())
		below := 0.0
		for _, b := range h.Bucket {
			if !math.IsInf(b.GetUpperBound(), 1) {
				n := countOf(b.GetCumulativeCount(), b.GetCumulativeCountFloat())
				values = append(values, n-below)
				below = n
			}
		}
		return append(values, countOf(h.GetSampleCount(), h.GetSampleCountFloat())-below)
	case m.Summary != nil:
		return append(values, float64(m.Summary.GetSampleCount()), m.Summary.GetSampleSum())
	case m.Counter != nil:
		return append(values, m.Counter.GetValue())
	case m.Gauge != nil:
		return append(values, m.Gauge.GetValue())
	}
	return append(values, m.GetUntyped().GetValue())
}

func countOf(n uint64, float float64) float64 {
	if n > 0 {
		return float64(n)
	}
	return float
}

// place finds room for a metric's values.
func (p *Publisher) place(x *published) (places []place64, err error) {
	s := p.stores[x.kind]
	if s == nil {
		if s, err = p.newStore(x.kind); err != nil {
			return nil, err
		}
		if err := s.publish(); err != nil {
			return nil, err
		}
		p.stores[x.kind] = s
	}
	return s.add(x.keys, x.values, p.now)
}

func (p *Publisher) newStore(k kind) (*store, error) {
	if err := p.cells.hasFile(); err != nil {
		return nil, err
	}
	p.made++
	return newStore(p.cells, k, p.layout, p.made)
}

// forgetGauges lets gauges vanish that were not published in this round. Their
// file is written anew, since nothing in it can be taken out: later, if there is no
// space for that now.
func (p *Publisher) forgetGauges() (missing int, err error) {
	for key, x := range p.known {
		if x.kind.name == "gauge" && x.round != p.round {
			p.stale[x.kind] = true
			delete(p.known, key)
		}
	}
	for k := range p.stale {
		if e := p.rewrite(k); e != nil {
			missing++
			err = cmp.Or(err, e)
			continue
		}
		delete(p.stale, k)
	}
	return missing, err
}

func (p *Publisher) rewrite(k kind) error {
	before := p.stores[k]
	if before == nil {
		return nil
	}
	s, err := p.newStore(k)
	if err != nil {
		return err
	}
	places := map[*published][]place64{}
	for _, x := range p.known {
		if x.kind != k || len(x.values) == 0 {
			continue
		}
		if places[x], err = s.add(x.keys, x.values, p.now); err != nil {
			s.file.discard()
			return err
		}
		for i, was := range x.places {
			places[x][i].setTime(was)
		}
	}
	if err := s.publish(); err != nil {
		return err
	}
	for x, at := range places {
		x.places = at
	}
	before.file.close()
	p.stores[k] = s
	return nil
}

// Close takes away what the process's live gauges said, when it ends in order, and lets its
// other files go.
func (p *Publisher) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, s := range p.stores {
		delete(p.stores, k)
		if !strings.HasPrefix(k.mode, "live") {
			_ = s.file.file.Close() // and not the memory, which values point into
			continue
		}
		s.remove()
		maps.DeleteFunc(p.known, func(_ string, x *published) bool { return x.kind == k })
	}
	p.keeper.close()
}
