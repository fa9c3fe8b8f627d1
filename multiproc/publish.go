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

// A Publisher writes the client_golang metrics of a process into the directory, in files of
// Python's format. Counters, histograms and summaries are summed with those of other processes,
// gauges are merged by mode. It does not write quantiles of summaries, exemplars and native
// buckets, which cannot be merged.
//
// It is safe for concurrent use.
type Publisher struct {
	cells *Cells
	modes map[string]string

	mu         sync.Mutex
	round      int
	files      map[kind]*valueFile
	known      map[string]*publishedMetric
	staleKinds map[kind]bool // files that contain removed gauges
	filesMade  uint32        // counts the files, for their generation
	layout     layout        // of new files
	sharedDir  bool          // Python's client has files in the directory
	restorer   *archiveRestorer
	listedAt   time.Time // modification time of the directory when it was last listed
	key        []byte
	now        func() time.Time // replaced in tests
}

// NewPublisher returns a Publisher for the process of these Cells. Modes sets the modes of
// single gauges, by name; the others have the mode that [GaugeMode] returns.
func NewPublisher(c *Cells, modes map[string]string) *Publisher {
	return &Publisher{cells: c, modes: modes, files: map[kind]*valueFile{}, known: map[string]*publishedMetric{}, staleKinds: map[kind]bool{}, layout: valueOnly, restorer: newArchiveRestorer(c.Dir()), now: time.Now}
}

// A publishedMetric is a metric that has been written before.
type publishedMetric struct {
	kind    kind
	round   int // when it was last seen
	keys    []string
	values  []float64    // what is written: base plus current
	current []float64    // the metric's last values
	spare   []float64    // memory for its next values
	base    []float64    // its counts before a reset; nil without one
	words   []valueWords // of the values; nil while there is no space for them
}

// GaugeModes returns the modes of gauges, which say how the values of several processes are
// merged. The modes that begin with live drop processes that have ended. all and liveall show
// each process's value, with a pid label.
func GaugeModes() []string { return slices.Sorted(maps.Keys(modes)) }

// GaugeMode returns the default mode of a gauge, from its name alone. It is livemax for gauges
// that are equal in every process or of which the latest counts (*_info, *_timestamp_seconds,
// limits), livemin for start times, and livesum for the others. A prefix that a wrapped registry
// adds to the name does not matter.
func GaugeMode(name string) string {
	for _, rule := range gaugeModeRules {
		if strings.HasSuffix(name, rule.suffix) {
			return rule.mode
		}
	}
	return "livesum"
}

// gaugeModeRules map the end of a name to a mode; the first match wins.
var gaugeModeRules = []struct{ suffix, mode string }{
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

// Publish writes the current values of the families, and returns how many samples found no
// space. Gauges that are no longer among them disappear; other metrics keep their values.
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
	missing, err := p.dropGauges()
	return p.cells.setUnwritten(unwritten+missing, cmp.Or(failed, err))
}

// requireFile creates the process's cell file, without which its metrics would count as those of
// a dead process.
func (c *Cells) requireFile() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ensureFile()
}

// unwritten calls f for every value that found no space. This process can still show them.
func (p *Publisher) unwritten(f func(k kind, key string, v float64)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.known {
		for i := 0; x.words == nil && i < len(x.keys); i++ {
			f(x.kind, x.keys[i], x.values[i])
		}
	}
}

// setUnwritten publishes how many samples found no space.
func (c *Cells) setUnwritten(n int, why error) int {
	c.mu.Lock()
	c.unwritten = n
	c.setHeader(unwrittenAt, uint64(n))
	c.mu.Unlock()
	c.reportFailure(why)
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
	p.key = appendIdentity(p.key[:0], k, f, m)
	x := p.known[string(p.key)]
	if x == nil {
		x = &publishedMetric{kind: k, keys: keysOf(f, m)}
		p.known[string(p.key)] = x
	}
	x.round = p.round
	x.update(m)
	if x.words == nil {
		if x.words, err = p.allocate(x); err != nil {
			return len(x.keys), err
		}
	}
	for i, v := range x.values {
		x.words[i].set(v, p.now)
	}
	return 0, nil
}

// update takes over a metric's values. A label set that was deleted and created again starts at
// zero; the counts before that must not be lost.
func (x *publishedMetric) update(m *dto.Metric) {
	before := x.current
	x.current, x.spare = valuesOf(x.spare[:0], m), before
	if len(before) == len(x.current) && hasReset(x.kind, before, x.current) {
		if x.base == nil {
			x.base = make([]float64, len(before))
		}
		for i, v := range before {
			x.base[i] += v
		}
	}
	x.values = append(x.values[:0], x.current...)
	for i, v := range x.base {
		x.values[i] += v
	}
}

// hasReset reports whether a count has fallen: a counter, a bucket, or the count of a summary,
// which precedes its sum.
func hasReset(k kind, before, now []float64) bool {
	switch k.name {
	case "counter", "summary":
		return now[0] < before[0]
	case "histogram":
		for i := 1; i < len(now); i++ { // after the sum
			if now[i] < before[i] {
				return true
			}
		}
	}
	return false
}

// appendIdentity appends a key that identifies a metric within this process. It skips the +Inf
// bucket, which a histogram has only once that bucket has an exemplar.
func appendIdentity(key []byte, k kind, f *dto.MetricFamily, m *dto.Metric) []byte {
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

// keysOf returns the keys of a metric's values, in the order of valuesOf.
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

// valuesOf appends a metric's values. Buckets are not cumulative.
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

// allocate makes room for a metric's values.
func (p *Publisher) allocate(x *publishedMetric) (words []valueWords, err error) {
	s := p.files[x.kind]
	if s == nil {
		if s, err = p.newFile(x.kind); err != nil {
			return nil, err
		}
		if err := s.publish(); err != nil {
			return nil, err
		}
		p.files[x.kind] = s
	}
	return s.add(x.keys, x.values, p.now)
}

func (p *Publisher) newFile(k kind) (*valueFile, error) {
	if err := p.cells.requireFile(); err != nil {
		return nil, err
	}
	p.filesMade++
	return newValueFile(p.cells, k, p.layout, p.filesMade)
}

// dropGauges drops gauges that were not published in this round. It rewrites their file, because
// an entry cannot be removed from one, and retries later if there is no space for that.
func (p *Publisher) dropGauges() (missing int, err error) {
	for key, x := range p.known {
		if x.kind.name == "gauge" && x.round != p.round {
			p.staleKinds[x.kind] = true
			delete(p.known, key)
		}
	}
	for k := range p.staleKinds {
		if e := p.rewriteFile(k); e != nil {
			missing++
			err = cmp.Or(err, e)
			continue
		}
		delete(p.staleKinds, k)
	}
	return missing, err
}

func (p *Publisher) rewriteFile(k kind) error {
	before := p.files[k]
	if before == nil {
		return nil
	}
	s, err := p.newFile(k)
	if err != nil {
		return err
	}
	words := map[*publishedMetric][]valueWords{}
	for _, x := range p.known {
		if x.kind != k || len(x.values) == 0 {
			continue
		}
		if words[x], err = s.add(x.keys, x.values, p.now); err != nil {
			s.file.discard()
			return err
		}
		for i, was := range x.words {
			words[x][i].copyTimestamp(was)
		}
	}
	if err := s.publish(); err != nil {
		return err
	}
	for x, at := range words {
		x.words = at
	}
	before.file.close()
	p.files[k] = s
	return nil
}

// Close removes the process's live gauges on a clean shutdown, and closes its other files.
func (p *Publisher) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, s := range p.files {
		delete(p.files, k)
		if !strings.HasPrefix(k.mode, "live") {
			_ = s.file.file.Close() // the memory stays mapped, because values point into it
			continue
		}
		s.remove()
		maps.DeleteFunc(p.known, func(_ string, x *publishedMetric) bool { return x.kind == k })
	}
	p.restorer.close()
}
