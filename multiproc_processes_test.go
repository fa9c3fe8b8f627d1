//go:build unix

package tacho_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/multiproc"
	"github.com/tacho-go/tacho/schema"
)

// TestMain lets the test program be one of a service's processes.
func TestMain(m *testing.M) {
	if role := os.Getenv("TACHO_TEST_ROLE"); role != "" {
		roles[role](os.Getenv("TACHO_TEST_ARG"))
		fmt.Println("ready")
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// roles are what a process does before it is ready.
var roles = map[string]func(arg string){
	// part records every third of what busy records, and some business.
	"part": func(arg string) {
		number, name, _ := strings.Cut(arg, " ")
		n, _ := strconv.Atoi(number)
		m := metertest.BusyPart(metertest.Setups()[name], func(i int) bool { return i%3 == n })
		recordBusiness(m)
		if err := m.Flush(); err != nil {
			panic(err)
		}
	},
	// buckets records one slow request, with other buckets.
	"buckets": func(string) {
		m := tacho.MustNew(tacho.Options{Buckets: tacho.Buckets{Latency: []float64{.2, .4, 3}}, OmitRuntime: true})
		observed(m, 300*time.Millisecond)
	},
	// fly leaves a request and a stream in flight.
	"fly": func(string) {
		m := tacho.MustNew(tacho.Options{OmitRuntime: true})
		var x metertest.Exchange
		metertest.Begin(m, &x, "GET", "/x")
		x.Flushed("text/event-stream")
	},
	// wrapped records ten requests behind a wrapped registry.
	"wrapped": func(how string) {
		opts, _ := wrappedOptions(how)
		opts.OmitRuntime = true
		m := tacho.MustNew(opts)
		for range 10 {
			metertest.Record(m, "GET", "/x", 200)
		}
		if err := m.Flush(); err != nil {
			panic(err)
		}
	},
	"wait for more": waitForMore,
	"wrapped runtime": func(how string) {
		opts, _ := wrappedOptions(how)
		if err := tacho.MustNew(opts).Flush(); err != nil {
			panic(err)
		}
	},
	// same name has a counter of its own that is called as a Meter's is.
	"same name": func(string) {
		opts, registry := wrappedOptions("prefix")
		mine := prometheus.NewCounter(prometheus.CounterOpts{Name: "http_requests_total", Help: "The user's own."})
		registry.MustRegister(mine)
		mine.Add(7)
		opts.OmitRuntime = true
		if err := tacho.MustNew(opts).Flush(); err != nil {
			panic(err)
		}
	},
}

// observed records a request that took so long.
func observed(m *tacho.Meter, took time.Duration) {
	now := int64(0)
	engine.Of(m).Clock = func() int64 { return now }
	var x metertest.Exchange
	metertest.Begin(m, &x, "GET", "/x")
	x.Route = "/x"
	x.WroteHeader(context.Background(), 200)
	now += int64(took)
	metertest.End(m, &x)
}

func recordBusiness(m *tacho.Meter) {
	orders := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shop_orders_total", Help: `With "quotes" and \.`}, []string{"kind"})
	orders.WithLabelValues("book").Add(1.5)
	depth := prometheus.NewGauge(prometheus.GaugeOpts{Name: "shop_queue", Help: "How long the queue is."})
	depth.Set(2)
	last := prometheus.NewGauge(prometheus.GaugeOpts{Name: "shop_last_order_timestamp_seconds", Help: "When the last one came."})
	last.Set(float64(1000 + os.Getpid()))
	items := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "shop_items", Help: "Items.", Buckets: []float64{1, 2.5}})
	items.Observe(2)
	m.Registerer().MustRegister(orders, depth, last, items)
}

// A sibling is another process of the service.
type sibling struct {
	cmd   *exec.Cmd
	ended bool
}

// startSibling starts a process in a role, and waits until it is ready.
func startSibling(t *testing.T, dir, role, arg string) *sibling {
	t.Helper()
	s := &sibling{cmd: exec.Command(os.Args[0])}
	s.cmd.Env = append(os.Environ(), "TACHO_TEST_ROLE="+role, "TACHO_TEST_ARG="+arg, "PROMETHEUS_MULTIPROC_DIR="+dir)
	s.cmd.Stderr = os.Stderr
	if _, err := s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the process in the role %s says %q", role, line)
	}
	return s
}

// kill ends it as kill -9 does.
func (s *sibling) kill() {
	if !s.ended {
		s.ended = true
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

// member is this process's Meter of a service whose processes share a directory.
func member(t *testing.T, dir string, opts tacho.Options) *tacho.Meter {
	t.Helper()
	opts.Multiproc.Dir = dir
	opts.OmitRuntime = true
	m, err := tacho.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Leave)
	return m
}

// aboutHTTP leaves the lines of a scrape that are a Meter's own, without those that
// say when something began and what only one process knows.
func aboutHTTP(m *tacho.Meter, body []byte) (lines []string) {
	for _, l := range metertest.SortedLines(body) {
		header := strings.TrimPrefix(strings.TrimPrefix(l, "# HELP "), "# TYPE ")
		name := header[:max(0, strings.IndexAny(header, "{ "))]
		switch {
		case l == "", l == "# EOF", strings.Contains(l, "_created"), strings.HasPrefix(name, "tacho_multiproc_"):
		case strings.HasPrefix(name, "shop_"), strings.Contains(l, `metric="shop_`):
		default:
			lines = append(lines, l)
		}
	}
	return lines
}

// TestSharedIsPrivate: with its counts in shared memory a Meter exports what it
// exports with its own, in every format and for every option, exemplars included.
func TestSharedIsPrivate(t *testing.T) {
	for name, opts := range metertest.Setups() {
		t.Run(name, func(t *testing.T) {
			alone := metertest.Busy(opts)
			shared := opts
			shared.Multiproc.Dir = t.TempDir()
			m := metertest.Busy(shared)
			t.Cleanup(m.Leave)
			for _, accept := range []string{metertest.AcceptText, metertest.AcceptOpenMetrics} {
				_, got := metertest.Scrape(t, m.Metrics(), accept, "")
				_, want := metertest.Scrape(t, alone.Metrics(), accept, "")
				metertest.CompareLines(t, accept, withoutTimes(aboutHTTP(m, got)), withoutTimes(aboutHTTP(m, want)))
			}
			metertest.CompareFamilies(t, ownFamilies(t, m), ownFamilies(t, alone))
		})
	}
}

// ownFamilies are a Meter's own families in protocol buffers, native histograms
// included, without the times at which something began.
func ownFamilies(t *testing.T, m *tacho.Meter) map[string]*dto.MetricFamily {
	t.Helper()
	_, body := metertest.Scrape(t, m.Metrics(), metertest.AcceptProtobuf, "")
	all := metertest.Decode(t, body)
	for name, f := range all {
		if !m.Owns(name) || strings.HasPrefix(name, "tacho_series") {
			delete(all, name)
		}
		for _, x := range f.Metric {
			for _, created := range []interface{ ProtoReflect() protoreflect.Message }{x.Counter, x.Histogram, x.Summary} {
				if r := created.ProtoReflect(); r.IsValid() {
					r.Clear(r.Descriptor().Fields().ByName("created_timestamp"))
				}
			}
			for _, b := range x.GetHistogram().GetBucket() {
				if b.Exemplar != nil {
					b.Exemplar.Timestamp = nil
				}
			}
			for _, e := range x.GetHistogram().GetExemplars() {
				e.Timestamp = nil
			}
		}
	}
	return all
}

var exemplarTime = regexp.MustCompile(`(# \{.*\} \S+) \S+$`)

// withoutTimes leaves out when exemplars were taken.
func withoutTimes(lines []string) []string {
	for i, l := range lines {
		lines[i] = exemplarTime.ReplaceAllString(l, "$1")
	}
	return lines
}

// TestProcessesAreOne: three processes that share the requests export what one
// process exports that had them all: asked in any process, when all have been killed,
// and when they have been folded into an archive. Where the budget is spent they
// may differ in what is folded: each keeps to its own.
func TestProcessesAreOne(t *testing.T) {
	for name, opts := range metertest.Setups() {
		if opts.SeriesLimit > 0 || len(opts.Labels) > 0 { // Max of a label is of each process, too
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			alone := metertest.Busy(opts)
			_, want := metertest.Scrape(t, alone.Metrics(), metertest.AcceptText, "")
			m := member(t, dir, opts)
			var all []*sibling
			for n := range 3 {
				all = append(all, startSibling(t, dir, "part", fmt.Sprintf("%d %s", n, name)))
			}
			check := func(when string) {
				t.Helper()
				_, got := metertest.Scrape(t, m.Metrics(), metertest.AcceptText, "")
				metertest.CompareLines(t, when, aboutHTTP(m, got), aboutHTTP(m, want))
				if opts.NativeHistograms {
					compareNative(t, ownFamilies(t, m), ownFamilies(t, alone))
				}
			}
			check("alive")
			for _, s := range all {
				s.kill()
			}
			check("killed")
			if err := m.Compact(); err != nil {
				t.Fatal(err)
			}
			check("folded")
			if left, _ := filepath.Glob(dir + "/tacho_*.cells"); len(left) != 2 {
				t.Errorf("there are %v, want the archive and this process's", left)
			}
			m.Leave()
		})
	}
}

// compareNative compares the native parts of histograms: exemplars are those of the
// process that is asked.
func compareNative(t *testing.T, ours, theirs map[string]*dto.MetricFamily) {
	t.Helper()
	compared := 0
	for name, want := range theirs {
		for i, x := range want.Metric {
			if x.GetHistogram().GetSchema() == 0 {
				continue
			}
			compared++
			a, b := ours[name].Metric[i].GetHistogram(), x.GetHistogram()
			if fmt.Sprint(a.PositiveSpan, a.PositiveDelta, a.GetZeroCount(), a.GetSampleCount()) != fmt.Sprint(b.PositiveSpan, b.PositiveDelta, b.GetZeroCount(), b.GetSampleCount()) {
				t.Errorf("%s: %v\nwant %v", name, a, b)
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d native histograms were compared", compared)
	}
}

// TestBusinessOfProcesses: counters and histograms of client_golang are added up,
// gauges by their mode; what a process was goes with it, what it counted stays.
func TestBusinessOfProcesses(t *testing.T) {
	dir := t.TempDir()
	m := member(t, dir, tacho.Options{Multiproc: tacho.Multiproc{GaugeModes: map[string]string{"shop_each": "liveall"}}})
	each, err := tacho.NewGauge[struct{}](m, tacho.MetricOptions{Name: "shop_each", Help: "Each has its own."})
	if err != nil {
		t.Fatal(err)
	}
	each.Set(struct{}{}, 7)
	recordBusiness(m)
	a, b := startSibling(t, dir, "part", "0 minimal"), startSibling(t, dir, "part", "1 minimal")
	pids := []int{os.Getpid(), a.cmd.Process.Pid, b.cmd.Process.Pid}
	for _, want := range []string{
		`shop_orders_total{kind="book"} 4.5`, `shop_queue 6`, `shop_items_bucket{le="1"} 0`, `shop_items_bucket{le="2.5"} 3`, `shop_items_count 3`, `shop_items_sum 6`,
		fmt.Sprintf("shop_last_order_timestamp_seconds %d", 1000+slices.Max(pids)),
		fmt.Sprintf(`shop_each{pid="%d"} 7`, os.Getpid()),
		`tacho_multiproc_workers{state="alive"} 3`,
	} {
		metertest.Line(t, m, want)
	}
	for _, s := range []*sibling{a, b} {
		s.kill()
	}
	for _, compacted := range []bool{false, true} {
		if compacted {
			if err := m.Compact(); err != nil {
				t.Fatal(err)
			}
			metertest.Line(t, m, `tacho_multiproc_workers{state="dead"} 0`)
		}
		for _, want := range []string{`shop_orders_total{kind="book"} 4.5`, `shop_queue 2`, `shop_items_count 3`, fmt.Sprintf("shop_last_order_timestamp_seconds %d", 1000+os.Getpid())} {
			metertest.Line(t, m, want)
		}
	}
}

// TestInFlightOfProcesses: what is in flight is added up, and is not any more when
// its process is gone.
func TestInFlightOfProcesses(t *testing.T) {
	dir := t.TempDir()
	m := member(t, dir, tacho.Options{})
	other := startSibling(t, dir, "fly", "")
	var x metertest.Exchange
	metertest.Begin(m, &x, "GET", "/x")
	metertest.Line(t, m, "http_requests_in_flight 2")
	metertest.Line(t, m, "http_streams_in_flight 1")
	other.kill()
	metertest.Line(t, m, "http_requests_in_flight 1")
	metertest.Line(t, m, "http_streams_in_flight 0")
}

// TestBucketsOfProcesses: a process with other buckets counts where it can be said
// for sure: in the first bucket that holds all of its own.
func TestBucketsOfProcesses(t *testing.T) {
	dir := t.TempDir()
	startSibling(t, dir, "buckets", "") // 0.3 s is in its bucket from 0.2 to 0.4
	m := member(t, dir, tacho.Options{Buckets: tacho.Buckets{Latency: []float64{.2, .3, 1}}})
	observed(m, 250*time.Millisecond)
	for _, want := range []string{`le="0.2"} 0`, `le="0.3"} 1`, `le="1"} 2`, `le="+Inf"} 2`} {
		metertest.Line(t, m, `http_request_duration_seconds_bucket{method="GET",path="/x",status="200",`+want)
	}
	metertest.Line(t, m, `http_request_duration_seconds_sum{method="GET",path="/x",status="200"} 0.55`)
}

// TestWorker: one process alone can be asked for; an unknown one is named, with
// those that there are.
func TestWorker(t *testing.T) {
	dir := t.TempDir()
	m := member(t, dir, tacho.Options{})
	metertest.Record(m, "GET", "/x", 200)
	other := startSibling(t, dir, "buckets", "")
	ask := func(pid int) (int, string) {
		w := httptest.NewRecorder()
		m.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics?worker="+strconv.Itoa(pid), nil))
		return w.Code, w.Body.String()
	}
	const total = `http_requests_total{method="GET",path="/x",status="200"}`
	for _, pid := range []int{os.Getpid(), other.cmd.Process.Pid} {
		if code, body := ask(pid); code != http.StatusOK || !strings.Contains(body, total+" 1\n") {
			t.Errorf("process %d: %d\n%s", pid, code, body)
		}
	}
	metertest.Line(t, m, total+" 2")
	code, body := ask(1 << 30)
	if code != http.StatusNotFound || !strings.Contains(body, strconv.Itoa(other.cmd.Process.Pid)) {
		t.Errorf("an unknown one: %d %s", code, body)
	}
}

// TestTwoMeters: a second Meter of a process has a directory of its own, below the
// first one's. On one registry the second one's metrics are there as well, once.
func TestTwoMeters(t *testing.T) {
	dir := t.TempDir()
	a := member(t, dir, tacho.Options{})
	b := member(t, dir, tacho.Options{})
	metertest.Record(a, "GET", "/a", 200)
	metertest.Record(b, "GET", "/b", 200)
	metertest.Line(t, a, `http_requests_total{method="GET",path="/a",status="200"} 1`)
	metertest.Line(t, b, `http_requests_total{method="GET",path="/b",status="200"} 1`)
	if got := b.Cells().Dir(); got != filepath.Join(dir, "2") {
		t.Errorf("the second one's directory is %s", got)
	}

	registry, both := prometheus.NewRegistry(), t.TempDir()
	var meters []*tacho.Meter
	for _, app := range []string{"one", "two"} {
		m := member(t, both, tacho.Options{Registerer: registry, ConstLabels: map[string]string{"app": app}, Namespace: app})
		metertest.Record(m, "GET", "/x", 200)
		meters = append(meters, m)
	}
	recordBusiness(meters[1])
	for range 2 { // also when each has written what it has
		for _, m := range meters {
			_ = m.Flush()
			for _, want := range []string{`one_http_requests_total{app="one",method="GET",path="/x",status="200"} 1`, `two_http_requests_total{app="two",method="GET",path="/x",status="200"} 1`, `shop_queue 2`} {
				metertest.Line(t, m, want)
			}
		}
	}
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `one_http_requests_total{app="one"`) {
		t.Errorf("promhttp says %d %s", w.Code, w.Body)
	}
}

// TestMultiprocSwitch: by Options, by either variable, by a prefork child of
// Fiber's; off where it is said to be.
func TestMultiprocSwitch(t *testing.T) {
	for _, test := range []struct {
		name string
		env  map[string]string
		opts tacho.Multiproc
		want string // a prefix
	}{
		{"nothing", nil, tacho.Multiproc{}, ""},
		{"the variable", map[string]string{"PROMETHEUS_MULTIPROC_DIR": "/a"}, tacho.Multiproc{}, "/a"},
		{"its old name", map[string]string{"prometheus_multiproc_dir": "/b"}, tacho.Multiproc{}, "/b"},
		{"Options", map[string]string{"PROMETHEUS_MULTIPROC_DIR": "/a"}, tacho.Multiproc{Dir: "/c"}, "/c"},
		{"off", map[string]string{"PROMETHEUS_MULTIPROC_DIR": "/a"}, tacho.Multiproc{Off: true}, ""},
		{"off, with a directory", nil, tacho.Multiproc{Dir: "/c", Off: true}, ""},
		{"Fiber", map[string]string{"FIBER_PREFORK_CHILD": "1"}, tacho.Multiproc{}, filepath.Join(os.TempDir(), fmt.Sprintf("tacho-prefork-%d-", os.Getppid()))},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, name := range []string{"PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir", "FIBER_PREFORK_CHILD"} {
				t.Setenv(name, test.env[name])
			}
			got := (tacho.Options{Multiproc: test.opts}).MultiprocDir()
			if !strings.HasPrefix(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("the directory is %q, want %q", got, test.want)
			}
		})
	}
}

// TestPreforkSweeps: the directory of a prefork parent that is gone is removed by
// the next one's children; those of the living, and of others, stay.
func TestPreforkSweeps(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("FIBER_PREFORK_CHILD", "1")
	t.Setenv("PROMETHEUS_MULTIPROC_DIR", "")
	name := func(pid int, start string) string {
		parts := strings.Split(multiproc.ProcessName(pid), "-")
		if start != "" {
			parts[1] = start
		}
		return filepath.Join(os.TempDir(), tacho.PreforkPrefix+strings.Join(parts, "-"))
	}
	dead, alive, other := name(os.Getpid(), "1"), name(os.Getpid(), ""), filepath.Join(os.TempDir(), tacho.PreforkPrefix+"mine")
	for _, dir := range []string{dead, alive, other} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	m, err := tacho.New(tacho.Options{OmitRuntime: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Leave)
	for dir, want := range map[string]bool{dead: false, alive: true, other: true, name(os.Getppid(), ""): true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// TestMultiprocRefused: what cannot be is named, with what to do.
func TestMultiprocRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]tacho.Multiproc{
		"tacho: Options.Multiproc.Dir: " + file + " is not a directory":                           {Dir: file},
		`GaugeModes["x"]: "average" is not one of all, liveall, livemax, livemin`:                 {GaugeModes: map[string]string{"x": "average"}},
		"name a directory in Dir, or in PROMETHEUS_MULTIPROC_DIR, which this process may write (": {Dir: file + "/below"},
	} {
		registry := prometheus.NewRegistry()
		if _, err := tacho.New(tacho.Options{Multiproc: o, Registerer: registry}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
		if families, _ := registry.Gather(); len(families) > 0 && families[0].GetName() == "http_requests_in_flight" {
			t.Errorf("%+v: something is registered all the same", o)
		}
	}
}

// TestSharedAllocations: shared memory costs a request no allocation.
func TestSharedAllocations(t *testing.T) {
	m := member(t, t.TempDir(), tacho.Options{Schema: schema.Default()})
	metertest.Record(m, "GET", "/x", 200)
	var x metertest.Exchange
	if n := testing.AllocsPerRun(1000, func() {
		metertest.Begin(m, &x, "GET", "/x")
		x.WroteHeader(context.Background(), 200)
		x.Route = "/x"
		metertest.End(m, &x)
	}); n > 0 {
		t.Errorf("%v allocations a request", n)
	}
}

// TestFolderEmptied: a process whose folder is emptied under it goes on answering
// with its own counts.
func TestFolderEmptied(t *testing.T) {
	dir := t.TempDir()
	m := member(t, dir, tacho.Options{})
	metertest.Record(m, "GET", "/x", 200)
	if err := removeDir(dir); err != nil {
		t.Fatal(err)
	}
	metertest.Record(m, "GET", "/x", 200)
	metertest.Line(t, m, `http_requests_total{method="GET",path="/x",status="200"} 2`)
}

// TestPanicWhilePublishing: a function of the user's that panics costs neither the
// process nor what others see.
func TestPanicWhilePublishing(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := member(t, t.TempDir(), tacho.Options{Registerer: registry, Logger: slog.New(slog.DiscardHandler)})
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "broken"}, func() float64 { panic("on purpose") }))
	if err := m.Flush(); err == nil {
		t.Error("Flush says nothing")
	}
	metertest.Record(m, "GET", "/x", 200)
	metertest.Line(t, m, `http_requests_total{method="GET",path="/x",status="200"} 1`)
}

// wrapped are registries that change the names or labels of whatever is registered,
// as a service with several parts has them.
var wrapped = map[string]struct {
	wrap   func(prometheus.Registerer) prometheus.Registerer
	prefix string
	labels string // as a sample has them, before its own
}{
	"prefix": {func(r prometheus.Registerer) prometheus.Registerer {
		return prometheus.WrapRegistererWithPrefix("shop_", r)
	}, "shop_", ""},
	"labels": {func(r prometheus.Registerer) prometheus.Registerer {
		return prometheus.WrapRegistererWith(prometheus.Labels{"a_zone": "eu"}, r)
	}, "", `a_zone="eu",`},
	"both, twice": {func(r prometheus.Registerer) prometheus.Registerer {
		return prometheus.WrapRegistererWithPrefix("my_", prometheus.WrapRegistererWith(prometheus.Labels{"a_zone": "eu"},
			prometheus.WrapRegistererWithPrefix("shop_", r)))
	}, "shop_my_", `a_zone="eu",`},
}

// wrappedOptions are those of a Meter behind such a registry.
func wrappedOptions(how string) (tacho.Options, *prometheus.Registry) {
	registry := prometheus.NewRegistry()
	return tacho.Options{Registerer: wrapped[how].wrap(registry), Gatherer: registry}, registry
}

// promhttpBody is what client_golang's own handler serves.
func promhttpBody(t *testing.T, g prometheus.Gatherer) string {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(g, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("promhttp: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// TestWrappedRegistry: processes and Meters do not recognize each other by names, which
// a wrapper around the registry changes. The sum of all is exported once, under the
// wrapper's names and labels, whoever is asked and however often it is published.
func TestWrappedRegistry(t *testing.T) {
	for how, w := range wrapped {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			opts, registry := wrappedOptions(how)
			m := member(t, dir, opts)
			for range 3 {
				metertest.Record(m, "GET", "/x", 200)
			}
			for range 2 {
				startSibling(t, dir, "wrapped", how)
			}
			total := w.prefix + `http_requests_total{` + w.labels + `method="GET",path="/x",status="200"} `
			for range 3 { // also after each has published what it has
				if err := m.Flush(); err != nil {
					t.Fatal(err)
				}
				metertest.Line(t, m, total+"23")
			}
			if body := promhttpBody(t, registry); !strings.Contains(body, total+"23\n") {
				t.Errorf("promhttp gives\n%s", body)
			}
			if files, _ := filepath.Glob(dir + "/counter_*.db"); len(files) > 0 {
				t.Errorf("the sum is published in %v", files)
			}
			ask := httptest.NewRecorder()
			m.Metrics().ServeHTTP(ask, httptest.NewRequest("GET", "/metrics?worker="+strconv.Itoa(os.Getpid()), nil))
			if !strings.Contains(ask.Body.String(), "\n"+total+"3\n") {
				t.Errorf("one process alone gives\n%s", ask.Body)
			}
			shared, err := tacho.Shared(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body := promhttpBody(t, shared); !strings.Contains(body, "\n"+total+"23\n") {
				t.Errorf("a reader of the directory gives\n%s", body)
			}
		})
	}
}

// TestSameNameAsAMeter: a metric of the user's own is not taken for a Meter's because
// it has the name that a Meter's has without its wrapper.
func TestSameNameAsAMeter(t *testing.T) {
	dir := t.TempDir()
	opts, registry := wrappedOptions("prefix")
	mine := prometheus.NewCounter(prometheus.CounterOpts{Name: "http_requests_total", Help: "The user's own."})
	registry.MustRegister(mine)
	m := member(t, dir, opts)
	mine.Add(5)
	startSibling(t, dir, "same name", "")
	metertest.Line(t, m, "http_requests_total 12")
}

// TestWrappedTwice: Meters behind different wrappers of one registry tell each other's
// sums from metrics of the user's.
func TestWrappedTwice(t *testing.T) {
	dir, registry := t.TempDir(), prometheus.NewRegistry()
	var meters []*tacho.Meter
	for _, prefix := range []string{"a_", "b_"} {
		m := member(t, dir, tacho.Options{Registerer: prometheus.WrapRegistererWithPrefix(prefix, registry), Gatherer: registry})
		metertest.Record(m, "GET", "/x", 200)
		meters = append(meters, m)
	}
	for range 2 {
		for _, m := range meters {
			if err := m.Flush(); err != nil {
				t.Fatal(err)
			}
			metertest.Line(t, m, `a_http_requests_total{method="GET",path="/x",status="200"} 1`)
			metertest.Line(t, m, `b_http_requests_total{method="GET",path="/x",status="200"} 1`)
		}
	}
	if files, _ := filepath.Glob(dir + "/2/*.db"); len(files) > 0 {
		t.Errorf("the first one's sums are published in %v", files)
	}
}

// TestWrappedRuntime: the runtime's metrics become one by the same rules behind a
// wrapper, and keep its names and labels.
func TestWrappedRuntime(t *testing.T) {
	dir := t.TempDir()
	opts, _ := wrappedOptions("both, twice")
	opts.Multiproc.Dir = dir
	m, err := tacho.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Leave)
	startSibling(t, dir, "wrapped runtime", "both, twice")
	if err := m.Flush(); err != nil {
		t.Fatal(err)
	}
	_, body := metertest.Scrape(t, m.Metrics(), metertest.AcceptText, "")
	value := func(name string) float64 {
		t.Helper()
		for _, l := range metertest.SortedLines(body) {
			if v, ok := strings.CutPrefix(l, name+`{a_zone="eu"} `); ok {
				n, _ := strconv.ParseFloat(v, 64)
				return n
			}
		}
		t.Errorf("there is no %s", name)
		return 0
	}
	setting := debug.SetGCPercent(100)
	debug.SetGCPercent(setting)
	if got := value("shop_my_go_gc_gogc_percent"); got != float64(setting) {
		t.Errorf("the garbage collector's setting is %v and not %d, as if processes had to be added up", got, setting)
	}
	if got := value("shop_my_process_start_time_seconds"); got > float64(time.Now().Unix()+1) || got < float64(time.Now().Unix()-24*3600) {
		t.Errorf("the start is at %v", got)
	}
	resident := value("shop_my_process_resident_memory_bytes")
	if workers := sumOf(t, body, "tacho_multiproc_worker_resident_memory_bytes"); resident < workers/2 || resident > workers*2 {
		t.Errorf("resident are %v bytes, and %v of all workers", resident, workers)
	}
	if strings.Contains(string(body), "\nprocess_") {
		t.Error("there are process_* without the wrapper's prefix as well")
	}
}

// sumOf adds up a metric's samples.
func sumOf(t *testing.T, body []byte, name string) (sum float64) {
	t.Helper()
	for _, l := range metertest.SortedLines(body) {
		if strings.HasPrefix(l, name+"{") || strings.HasPrefix(l, name+" ") {
			n, err := strconv.ParseFloat(l[strings.LastIndexByte(l, ' ')+1:], 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += n
		}
	}
	return sum
}

// TestWrappedGatherFails: where the registry cannot give everything, a Meter behind a
// wrapper is not exported a second time without it.
func TestWrappedGatherFails(t *testing.T) {
	opts, registry := wrappedOptions("prefix")
	opts.OmitRuntime, opts.Logger = true, slog.New(slog.DiscardHandler)
	m, err := tacho.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	registry.MustRegister(constantMetric{prometheus.NewInvalidMetric(prometheus.NewDesc("broken", "Broken.", nil, nil), errors.New("on purpose"))})
	metertest.Record(m, "GET", "/x", 200)
	_, body := metertest.Scrape(t, m.Metrics(), metertest.AcceptText, "")
	if text := string(body); !strings.Contains(text, "\nshop_http_requests_total{") || strings.Contains(text, "\nhttp_requests_total{") {
		t.Errorf("the Meter is exported twice, or not under its names:\n%s", text)
	}
}

// A constantMetric is a collector of one metric.
type constantMetric struct{ prometheus.Metric }

func (c constantMetric) Describe(ch chan<- *prometheus.Desc) { ch <- c.Desc() }
func (c constantMetric) Collect(ch chan<- prometheus.Metric) { ch <- c.Metric }

// TestPublishedInOrder: whoever publishes at the same time, no counter is taken to have
// begun anew because an older value of it comes later.
func TestPublishedInOrder(t *testing.T) {
	m := member(t, t.TempDir(), tacho.Options{})
	var n atomic.Int64
	m.Registerer().MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "shop_collected_total", Help: "Collections."}, func() float64 {
		v := n.Add(1)
		runtime.Gosched()
		return float64(v)
	}))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 300 {
				_ = m.Flush()
			}
		})
	}
	all.Wait()
	_, body := metertest.Scrape(t, m.Metrics(), metertest.AcceptText, "")
	if got, most := sumOf(t, body, "shop_collected_total"), float64(n.Load()); got > most || got < 1200 {
		t.Errorf("%v are exported of %v", got, most)
	}
}

// processes are what the Meter shares counts with.
