package remotewrite

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb/agent"
	"github.com/prometheus/prometheus/util/compression"

	"github.com/tacho-go/tacho/internal/locked"
)

// A recorder is a receiver that remembers what it has accepted.
type recorder struct {
	*httptest.Server
	mu      sync.Mutex
	samples map[string][]prompb.Sample // by the label __name__, in the order of arrival
	answer  http.HandlerFunc           // if not nil, instead of accepting
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{samples: map[string][]prompb.Sample{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answer != nil {
		r.answer(w, req)
		return
	}
	compressed, _ := io.ReadAll(req.Body)
	body, err := snappy.Decode(nil, compressed)
	var m prompb.WriteRequest
	if err == nil {
		err = m.Unmarshal(body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for _, s := range m.Timeseries {
		for _, l := range s.Labels {
			if l.Name == "__name__" {
				r.samples[l.Value] = append(r.samples[l.Value], s.Samples...)
			}
		}
	}
}

func (r *recorder) answering(h http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = h
}

// values returns the values of a series in the order of arrival.
func (r *recorder) values(name string) []float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []float64
	for _, s := range r.samples[name] {
		all = append(all, s.Value)
	}
	return all
}

func unavailable(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusServiceUnavailable)
}

// A logged is a log with a sender.
type logged struct {
	*Sender
	t    *testing.T
	dir  string
	db   *agent.DB
	reg  *prometheus.Registry
	text *locked.Buffer
	base int64 // time of the value 0
}

// begin is the time of the value 0.
var begin = time.Now().Add(-time.Hour).UnixMilli()

// small is a log whose segments are small, so that few samples fill several.
var small = agent.Options{WALSegmentSize: 32 << 10, WALCompression: compression.None, TruncateFrequency: time.Hour}

func open(t *testing.T, dir string, backlog time.Duration, o agent.Options) *logged {
	t.Helper()
	l := &logged{t: t, dir: dir, reg: prometheus.NewRegistry(), text: &locked.Buffer{}, base: begin}
	log := slog.New(slog.NewTextHandler(l.text, nil))
	empty := remote.NewStorage(log, nil, func() (int64, error) { return 0, nil }, dir, time.Second, nil, false)
	db, err := agent.Open(log, nil, empty, dir, &o)
	if err != nil {
		t.Fatal(err)
	}
	l.db = db
	l.Sender = New(Options{DataDir: dir, MaxBacklog: backlog, FlushDeadline: time.Second, Registerer: l.reg, Logger: log})
	db.SetWriteNotified(l.Sender)
	t.Cleanup(func() {
		_ = l.Close()
		_ = empty.Close()
		if t.Failed() {
			t.Log(l.text)
		}
	})
	return l
}

// close ends the sender and the log.
func (l *logged) close() {
	l.t.Helper()
	if err := l.Close(); err != nil {
		l.t.Error(err)
	}
	if err := l.db.Close(); err != nil {
		l.t.Error(err)
	}
}

const fast = "queue_config: {batch_send_deadline: 20ms, min_backoff: 5ms, max_backoff: 20ms}"

// apply applies remote_write sections.
func (l *logged) apply(sections ...string) {
	l.t.Helper()
	c, err := config.Load("remote_write:\n"+strings.Join(sections, "\n"), slog.New(slog.DiscardHandler))
	if err == nil {
		err = l.ApplyConfig(c)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func to(r *recorder, more string) string {
	if more != "" {
		more = ", " + more
	}
	return fmt.Sprintf("- {url: '%s', metadata_config: {send: false}, %s%s}", r.URL, fast, more)
}

// write commits samples from one value to the one before another. The value is also the time
// in milliseconds.
func (l *logged) write(name string, from, to int) {
	l.t.Helper()
	for v := from; v < to; v++ {
		app := l.db.AppenderV2(context.Background())
		if _, err := app.Append(0, labels.FromStrings("__name__", name), 0, l.base+int64(v), float64(v), nil, nil, storage.AOptions{}); err != nil {
			l.t.Fatal(err)
		}
		if err := app.Commit(); err != nil {
			l.t.Fatal(err)
		}
	}
}

// metric returns the value of a metric of the only receiver.
func (l *logged) metric(name string) float64 {
	l.t.Helper()
	all, err := l.reg.Gather()
	if err != nil {
		l.t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() == name {
			m := f.GetMetric()[0]
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return math.NaN()
}

// awaitValues waits until a receiver has got exactly the values, in order.
func (l *logged) awaitValues(r *recorder, name string, want []float64) {
	l.t.Helper()
	var got []float64
	l.await(name, func() bool { got = r.values(name); return len(got) >= len(want) })
	if !slices.Equal(got, want) {
		l.t.Fatalf("%s: %d values arrived, want %d; they differ first at %d:\n%.400v", name, len(got), len(want), differAt(got, want), got)
	}
}

// await waits for a state, at most 20 s; what follows fails then.
func (l *logged) await(what string, reached func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Errorf("waited 20 s for %s", what)
			return
		}
	}
}

func differAt(a, b []float64) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// numbers are the values from one to the one before another.
func numbers(from, to int) (all []float64) {
	for v := from; v < to; v++ {
		all = append(all, float64(v))
	}
	return all
}

// TestContinuesAfterRestart: a receiver gets each sample once and in order, whatever was not
// acknowledged when the sender ended, over several segments.
func TestContinuesAfterRestart(t *testing.T) {
	dir, r := t.TempDir(), newRecorder(t)
	l := open(t, dir, time.Hour, small)
	l.apply(to(r, ""))
	l.write("a", 0, 100)
	l.awaitValues(r, "a", numbers(0, 100))
	r.answering(unavailable)
	l.write("a", 100, 3000)
	l.close()

	l = open(t, dir, time.Hour, small)
	l.apply(to(r, ""))
	l.write("a", 3000, 3100)
	l.close()

	r.answering(nil)
	l = open(t, dir, time.Hour, small)
	l.apply(to(r, ""))
	l.write("a", 3100, 3200)
	l.awaitValues(r, "a", numbers(0, 3200))
	if n := len(l.spool.segments()); n < 3 {
		t.Errorf("only %d segments: the test tests little", n)
	}
	l.close()
}

// TestRepeatsTheSameRequests: what was not acknowledged before the end is sent in the same
// requests again, and what was acknowledged is not: a receiver that rejects a request because
// it has some of its samples rejects no others.
func TestRepeatsTheSameRequests(t *testing.T) {
	dir, r := t.TempDir(), newRecorder(t)
	var mu sync.Mutex
	var bodies [2][]string // before and after the restart
	life := 0
	r.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		mu.Lock()
		defer mu.Unlock()
		bodies[life] = append(bodies[life], string(body))
		if life == 0 && len(bodies[0])%2 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable) // every other one
		}
	})
	l := open(t, dir, time.Hour, small)
	section := fmt.Sprintf("- {url: '%s', queue_config: {batch_send_deadline: 500ms, max_samples_per_send: 10, min_backoff: 1h, max_backoff: 1h}}", r.URL)
	l.apply(section)
	app := l.db.AppenderV2(context.Background())
	for i := range 95 { // a record
		if _, err := app.Append(0, labels.FromStrings("__name__", fmt.Sprint("n", i%19)), 0, begin+int64(i), float64(i), nil, nil, storage.AOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	l.await("all requests", func() bool { mu.Lock(); defer mu.Unlock(); return len(bodies[0]) >= 10 })
	l.close()
	mu.Lock()
	life = 1
	mu.Unlock()
	l = open(t, dir, time.Hour, small)
	l.apply(section)
	l.await("the rest", func() bool { return l.metric("tacho_server_remote_write_backlog_bytes") == 0 })
	l.close()
	var want []string
	for i, b := range bodies[0] {
		if i%2 == 1 {
			want = append(want, b)
		}
	}
	slices.Sort(want)
	slices.Sort(bodies[1])
	if len(want) < 4 || !slices.Equal(bodies[1], want) {
		t.Errorf("%d requests after the restart, want the same %d", len(bodies[1]), len(want))
	}
}

// TestFirstStart: a receiver that is new gets what is written from now on, as in Prometheus.
func TestFirstStart(t *testing.T) {
	l, r := open(t, t.TempDir(), time.Hour, small), newRecorder(t)
	l.write("a", 0, 10)
	l.apply(to(r, ""))
	l.write("a", 10, 20)
	l.awaitValues(r, "a", numbers(10, 20))
	l.close()
}

// TestBacklogOutlivesTruncation: the storage removes segments that were not sent; the sender
// keeps them, with the series that they need, and removes them when they are sent.
func TestBacklogOutlivesTruncation(t *testing.T) {
	dir, r := t.TempDir(), newRecorder(t)
	r.answering(unavailable)
	o := small
	o.TruncateFrequency, o.MaxWALTime, o.MinWALTime = 300*time.Millisecond, 300, 1
	o.CheckpointFromInMemorySeries, o.CheckpointBatchSize = true, 1000
	l := open(t, dir, time.Hour, o)
	l.apply(to(r, ""))
	sent := 0
	for first := 0; first == 0 || len(numbered(l.spool.wal, checkpointPrefix)) == 0; {
		l.write("a", sent, sent+100)
		sent += 100
		l.synchronizeNow()
		if all := numbered(l.spool.wal, ""); len(all) > 0 {
			first = all[0]
		}
		if sent > 1_000_000 {
			t.Fatal("the storage does not truncate its log")
		}
	}
	if kept := numbered(l.spool.kept, ""); len(kept) == 0 || kept[0] != 0 {
		t.Fatalf("kept: %v", kept)
	}
	l.close()
	r.answering(nil)
	l = open(t, dir, time.Hour, o)
	l.apply(to(r, ""))
	l.awaitValues(r, "a", numbers(0, sent))
	l.write("a", sent, sent+1)
	l.awaitValues(r, "a", numbers(0, sent+1))
	l.synchronizeNow()
	if kept := numbered(l.spool.kept, ""); len(kept) > 0 && kept[0] == 0 {
		t.Errorf("still kept: %v", kept)
	}
	l.close()
}

func (l *logged) synchronizeNow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.synchronize()
}

// TestBacklogIsLimited: beyond MaxBacklog, the oldest segments are given up. That is counted
// and logged, and the rest arrives.
func TestBacklogIsLimited(t *testing.T) {
	dir, r := t.TempDir(), newRecorder(t)
	r.answering(unavailable)
	l := open(t, dir, time.Hour, small)
	l.apply(to(r, ""))
	l.write("a", 0, 5000)
	l.close()
	old := time.Now().Add(-2 * time.Hour)
	all := numbered(l.spool.wal, "")
	for _, n := range all[:3] { // the storage truncates its log, and the links are too old
		if err := os.Chtimes(filepath.Join(l.spool.wal, fmt.Sprintf("%08d", n)), old, old); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(l.spool.wal, fmt.Sprintf("%08d", n))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(checkpointDir(l.spool.wal, 2), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(l.spool.kept, "00000000"), filepath.Join(checkpointDir(l.spool.wal, 2), "00000000")); err != nil {
		t.Fatal(err)
	}
	r.answering(nil)
	l = open(t, dir, time.Hour, small)
	l.apply(to(r, ""))
	l.write("a", 5000, 5001)
	l.await("the last value", func() bool { return slices.Contains(r.values("a"), 5000) })
	got := r.values("a")
	if want := numbers(int(got[0]), 5001); !slices.Equal(got, want) {
		t.Errorf("after the first, %v, %d values arrived, want %d", got[0], len(got), len(want))
	}
	if n := l.metric("tacho_server_remote_write_skipped_segments_total"); n != 3 || got[0] == 0 {
		t.Errorf("%v segments were skipped, want 3; the first value is %v", n, got[0])
	}
	if !strings.Contains(l.text.String(), "samples were not sent") {
		t.Error("the log does not mention it")
	}
	l.close()
}

// TestDamagedSavepoint: with one damaged line, the other one counts: at most a window is sent
// again. With two, everything that is kept is sent.
func TestDamagedSavepoint(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"none":     func(b []byte) []byte { return b },
		"one line": func(b []byte) []byte { b[30] ^= 1; return b },
		"both":     func(b []byte) []byte { b[30] ^= 1; b[savepointSize+30] ^= 1; return b },
		"empty":    func([]byte) []byte { return nil },
		"zeros":    func(b []byte) []byte { clear(b); return b },
		"short":    func(b []byte) []byte { return b[:10] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, r := t.TempDir(), newRecorder(t)
			l := open(t, dir, time.Hour, small)
			l.apply(to(r, ""))
			for i := range 5 { // five windows
				l.write("a", 10*i, 10*i+10)
				l.awaitValues(r, "a", numbers(0, 10*i+10))
			}
			l.close()
			files, err := filepath.Glob(filepath.Join(dir, folder, "*.savepoint"))
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			text, err := os.ReadFile(files[0])
			if err == nil {
				err = os.WriteFile(files[0], damage(text), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			l = open(t, dir, time.Hour, small)
			l.apply(to(r, ""))
			l.write("a", 50, 60)
			want := map[string][]float64{
				"none": numbers(0, 60), "empty": numbers(0, 60),
				"both":  append(numbers(0, 50), numbers(0, 60)...),
				"zeros": append(numbers(0, 50), numbers(0, 60)...),
				"short": append(numbers(0, 50), numbers(0, 60)...),
			}[name]
			if want != nil {
				l.awaitValues(r, "a", want)
			} else {
				l.await("the last value", func() bool { return slices.Contains(r.values("a"), 59) })
				if n := len(r.values("a")); n > 70 {
					t.Errorf("%d values arrived, of which at most one window should be repeated", n)
				}
			}
			l.close()
		})
	}
}

// TestChangedReceiver: an unchanged receiver is not touched by a reload; a changed one
// continues where it was, and a new one starts now.
func TestChangedReceiver(t *testing.T) {
	a, b := newRecorder(t), newRecorder(t)
	l := open(t, t.TempDir(), time.Hour, small)
	l.apply(to(a, ""), to(b, "name: b"))
	l.write("x", 0, 10)
	l.awaitValues(a, "x", numbers(0, 10))
	l.awaitValues(b, "x", numbers(0, 10))
	a.answering(unavailable)
	l.write("x", 10, 20)
	l.awaitValues(b, "x", numbers(0, 20))
	a.answering(nil)
	unchanged := l.receivers["name b"]
	l.apply(to(a, "remote_timeout: 7s"), to(b, "name: b"))
	l.write("x", 20, 30)
	l.awaitValues(a, "x", numbers(0, 30))
	l.awaitValues(b, "x", numbers(0, 30))
	if l.receivers["name b"] != unchanged {
		t.Error("an unchanged receiver was replaced")
	}
	c := newRecorder(t)
	l.apply(to(c, "name: b"), to(a, "name: new"))
	l.write("x", 30, 40)
	l.awaitValues(c, "x", numbers(30, 40)) // the same name: the same position
	l.awaitValues(a, "x", numbers(0, 40))
	l.apply()
	if n, err := testutil.GatherAndCount(l.reg); n != 0 || err != nil {
		t.Errorf("%d metrics without receivers, %v", n, err)
	}
	l.close()
}

// TestOneReceiverHangs: others are not delayed, writers neither, and the end takes the flush
// deadline.
func TestOneReceiverHangs(t *testing.T) {
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hanging.Close()
	defer close(release)
	r := newRecorder(t)
	l := open(t, t.TempDir(), time.Hour, small)
	l.apply(to(r, ""), fmt.Sprintf("- {url: '%s', %s}", hanging.URL, fast))
	begin := time.Now()
	l.write("a", 0, 2000)
	l.awaitValues(r, "a", numbers(0, 2000))
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("2000 samples took %v", took)
	}
	begin = time.Now()
	l.close()
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("the end took %v with a deadline of a second", took)
	}
}

// TestHostileReceiver: whatever a receiver answers, what it has not rejected arrives in the
// end, in order.
func TestHostileReceiver(t *testing.T) {
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if len(header) > 0 {
				w.Header().Set(header[0], header[1])
			}
			w.WriteHeader(code)
		}
	}
	raw := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, text)
				_ = conn.Close()
			}
		}
	}
	for _, tt := range []struct {
		name     string
		answer   http.HandlerFunc
		config   string
		rejected bool
		atLeast  time.Duration
	}{
		{name: "500", answer: status(500)},
		{name: "503 later", answer: status(503, "Retry-After", "1"), atLeast: time.Second},
		{name: "503 nonsense", answer: status(503, "Retry-After", "-7 o'clock")},
		{name: "503 in the past", answer: status(503, "Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT")},
		{name: "429 later", answer: status(429, "Retry-After", "1"), config: "retry", atLeast: time.Second},
		{name: "429", answer: status(429), rejected: true},
		{name: "400", answer: status(400), rejected: true},
		{name: "302", answer: status(302), rejected: true},
		{name: "garbage", answer: raw("\x00\x01garbage\r\n\r\n")},
		{name: "nothing", answer: raw("")},
		{name: "too short", answer: raw("HTTP/1.1 500 Broken\r\nContent-Length: 100\r\n\r\nshort")},
		{name: "hangs", answer: func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, config: "remote_timeout: 100ms"},
		{name: "endless", answer: func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, config: "remote_timeout: 200ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRecorder(t)
			var tries int
			r.answering(func(w http.ResponseWriter, req *http.Request) { tries++; tt.answer(w, req) })
			l := open(t, t.TempDir(), time.Hour, small)
			section := to(r, tt.config)
			if tt.config == "retry" {
				section = strings.Replace(to(r, ""), "queue_config: {", "queue_config: {retry_on_http_429: true, ", 1)
			}
			l.apply(section)
			begin := time.Now()
			l.write("a", 0, 1)
			l.await("the first request", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return tries > 0 })
			want := numbers(0, 2)
			if tt.rejected {
				want = numbers(1, 2)
				l.await("the rejection", func() bool { return l.metric("prometheus_remote_storage_samples_failed_total") > 0 })
			}
			r.answering(nil)
			l.write("a", 1, 2)
			l.awaitValues(r, "a", want)
			if took := time.Since(begin); took < tt.atLeast {
				t.Errorf("sent again after %v; the receiver asked for %v", took, tt.atLeast)
			}
			failed, retried := l.metric("prometheus_remote_storage_samples_failed_total"), l.metric("prometheus_remote_storage_samples_retried_total")
			if (failed == 1) != tt.rejected || (retried > 0) == tt.rejected {
				t.Errorf("failed %v, retried %v", failed, retried)
			}
			l.close()
		})
	}
}

// TestUnconfirmed: a receiver that takes remote write 2.0 for something else and stores
// nothing is noticed.
func TestUnconfirmed(t *testing.T) {
	r := newRecorder(t)
	r.answering(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	l := open(t, t.TempDir(), time.Hour, small)
	l.apply(to(r, "protobuf_message: io.prometheus.write.v2.Request"))
	l.write("a", 0, 5)
	l.await("the rejection", func() bool { return l.metric("prometheus_remote_storage_samples_failed_total") == 5 })
	if !strings.Contains(l.text.String(), "remove protobuf_message") {
		t.Errorf("the log has no fix:\n%s", l.text)
	}
	l.close()
}

// TestConvertsToClassic: with convert_nhcb_to_classic, a native histogram with custom buckets is
// sent as classic series, which end with it or when its buckets change.
func TestConvertsToClassic(t *testing.T) {
	l, r := open(t, t.TempDir(), time.Hour, small), newRecorder(t)
	l.apply(to(r, "convert_nhcb_to_classic: true"))
	commit := func(at int64, v float64, h *histogram.Histogram) {
		t.Helper()
		app := l.db.AppenderV2(context.Background())
		_, err := app.Append(0, labels.FromStrings("__name__", "h"), 0, begin+at, v, h, nil, storage.AOptions{})
		if err == nil {
			err = app.Commit()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	of := func(bounds ...float64) *histogram.Histogram {
		return &histogram.Histogram{
			Schema: histogram.CustomBucketsSchema, Count: 5, Sum: 7, CustomValues: bounds,
			PositiveSpans: []histogram.Span{{Length: 2}}, PositiveBuckets: []int64{2, 1}, // 2 and 3
		}
	}
	commit(1, 0, of(0.5, 1))
	commit(2, 0, of(0.5, 1))
	commit(3, 0, of(0.5))
	commit(4, math.Float64frombits(value.StaleNaN), nil)
	l.await("the end", func() bool { return len(r.values("h_sum")) >= 5 })
	stale := func(v float64) bool { return value.IsStaleNaN(v) }
	if got := r.values("h_sum"); len(got) != 5 || got[0] != 7 || got[1] != 7 || !stale(got[2]) || got[3] != 7 || !stale(got[4]) {
		t.Errorf("h_sum: %v", got)
	}
	if got := r.values("h_count"); len(got) != 5 || got[0] != 5 {
		t.Errorf("h_count: %v", got)
	}
	// 0.5, 1 and +Inf twice, their ends, 0.5 and +Inf, their ends
	if got := r.values("h_bucket"); len(got) != 13 || !slices.Contains(got, 2) || !slices.Contains(got, 5) {
		t.Errorf("h_bucket: %v", got)
	}
	if got := r.values("h"); len(got) > 0 {
		t.Errorf("h: %v", got)
	}
	l.close()
}

// TestMetricNames: a receiver has the metrics of Prometheus's queues, with the same labels, for
// existing dashboards and alerts.
func TestMetricNames(t *testing.T) {
	c, err := config.Load("remote_write: [{url: 'http://127.0.0.1:1/', name: n, metadata_config: {send: false}}]", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, t.TempDir(), time.Hour, small)
	theirs := prometheus.NewRegistry()
	p := remote.NewStorage(nil, theirs, func() (int64, error) { return 0, nil }, l.dir, 0, nil, false)
	defer p.Close()
	for _, apply := range []func(*config.Config) error{p.ApplyConfig, l.ApplyConfig} {
		if err := apply(c); err != nil {
			t.Fatal(err)
		}
	}
	missing := receiverMetrics(t, theirs)
	for name := range receiverMetrics(t, l.reg) {
		delete(missing, name)
	}
	delete(missing, "prometheus_remote_storage_enqueue_retries_total{n http://127.0.0.1:1/}") // there is no such queue
	if len(missing) > 0 {
		t.Errorf("missing: %v", missing)
	}
	l.close()
}

// receiverMetrics are the metrics of receivers in a registry, with the values of their labels.
func receiverMetrics(t *testing.T, reg *prometheus.Registry) map[string]bool {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, f := range families {
		var values []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			values = append(values, l.GetValue())
		}
		if len(values) == 2 && strings.HasPrefix(f.GetName(), "prometheus_remote_storage_") {
			all[f.GetName()+"{"+strings.Join(values, " ")+"}"] = true
		}
	}
	return all
}
