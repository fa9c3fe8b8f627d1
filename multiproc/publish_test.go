//go:build unix

package multiproc

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

func counterOf(name string, v float64, labels ...string) *dto.MetricFamily {
	return add(newFamily(name, "Help.", dto.MetricType_COUNTER), v, labels...)
}

func gaugeOf(name string, v float64, labels ...string) *dto.MetricFamily {
	return add(gauge(name, "Help."), v, labels...)
}

// bound returns a bucket.
func bound(below float64, count uint64) *dto.Bucket {
	return &dto.Bucket{UpperBound: &below, CumulativeCount: &count}
}

func histogramOf(name string, sum float64, count uint64, buckets ...*dto.Bucket) *dto.MetricFamily {
	f := newFamily(name, "Help.", dto.MetricType_HISTOGRAM)
	f.Metric = []*dto.Metric{{Histogram: &dto.Histogram{SampleSum: &sum, SampleCount: &count, Bucket: buckets}}}
	return f
}

// inGo returns the Cells of a process that only pretends to be another one.
func inGo(t *testing.T, dir string, number int) *Cells {
	t.Helper()
	c := &Cells{dir: dir, id: fmt.Sprintf("%d-1-1-0", number)}
	if err := c.create(cellsPath(dir, c.id)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// publish writes all families, for which there must be space.
func publish(t *testing.T, p *Publisher, families ...*dto.MetricFamily) {
	t.Helper()
	if n := p.Publish(families); n > 0 {
		t.Errorf("%d samples are missing", n)
	}
}

// hostile are label values that must come back unchanged.
var hostile = []string{
	"", "plain", `quo"te`, `back\slash`, `\`, "new\nline", "tab\t", "\r\b\f", "ünïcödé", "日本語", "😀", "\u202eשלום", "مرحبا",
	"<&>", "\x00\x01\x1f\x7f", "{}", `a="b",c`, " ", strings.Repeat("x", 300), "\u2028\ufeff\uffff\U00010000\U0010ffff", `"]`, `\u0041`,
}

const hostileHelp = "Help \\ with\na \"quote\", <é> and 😀"

// A service has metrics of every client_golang type. Its counts follow from its number.
type service struct {
	prometheus.Registry
	requests, jobs *prometheus.CounterVec
	rooms          *prometheus.GaugeVec
	times          prometheus.Histogram
}

func newService(n int) *service {
	v := float64(n)
	s := &service{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total", Help: hostileHelp}, []string{"path", "b"}),
		jobs:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "jobs_total", Help: "Jobs."}, []string{"kind"}),
		rooms:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "rooms", Help: "Rooms."}, []string{"name"}),
		times:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "times_seconds", Help: "Times.", Buckets: []float64{.1, 1, 2.5, 1e7}}),
	}
	s.Registry = *prometheus.NewRegistry()
	sizes := prometheus.NewSummary(prometheus.SummaryOpts{Name: "sizes_bytes", Help: "Sizes.", Objectives: map[float64]float64{.5: .1}})
	native := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "native_seconds", Help: "Native.", NativeHistogramBucketFactor: 1.1})
	both := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "both_seconds", Help: "Both.", NativeHistogramBucketFactor: 1.1, Buckets: []float64{1, math.Inf(1)}})
	never := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "never_total", Help: "Never."}, []string{"a"})
	untyped := prometheus.MustNewConstMetric(prometheus.NewDesc("anything", "Untyped.", nil, nil), prometheus.UntypedValue, v)
	s.MustRegister(s.requests, s.jobs, s.rooms, s.times, sizes, native, both, never, constant{untyped})
	for mode := range modes {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "gauge_" + mode, Help: "A gauge."})
		s.MustRegister(g)
		g.Set(v)
	}
	for i, text := range hostile {
		s.requests.WithLabelValues(text, strconv.Itoa(i)).Add(10*v + float64(i))
	}
	for _, seconds := range []float64{.05, .5, 2, 9} {
		for range n {
			s.times.Observe(seconds)
		}
	}
	s.jobs.WithLabelValues("x").Add(v)
	s.rooms.WithLabelValues("a").Set(v)
	s.rooms.WithLabelValues("b").Set(-v)
	sizes.Observe(v)
	native.Observe(v)
	both.Observe(v)
	return s
}

// A constant is a collector of one metric.
type constant struct{ prometheus.Metric }

func (c constant) Describe(all chan<- *prometheus.Desc) { all <- c.Desc() }
func (c constant) Collect(all chan<- prometheus.Metric) { all <- c.Metric }

// change counts more, and removes label sets. The +Inf bucket of a histogram, missing before,
// now exists because of its exemplar.
func (s *service) change() {
	s.requests.WithLabelValues("plain", "1").Inc()
	s.times.(prometheus.ExemplarObserver).ObserveWithExemplar(1e8, prometheus.Labels{"trace_id": "1"})
	s.rooms.DeleteLabelValues("b")
	s.jobs.DeleteLabelValues("x")
	s.rooms.WithLabelValues("a").Add(100)
}

// serviceModes returns the modes of a service's gauges.
func serviceModes() map[string]string {
	all := map[string]string{}
	for mode := range modes {
		all["gauge_"+mode] = mode
	}
	return all
}

// publishAndObey is a service that takes commands.
func publishAndObey(dir string) {
	c, err := OpenCells(CellsOptions{Dir: dir})
	if err != nil {
		panic(err)
	}
	s, p := newService(argument(0)), NewPublisher(c, serviceModes())
	write := func() {
		families, err := s.Gather()
		if err != nil {
			panic(err)
		}
		if n := p.Publish(families); n > 0 {
			panic(n)
		}
	}
	write()
	obey(map[string]func(){"change": s.change, "publish": write, "close": p.Close})
}

// TestPublish: the metrics of two services are merged by type and mode. Gauges disappear with
// their label sets and, if they are live, with their process.
func TestPublish(t *testing.T) {
	dir := t.TempDir()
	one := startTestWorker(t, "publish", dir, 1)
	one.await("ready")
	two := startTestWorker(t, "publish", dir, 2)
	two.await("ready")
	one.tell("publish") // unchanged gauges do not become the most recent
	r := newReader(t, dir)

	want := samples{
		`jobs_total{kind="x"}`: 3, `rooms{name="a"}`: 3, `rooms{name="b"}`: -3, "anything": 3, "sizes_bytes_sum": 3, "sizes_bytes_count": 2,
		`times_seconds_bucket{le="0.1"}`: 3, `times_seconds_bucket{le="1"}`: 6, `times_seconds_bucket{le="2.5"}`: 9, `times_seconds_bucket{le="1e+07"}`: 12,
		`times_seconds_bucket{le="+Inf"}`: 12, "times_seconds_count": 12, "times_seconds_sum": 3 * 11.55,
		`native_seconds_bucket{le="+Inf"}`: 2, "native_seconds_count": 2, "native_seconds_sum": 3,
		`both_seconds_bucket{le="1"}`: 1, `both_seconds_bucket{le="+Inf"}`: 2, "both_seconds_count": 2, "both_seconds_sum": 3,
	}
	for i, text := range hostile {
		want[fmt.Sprintf("requests_total{b=%q, path=%q}", strconv.Itoa(i), text)] = 30 + 2*float64(i)
	}
	for mode, v := range map[string]float64{"min": 1, "max": 2, "sum": 3} {
		want["gauge_"+mode], want["gauge_live"+mode] = v, v
	}
	for _, w := range []struct {
		pid int
		v   float64
	}{{one.pid, 1}, {two.pid, 2}} {
		want[fmt.Sprintf(`gauge_all{pid="%d"}`, w.pid)], want[fmt.Sprintf(`gauge_liveall{pid="%d"}`, w.pid)] = w.v, w.v
	}
	want["gauge_mostrecent"], want["gauge_livemostrecent"] = 2, 2
	check := func(when string) {
		t.Helper()
		for _, r := range []*Reader{r, newReader(t, dir)} {
			got := gather(t, r)
			checkHelp(t, got)
			maps.DeleteFunc(got, func(name string, _ float64) bool { return strings.HasPrefix(name, "help of ") })
			compareSamples(t, when, got, want)
			checkDamage(t, r, "")
		}
	}
	check("at first")

	one.tell("change")
	check("before publishing")
	one.tell("publish")
	want[`requests_total{b="1", path="plain"}`]++
	want[`rooms{name="a"}`], want[`rooms{name="b"}`] = 103, -2
	want[`times_seconds_bucket{le="+Inf"}`], want["times_seconds_count"], want["times_seconds_sum"] = 13, 13, 3*11.55+1e8
	check("changed")

	two.tell("change")
	two.tell("publish")
	want[`requests_total{b="1", path="plain"}`]++
	want[`rooms{name="a"}`] = 203
	want[`times_seconds_bucket{le="+Inf"}`], want["times_seconds_count"], want["times_seconds_sum"] = 14, 14, 3*11.55+2e8
	delete(want, `rooms{name="b"}`)
	check("both changed")
	one.tell("publish")
	check("again")

	two.kill()
	want[`rooms{name="a"}`], want["anything"] = 101, 1
	want["gauge_livemax"], want["gauge_livesum"], want["gauge_livemostrecent"] = 1, 1, 1
	delete(want, fmt.Sprintf(`gauge_liveall{pid="%d"}`, two.pid))
	check("one killed")
	if n, err := newReader(t, dir).Compact(); n != 1+3+10 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	delete(want, fmt.Sprintf(`gauge_all{pid="%d"}`, two.pid))
	check("compacted")

	one.tell("close")
	for name := range want {
		if strings.HasPrefix(name, "gauge_live") || strings.HasPrefix(name, "rooms") || name == "anything" {
			delete(want, name)
		}
	}
	check("closed")
	one.tell("close")
	one.tell("change")
	one.tell("publish") // such as a last scrape
	want[`requests_total{b="1", path="plain"}`]++
	one.end()
	want[`times_seconds_bucket{le="+Inf"}`], want["times_seconds_count"], want["times_seconds_sum"] = 15, 15, 3*11.55+3e8
	check("ended")
}

func checkHelp(t *testing.T, got samples) {
	t.Helper()
	for help, kind := range map[string]dto.MetricType{
		"requests_total: " + hostileHelp: dto.MetricType_COUNTER, "anything: Untyped.": dto.MetricType_GAUGE,
		"gauge_all: A gauge.": dto.MetricType_GAUGE, "times_seconds: Times.": dto.MetricType_HISTOGRAM, "sizes_bytes: Sizes.": dto.MetricType_SUMMARY,
	} {
		if v, exists := got["help of "+help]; exists && v != float64(kind) || !exists && kind != dto.MetricType_GAUGE {
			t.Errorf("the type of %q is %v (there: %v), want %v", help, v, exists, kind)
		}
	}
}

// compareSamples reports differences.
func compareSamples(t *testing.T, when string, got, want samples) {
	t.Helper()
	for name, w := range want {
		if g, ok := got[name]; !ok || !near(g, w) {
			t.Errorf("%s: %s is %v (there: %v), want %v", when, name, g, ok, w)
		}
	}
	for name, g := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s is %v, but should not exist", when, name, g)
		}
	}
}

// TestPythonReadsPublished: Python's own client reads published files of Go processes with the
// same result. Modes that its release lacks are left out.
func TestPythonReadsPublished(t *testing.T) {
	dir := t.TempDir()
	for n := range 3 {
		w := startTestWorker(t, "publish", dir, n+1)
		w.await("ready")
		w.tell("change")
		w.tell("publish")
	}
	recent, _ := filepath.Glob(dir + "/gauge_*mostrecent_*.db")
	for _, path := range recent {
		_ = os.Remove(path)
	}
	want := samples{}
	for name, v := range parseText(t, runPython(t, "read", dir)) {
		if before, id, ok := strings.Cut(name, `pid="`); ok { // it shows our ids unchanged
			pid, _, _ := strings.Cut(id, "-")
			name = before + `pid="` + pid + `"}`
		}
		want[name] = v
	}
	compare(t, gather(t, newReader(t, dir)), want)
	if len(recent) != 6 || len(want) < 50 {
		t.Errorf("only %d samples were compared, and %d files left out", len(want), len(recent))
	}
}

// TestKeysAsInPython: keys equal those of Python's json.dumps, byte for byte, so that archives
// have each of them once.
func TestKeysAsInPython(t *testing.T) {
	texts := slices.Clone(hostile)
	for r := rune(0); r < 0x180; r++ {
		texts = append(texts, string(r), "a"+string(r)+"b")
	}
	for _, r := range []rune{0x7ff, 0x800, 0x2028, 0x2029, 0xd7ff, 0xe000, 0xfffd, 0xffff, 0x10000, 0x1f600, 0x10ffff} {
		texts = append(texts, string(r))
	}
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python(t), "-c", `import json, sys
print(json.dumps([json.dumps([s, s + "_sum", {"b": s, "a" + s: "1", "é": s, "Z": ""}, s], sort_keys=True) for s in json.load(sys.stdin)]))`)
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	for i, s := range texts {
		if got := pythonKey(s, s+"_sum", map[string]string{"b": s, "a" + s: "1", "é": s, "Z": ""}, s); got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[i])
		}
	}
	if got := pythonKey("\xff", "a", nil, "b\xed\xa0\x80"); got != `["\ufffd", "a", {}, "b\ufffd\ufffd\ufffd"]` {
		t.Errorf("invalid UTF-8: %s", got)
	}
}

// TestBoundsAsInPython: le is formatted as in Python, and every bound can be read back.
func TestBoundsAsInPython(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.0", 1: "1.0", -1: "-1.0", .1: "0.1", 2.5: "2.5", 1e-5: "1e-05", 100_000: "100000.0", 1e6: "1e+06", 1234567.5: "1.2345675e+06",
		123456789: "1.23456789e+08", 1e21: "1e+21", 5e-324: "5e-324", math.MaxFloat64: "1.7976931348623157e+308", math.Inf(-1): "-Inf",
	} {
		if got := pythonFloat(v); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
		if back, err := strconv.ParseFloat(pythonFloat(v), 64); err != nil || back != v {
			t.Errorf("%v was read back as %v, %v", v, back, err)
		}
	}
}

// TestPublishHistograms: buckets keep their values in every representation.
func TestPublishHistograms(t *testing.T) {
	float := func(v float64) *float64 { return &v }
	explicit := histogramOf("h", 9, 5, bound(1, 2), bound(math.Inf(1), 5))
	floats := newFamily("h", "Help.", dto.MetricType_HISTOGRAM)
	floats.Metric = []*dto.Metric{{Histogram: &dto.Histogram{SampleSum: float(9), SampleCountFloat: float(5), Bucket: []*dto.Bucket{{UpperBound: float(1), CumulativeCountFloat: float(2)}}}}}
	plain := samples{`h_bucket{le="1"}`: 2, `h_bucket{le="+Inf"}`: 5, "h_count": 5, "h_sum": 9}
	for name, c := range map[string]struct {
		families []*dto.MetricFamily // one after another
		want     samples
	}{
		"+Inf left out":     {[]*dto.MetricFamily{histogramOf("h", 9, 5, bound(1, 2))}, plain},
		"+Inf":              {[]*dto.MetricFamily{explicit}, plain},
		"+Inf later":        {[]*dto.MetricFamily{histogramOf("h", 4, 3, bound(1, 2)), explicit}, plain},
		"+Inf earlier":      {[]*dto.MetricFamily{explicit, histogramOf("h", 9, 5, bound(1, 2))}, plain},
		"of floats":         {[]*dto.MetricFamily{floats}, plain},
		"without buckets":   {[]*dto.MetricFamily{histogramOf("h", 9, 5)}, samples{`h_bucket{le="+Inf"}`: 5, "h_count": 5, "h_sum": 9}},
		"only +Inf":         {[]*dto.MetricFamily{histogramOf("h", 9, 5, bound(math.Inf(1), 5))}, samples{`h_bucket{le="+Inf"}`: 5, "h_count": 5, "h_sum": 9}},
		"-Inf":              {[]*dto.MetricFamily{histogramOf("h", 9, 5, bound(math.Inf(-1), 1), bound(1, 2))}, samples{`h_bucket{le="-Inf"}`: 1, `h_bucket{le="1"}`: 2, `h_bucket{le="+Inf"}`: 5, "h_count": 5, "h_sum": 9}},
		"nothing in it":     {[]*dto.MetricFamily{histogramOf("h", 0, 0, bound(1, 0))}, samples{`h_bucket{le="1"}`: 0, `h_bucket{le="+Inf"}`: 0, "h_count": 0, "h_sum": 0}},
		"a sum that falls":  {[]*dto.MetricFamily{histogramOf("h", 9, 1, bound(1, 1)), histogramOf("h", -3, 2, bound(1, 2))}, samples{`h_bucket{le="1"}`: 2, `h_bucket{le="+Inf"}`: 2, "h_count": 2, "h_sum": -3}},
		"another one again": {[]*dto.MetricFamily{explicit, counterOf("a_total", 1), explicit}, samples{`h_bucket{le="1"}`: 2, `h_bucket{le="+Inf"}`: 5, "h_count": 5, "h_sum": 9, "a_total": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := NewPublisher(openCells(t, dir), nil)
			r := newReader(t, dir)
			for _, f := range c.families {
				publish(t, p, f)
				_ = gather(t, r)
			}
			checkSamples(t, gather(t, r), c.want)
			checkSamples(t, gather(t, newReader(t, dir)), c.want)
			checkDamage(t, r, "")
		})
	}
}

// TestPublishedNames: invalid characters in a name become underscores. Names of counters do not
// change.
func TestPublishedNames(t *testing.T) {
	dir := t.TempDir()
	c := openCells(t, dir)
	publish(t, NewPublisher(c, nil), counterOf("a_total", 1, "x.y", "1"), counterOf("without_suffix", 2), counterOf("total", 3),
		gaugeOf("http.server.ünits", 4), gaugeOf("b_total", 5), histogramOf("c_total", 6, 1))
	want := samples{
		`a_total{x_y="1"}`: 1, "without_suffix": 2, "total": 3, "http_server__nits": 4, "b_total": 5,
		"c_total_sum": 6, "c_total_count": 1, `c_total_bucket{le="+Inf"}`: 1,
	}
	r := newReader(t, dir)
	checkSamples(t, gather(t, r), want)
	checkDamage(t, r, "")
	_ = c.Close()
	if _, err := r.Compact(); err != nil {
		t.Error(err)
	}
	delete(want, "http_server__nits")
	delete(want, "b_total")
	checkSamples(t, gather(t, r), want)
	checkSamples(t, gather(t, newReader(t, dir)), want)
}

// TestGaugesVanish: a gauge that is no longer gathered disappears, and reappears if it is
// gathered again; others do not change. A counter stays.
func TestGaugesVanish(t *testing.T) {
	dir := t.TempDir()
	p := NewPublisher(openCells(t, dir), map[string]string{"m": "max"})
	r := newReader(t, dir)
	for i, step := range []struct {
		families []*dto.MetricFamily
		want     samples
	}{
		{[]*dto.MetricFamily{gaugeOf("g", 1, "x", "a"), gaugeOf("g", 2, "x", "b"), gaugeOf("m", 3), counterOf("a_total", 1)}, samples{`g{x="a"}`: 1, `g{x="b"}`: 2, "m": 3, "a_total": 1}},
		{[]*dto.MetricFamily{gaugeOf("g", 5, "x", "b"), gaugeOf("m", 3)}, samples{`g{x="b"}`: 5, "m": 3, "a_total": 1}},
		{[]*dto.MetricFamily{gaugeOf("g", 6, "x", "b"), gaugeOf("m", 4)}, samples{`g{x="b"}`: 6, "m": 4, "a_total": 1}},
		{[]*dto.MetricFamily{gaugeOf("g", 7, "x", "a"), gaugeOf("m", 2), counterOf("a_total", 2)}, samples{`g{x="a"}`: 7, "m": 2, "a_total": 2}},
		{nil, samples{"a_total": 2}},
		{[]*dto.MetricFamily{gaugeOf("g", 8, "x", "c")}, samples{`g{x="c"}`: 8, "a_total": 2}},
	} {
		for range 2 {
			publish(t, p, step.families...)
			for _, r := range []*Reader{r, newReader(t, dir)} {
				got := gather(t, r)
				maps.DeleteFunc(got, func(name string, _ float64) bool { return strings.HasPrefix(name, "help of ") })
				compareSamples(t, fmt.Sprint("step ", i), got, step.want)
			}
		}
	}
}

// TestGaugesRewritten: a rewritten file is recognized even with the inode of the last but one,
// and keys of the same length.
func TestGaugesRewritten(t *testing.T) {
	dir := t.TempDir()
	p := NewPublisher(openCells(t, dir), nil)
	r := newReader(t, dir)
	for i := range 20 {
		for j := range 1 + i%3 {
			publish(t, p, gaugeOf("g", float64(i), "x", string(rune('a'+i)), "y", string(rune('a'+j))))
		}
		checkSamples(t, gather(t, r), samples{fmt.Sprintf("g{x=%q, y=%q}", string(rune('a'+i)), string(rune('a'+i%3))): float64(i)})
		checkDamage(t, r, "")
	}
}

// TestMostRecent: the latest value of all processes is shown. A rewrite of the file because of
// another label set does not make a value newer, nor does publishing it again.
func TestMostRecent(t *testing.T) {
	dir := t.TempDir()
	var publishers []*Publisher
	for i := range 2 {
		p := NewPublisher(inGo(t, dir, i+1), map[string]string{"g": "mostrecent"})
		publishers = append(publishers, p)
	}
	r := newReader(t, dir)
	for i, step := range []struct {
		who    int
		values map[string]float64
		want   samples
	}{
		{0, map[string]float64{"a": 1, "b": 1}, samples{`g{x="a"}`: 1, `g{x="b"}`: 1}},
		{1, map[string]float64{"a": 2, "b": 2}, samples{`g{x="a"}`: 2, `g{x="b"}`: 2}},
		{0, map[string]float64{"a": 1, "b": 3}, samples{`g{x="a"}`: 2, `g{x="b"}`: 3}},
		{0, map[string]float64{"a": 1}, samples{`g{x="a"}`: 2, `g{x="b"}`: 2}},
		{0, map[string]float64{"a": 0}, samples{`g{x="a"}`: 0, `g{x="b"}`: 2}},
		{1, map[string]float64{"b": 2}, samples{`g{x="a"}`: 0, `g{x="b"}`: 2}},
	} {
		p := publishers[step.who]
		p.now = func() time.Time { return time.Unix(int64(100+i), 0) }
		var families []*dto.MetricFamily
		for x, v := range step.values {
			families = append(families, gaugeOf("g", v, "x", x))
		}
		publish(t, p, families...)
		got := gather(t, r)
		maps.DeleteFunc(got, func(name string, _ float64) bool { return strings.HasPrefix(name, "help of ") })
		compareSamples(t, fmt.Sprint("step ", i), got, step.want)
		checkDamage(t, r, "")
	}
}

func TestGaugeMode(t *testing.T) {
	for name, want := range map[string]string{
		"rooms": "livesum", "go_goroutines": "livesum", "process_open_fds": "livesum", "process_resident_memory_bytes": "livesum",
		"info": "livesum", "limit": "livesum", "a_ratio_b": "livesum",
		"process_start_time_seconds": "livemin",
		"go_info":                    "livemax", "build_info": "livemax", "last_success_timestamp_seconds": "livemax", "other_start_time_seconds": "livemax",
		"cache_hit_ratio": "livemax", "queue_limit": "livemax", "memory_limit_bytes": "livemax", "process_max_fds": "livemax",
		"process_virtual_memory_max_bytes": "livemax", "go_gc_gogc_percent": "livemax", "go_gc_gomemlimit_bytes": "livemax", "go_sched_gomaxprocs_threads": "livemax",
	} {
		if got := GaugeMode(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	all := GaugeModes()
	if len(all) != 10 || !slices.IsSorted(all) || !slices.Contains(all, "liveall") {
		t.Errorf("modes are %v", all)
	}
	dir := t.TempDir()
	publish(t, NewPublisher(openCells(t, dir), map[string]string{"a_info": "min"}), gaugeOf("a_info", 1), gaugeOf("b_info", 1), gaugeOf("c", 1))
	for _, mode := range []string{"min", "livemax", "livesum"} {
		if files, _ := filepath.Glob(dir + "/gauge_" + mode + "_*.db"); len(files) != 1 {
			t.Errorf("files of %s: %v", mode, files)
		}
	}
}

// TestPublishMuch: files grow while they are read, without reported damage, and the first series
// stay at their addresses. After thousands of gauges have disappeared, the file contains only
// the rest.
func TestPublishMuch(t *testing.T) {
	dir := t.TempDir()
	p := NewPublisher(openCells(t, dir), nil)
	family, gone := newFamily("a_total", "Help.", dto.MetricType_COUNTER), newFamily("g", "Help.", dto.MetricType_GAUGE)
	stop := make(chan struct{})
	var reading sync.WaitGroup
	for range 2 {
		reading.Go(func() {
			r := newReader(t, dir)
			for last := (samples{}); ; {
				select {
				case <-stop:
					return
				default:
				}
				got := gather(t, r)
				checkDamage(t, r, "")
				for name, v := range last {
					if got[name] < v && strings.HasPrefix(name, "a_total") {
						t.Errorf("%s fell from %v to %v", name, v, got[name])
						return
					}
				}
				last = got
			}
		})
	}
	const rounds, each = 40, 100
	for i := range rounds {
		for j := range each {
			add(family, 0, "round", strconv.Itoa(i), "series", strconv.Itoa(j))
			add(gone, 1, "round", strconv.Itoa(i), "series", strconv.Itoa(j))
		}
		for _, m := range family.Metric {
			*m.Counter.Value++
		}
		gone.Metric = gone.Metric[each/2:]
		publish(t, p, family, gone)
	}
	close(stop)
	reading.Wait()
	got := gather(t, newReader(t, dir))
	for i := range rounds {
		for j := range each {
			if name := fmt.Sprintf(`a_total{round="%d", series="%d"}`, i, j); got[name] != float64(rounds-i) {
				t.Fatalf("%s is %v, want %d", name, got[name], rounds-i)
			}
		}
	}
	if n := len(got) - 2; n != rounds*each*3/2 {
		t.Errorf("there are %d samples", n)
	}
	if pieces := len(p.files[kind{name: "counter"}].file.pieces); pieces < 3 {
		t.Errorf("the file has grown in only %d pieces", pieces)
	}
}

// TestPublishAllocates: publishing known metrics allocates next to nothing.
func TestPublishAllocates(t *testing.T) {
	p := NewPublisher(openCells(t, t.TempDir()), nil)
	families := []*dto.MetricFamily{newFamily("a_total", "Help.", dto.MetricType_COUNTER), newFamily("g", "Help.", dto.MetricType_GAUGE)}
	for i := range 500 {
		add(families[0], 1, "path", "/some/route/"+strconv.Itoa(i), "status", "200")
		add(families[1], 1, "path", "/some/route/"+strconv.Itoa(i), "status", "200")
	}
	families = append(families, histogramOf("h", 1, 1, bound(1, 1), bound(2, 1)))
	publish(t, p, families...)
	if n := testing.AllocsPerRun(20, func() {
		*families[0].Metric[7].Counter.Value++
		publish(t, p, families...)
	}); n > 3 {
		t.Errorf("publishing 1000 known series allocates %v times", n)
	}
}

// TestPublishReset: a label set that is deleted and created again starts at zero in its process,
// and the service's total goes on.
func TestPublishReset(t *testing.T) {
	dir := t.TempDir()
	c, err := OpenCells(CellsOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	registry := prometheus.NewRegistry()
	orders := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "orders_total", Help: "Orders."}, []string{"kind"})
	waits := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "wait", Help: "Waits.", Buckets: []float64{1}}, []string{"kind"})
	depth := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "depth", Help: "Depth."}, []string{"kind"})
	registry.MustRegister(orders, waits, depth)
	p := NewPublisher(c, nil)
	publish := func() {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		p.Publish(families)
	}
	count := func(n float64) {
		orders.WithLabelValues("pen").Add(n)
		waits.WithLabelValues("pen").Observe(n)
		depth.WithLabelValues("pen").Set(n)
		publish()
	}
	count(5)
	orders.Reset()
	waits.Reset()
	depth.Reset()
	count(0.5)
	orders.Reset()
	count(0.25)
	got := gather(t, newReader(t, dir))
	for sample, want := range map[string]float64{
		`orders_total{kind="pen"}`: 5.75, `wait_sum{kind="pen"}`: 5.75, `wait_count{kind="pen"}`: 3,
		`wait_bucket{kind="pen", le="1"}`: 2, `depth{kind="pen"}`: 0.25,
	} {
		if got[sample] != want {
			t.Errorf("%s is %v, want %v, in %v", sample, got[sample], want, got)
		}
	}
}
