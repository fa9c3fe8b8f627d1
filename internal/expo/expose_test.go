package expo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/guard"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/schema"
)

// TestSameAsClientGolang: for the same state our encoders write what
// client_golang's write, line for line after sorting, message for message.
func TestSameAsClientGolang(t *testing.T) {
	for name, opts := range metertest.Setups() {
		t.Run(name, func(t *testing.T) {
			m := metertest.Busy(opts)
			m.Registerer().MustRegister(collectors.NewGoCollector(), metertest.BusinessMetric())
			theirs := promhttp.HandlerFor(m.Gatherer(), promhttp.HandlerOpts{
				EnableOpenMetrics: true, EnableOpenMetricsTextCreatedSamples: opts.Endpoint.CreatedSamples,
			})
			for _, accept := range []string{metertest.AcceptText, metertest.AcceptOpenMetrics} {
				ours, a := metertest.Scrape(t, m.Metrics(), accept, "")
				want, b := metertest.Scrape(t, theirs, accept, "")
				if x, y := ours.Header.Get("Content-Type"), want.Header.Get("Content-Type"); x != y {
					t.Errorf("Content-Type %q, client_golang says %q", x, y)
				}
				metertest.CompareLines(t, accept, metertest.SortedLines(a), metertest.SortedLines(b))
			}
			_, a := metertest.Scrape(t, m.Metrics(), metertest.AcceptProtobuf, "")
			_, b := metertest.Scrape(t, theirs, metertest.AcceptProtobuf, "")
			metertest.CompareFamilies(t, metertest.Decode(t, a), metertest.Decode(t, b))
		})
	}
}

// TestConsistentUnderLoad: scrapes under load always have buckets that add up,
// and counts that never fall.
func TestConsistentUnderLoad(t *testing.T) {
	m := tacho.MustNew(tacho.Options{NativeHistograms: true, OmitRuntime: true})
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		random := rand.New(rand.NewPCG(7, 8))
		s := engine.Of(m).Store.Series(engine.Of(m).Store.Route("/x"), "GET", false, 200)
		for {
			select {
			case <-stop:
				return
			default:
				s.Observe(random.Uint64N(1e9), uint32(random.IntN(8)))
			}
		}
	}()
	previous := map[float64]uint64{}
	for range 300 {
		_, body := metertest.Scrape(t, m.Metrics(), metertest.AcceptProtobuf, "")
		f := metertest.Decode(t, body)["http_request_duration_seconds"]
		if f == nil {
			continue
		}
		h := f.Metric[0].Histogram
		native, running := int64(h.GetZeroCount()), int64(0)
		for _, d := range h.PositiveDelta {
			running += d
			native += running
		}
		if uint64(native) != h.GetSampleCount() {
			t.Fatalf("native buckets hold %d, the count is %d", native, h.GetSampleCount())
		}
		last := uint64(0)
		for _, b := range h.Bucket {
			if b.GetCumulativeCount() < last || b.GetCumulativeCount() < previous[b.GetUpperBound()] {
				t.Fatalf("bucket %v fell", b)
			}
			last = b.GetCumulativeCount()
			previous[b.GetUpperBound()] = last
		}
		if last > h.GetSampleCount() {
			t.Fatalf("the buckets hold %d, the count is %d", last, h.GetSampleCount())
		}
	}
	close(stop)
	<-done
}

func TestNegotiation(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	for _, test := range []struct{ name, accept, encoding, wantType, wantEncoding string }{
		{"nothing asked", "", "", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", ""},
		{"Prometheus 3", "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", "gzip", "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8", "gzip"},
		{"Prometheus 3 with protobuf first", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1", "gzip", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores", "gzip"},
		{"preferences", "application/openmetrics-text;version=1.0.0;q=0.1,text/plain;version=0.0.4;q=0.9", "gzip;q=0.1, zstd;q=0.9", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", "zstd"},
		{"unwanted", "application/openmetrics-text;q=0,text/plain", "gzip;q=0", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", ""},
		{"both encodings", "text/plain", "gzip, deflate, br, zstd", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", "zstd"},
		{"a browser", "text/html,application/xhtml+xml,*/*;q=0.8", "", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", ""},
		{"protobuf text", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", "", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text; escaping=underscores", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			resp, body := metertest.Scrape(t, m.Metrics(), test.accept, test.encoding)
			if got := resp.Header.Get("Content-Type"); got != test.wantType && !strings.HasPrefix(test.wantType, got) {
				t.Errorf("Content-Type %q, want %q", got, test.wantType)
			}
			if got := resp.Header.Get("Content-Encoding"); got != test.wantEncoding {
				t.Errorf("Content-Encoding %q, want %q", got, test.wantEncoding)
			}
			if !bytes.Contains(metertest.Unpack(t, body, test.wantEncoding), []byte("http_requests_in_flight")) {
				t.Error("the body is not what it should be")
			}
			if strings.Join(resp.Header.Values("Vary"), ",") != "Accept,Accept-Encoding" {
				t.Errorf("Vary %v", resp.Header.Values("Vary"))
			}
		})
	}
}

// TestUTF8Names: a business metric with a UTF-8 name is escaped as the scraper
// asks.
func TestUTF8Names(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	m.Registerer().MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "my.metric", Help: "x"}, func() float64 { return 1 }))
	for accept, want := range map[string]string{
		"text/plain;version=1.0.0;escaping=allow-utf-8": "\n{\"my.metric\"} 1\n",
		metertest.AcceptText:                            "\nmy_metric 1\n",
	} {
		if _, body := metertest.Scrape(t, m.Metrics(), accept, ""); !bytes.Contains(body, []byte(want)) {
			t.Errorf("%s: no %q in\n%s", accept, want, body)
		}
	}
}

// TestBrokenCollectors: each costs its own families and is counted; the scrape
// has everything else.
func TestBrokenCollectors(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	for _, test := range []struct {
		reason  string
		collect func(*prometheus.Desc, chan<- prometheus.Metric)
	}{
		{"panic", func(*prometheus.Desc, chan<- prometheus.Metric) { panic("on purpose") }},
		{"invalid", func(d *prometheus.Desc, ch chan<- prometheus.Metric) {
			ch <- prometheus.NewInvalidMetric(d, errors.New("on purpose"))
		}},
		{"invalid", func(d *prometheus.Desc, ch chan<- prometheus.Metric) {
			for range 2 {
				ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, 1)
			}
		}},
		{"timeout", func(*prometheus.Desc, chan<- prometheus.Metric) { <-hang }},
	} {
		t.Run(test.reason, func(t *testing.T) {
			var log bytes.Buffer
			m := tacho.MustNew(tacho.Options{OmitRuntime: true, Endpoint: tacho.Endpoint{Timeout: 100 * time.Millisecond}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			m.Registerer().MustRegister(metertest.Broken("broken_metric", test.collect), metertest.BusinessMetric())
			metertest.Record(m, "GET", "/x", 200)
			for range 2 {
				_, body := metertest.Scrape(t, m.Metrics(), metertest.AcceptText, "")
				for _, want := range []string{"\nhttp_requests_total{", "\nshop_orders_total{"} {
					if !bytes.Contains(body, []byte(want)) {
						t.Errorf("no %q in\n%s", want, body)
					}
				}
			}
			metertest.Line(t, m, `tacho_scrape_errors_total{reason="`+test.reason+`"} 3`)
			if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "broken_metric") {
				t.Errorf("%d log lines:\n%s", n, &log)
			}
		})
	}
}

// leaving is a client that closes its connection after so many bytes.
type leaving struct {
	http.ResponseWriter
	left int
}

func (l *leaving) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return l.ResponseWriter.Write(p)
}

// TestClientThatLeavesIsNoError: a scraper that leaves in the middle of the answer, as one
// does whose time is up, is neither logged nor counted as a collector that failed.
func TestClientThatLeavesIsNoError(t *testing.T) {
	reg := prometheus.NewRegistry()
	for name, o := range map[string]tacho.Options{
		"own registry": {}, "the user's registry": {Registerer: reg, Gatherer: reg}, "Python's format": {Endpoint: tacho.Endpoint{PythonFormat: true}},
	} {
		for _, accept := range []string{metertest.AcceptText, metertest.AcceptOpenMetrics, metertest.AcceptProtobuf} {
			for _, query := range []string{"", "?name[]=shop_orders_total&name[]=wide_metric"} {
				var log bytes.Buffer
				o.OmitRuntime, o.Logger = true, slog.New(slog.NewTextHandler(&log, nil))
				if o.Registerer != nil {
					reg = prometheus.NewRegistry()
					o.Registerer, o.Gatherer = reg, reg
				}
				m := tacho.MustNew(o)
				wide := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "wide_metric", Help: "Many series."}, []string{"n"})
				for i := range 5000 {
					wide.WithLabelValues(strconv.Itoa(i)).Set(1)
				}
				m.Registerer().MustRegister(wide, metertest.BusinessMetric())
				for left := 0; left < 100_000; left += 10_000 {
					r := httptest.NewRequest("GET", "/metrics"+query, nil)
					r.Header.Set("Accept", accept)
					m.Metrics().ServeHTTP(&leaving{httptest.NewRecorder(), left}, r)
				}
				if log.Len() > 0 {
					t.Errorf("%s, %s, %s: it logs\n%s", name, accept, query, &log)
				}
				if n := engine.Of(m).Store.Failures[guard.Invalid].Load(); n > 0 {
					t.Errorf("%s, %s, %s: %d failures are counted", name, accept, query, n)
				}
			}
		}
	}
}

// TestBrokenFunction: a function of the user's that panics when its gauge is
// written costs that gauge.
func TestBrokenFunction(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Logger: slog.New(slog.DiscardHandler)})
	m.Registerer().MustRegister(metertest.BusinessMetric(), prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "broken_func"}, func() float64 { panic("on purpose") }))
	_, body := metertest.Scrape(t, m.Metrics(), metertest.AcceptText, "")
	if !bytes.Contains(body, []byte("\nshop_orders_total{")) || bytes.Contains(body, []byte("\nbroken_func")) {
		t.Errorf("got\n%s", body)
	}
	metertest.Line(t, m, `tacho_scrape_errors_total{reason="panic"} 2`)
}

// TestBrokenForeignRegistry: in a registry of the user's, which nothing guards,
// a function that panics costs what was gathered, but not the process.
func TestBrokenForeignRegistry(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := tacho.MustNew(tacho.Options{Registerer: reg, OmitRuntime: true, Logger: slog.New(slog.DiscardHandler)})
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "broken_func"}, func() float64 { panic("on purpose") }))
	w := httptest.NewRecorder()
	m.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(w.Body.String(), "\nhttp_requests_in_flight 0\n") {
		t.Errorf("tacho's own metrics are missing:\n%s", w.Body)
	}
}

// TestGathersAtTheSameTime: two gatherings of the same registry both get
// everything.
func TestGathersAtTheSameTime(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	both := make(chan struct{}, 2)
	m.Registerer().MustRegister(metertest.Broken("slow_metric", func(d *prometheus.Desc, ch chan<- prometheus.Metric) {
		both <- struct{}{}
		for len(both) < 2 {
			runtime.Gosched()
		}
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, 1)
	}))
	results := make(chan int, 2)
	for range 2 {
		go func() {
			families, _ := m.Gatherer().Gather()
			n := 0
			for _, f := range families {
				if f.GetName() == "slow_metric" {
					n++
				}
			}
			results <- n
		}()
	}
	if a, b := <-results, <-results; a != 1 || b != 1 {
		t.Errorf("the gatherings got %d and %d slow metrics, want 1 each", a, b)
	}
}

// TestScraperTimeout: a scraper that says how long it waits gets what there is
// before that.
func TestScraperTimeout(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Logger: slog.New(slog.DiscardHandler)})
	m.Registerer().MustRegister(metertest.Broken("slow_metric", func(*prometheus.Desc, chan<- prometheus.Metric) { <-hang }))
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "0.1")
	w := httptest.NewRecorder()
	m.Metrics().ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), "\nhttp_requests_in_flight 0\n") || !strings.Contains(w.Body.String(), `tacho_scrape_errors_total{reason="timeout"} 1`) {
		t.Errorf("got\n%s", w.Body)
	}
}

// TestScraperGone: a scraper that leaves while others are collected from is no
// collector's failure.
func TestScraperGone(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	m.Registerer().MustRegister(metertest.Broken("slow_metric", func(*prometheus.Desc, chan<- prometheus.Metric) {
		close(entered)
		<-release
	}))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.Metrics().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil).WithContext(ctx))
	}()
	<-entered
	cancel()
	<-done
	close(release)
	for reason := range engine.Of(m).Store.Failures {
		if n := engine.Of(m).Store.Failures[reason].Load(); n != 0 {
			t.Errorf("%d failures by %s", n, guard.ReasonNames[reason])
		}
	}
}

func TestEndpointMethods(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "DELETE": 405} {
		w := httptest.NewRecorder()
		m.Metrics().ServeHTTP(w, httptest.NewRequest(method, "/metrics", nil))
		if w.Code != want || (method == "HEAD") != (w.Body.Len() == 0) && want == 200 {
			t.Errorf("%s is answered %d with %d bytes, want %d", method, w.Code, w.Body.Len(), want)
		}
	}
}

// TestExemplars: a bucket takes one at most once a second, from the trace
// outside; invalid ones are left out.
func TestExemplars(t *testing.T) {
	trace := ""
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, TraceFunc: func(context.Context) (string, string) { return trace, "b7" }})
	now := int64(0)
	engine.Of(m).Clock = func() int64 { return now }
	engine.Of(m).Store.Now = func() time.Time { return time.Unix(1700000000, 500e6) }
	request := func(id string, latency time.Duration) {
		trace = id
		var x metertest.Exchange
		metertest.Begin(m, &x, "GET", "/x")
		now += int64(latency)
		x.Settle(context.Background(), 200, nil)
		x.Route = "/x"
		metertest.End(m, &x)
	}
	has := func(want string) {
		t.Helper()
		if _, body := metertest.Scrape(t, m.Metrics(), metertest.AcceptOpenMetrics, ""); !strings.Contains(string(body), want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	request("aa", 20*time.Millisecond)
	has(`le="0.025"} 1 # {span_id="b7",trace_id="aa"} 0.02 1.7000000005e+09` + "\n")
	request("bb", 20*time.Millisecond)
	has(`le="0.025"} 2 # {span_id="b7",trace_id="aa"} 0.02`)
	now += int64(time.Second)
	request("cc", 20*time.Millisecond)
	has(`le="0.025"} 3 # {span_id="b7",trace_id="cc"} 0.02`)
	request(strings.Repeat("x", 200), 2*time.Second)
	has(`le="2.5"} 4` + "\n")
	if _, body := metertest.Scrape(t, m.Metrics(), metertest.AcceptText, ""); strings.Contains(string(body), "trace_id") {
		t.Error("the text format has no exemplars, but one is there")
	}
}

// TestBeyondBuckets: the hint is there just for routes whose requests are
// slower than the buckets reach.
func TestBeyondBuckets(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Buckets: tacho.Buckets{Latency: []float64{.1, 1}, ByRoute: map[string][]float64{"/slow/but/known": {1, 100}}}})
	now := int64(0)
	engine.Of(m).Clock = func() int64 { return now }
	for _, of := range []struct {
		route  string
		slow   int
		status int
	}{{"/slow", 10, 200}, {"/slow", 0, 500}, {"/slow/but/known", 100, 200}, {"/fast", 5, 200}} {
		for i := range 100 {
			var x metertest.Exchange
			metertest.Begin(m, &x, "GET", "/x")
			if i < of.slow {
				now += int64(2 * time.Second)
			}
			x.WroteHeader(context.Background(), of.status)
			x.Route = of.route
			metertest.End(m, &x)
		}
	}
	_, body := metertest.Scrape(t, m.Metrics(), metertest.AcceptText, "")
	if n := strings.Count(string(body), "tacho_beyond_buckets_ratio{"); n != 0 {
		t.Errorf("%d hints, but no route exceeds 5 percent:\n%s", n, body)
	}
	for range 100 {
		var x metertest.Exchange
		metertest.Begin(m, &x, "GET", "/x")
		now += int64(2 * time.Second)
		x.Route = "/slow"
		metertest.End(m, &x)
	}
	metertest.Line(t, m, `tacho_beyond_buckets_ratio{metric="http_request_duration_seconds",path="/slow"} 0.36666666666666664`)
}

// TestScrapeAllocations: a scrape's allocations do not grow with its lines. The
// pooled buffers may be lost meanwhile, to the garbage collector or, under
// -race, to chance, and are then grown anew: a few dozen allocations. One for
// each route would be two thousand.
func TestScrapeAllocations(t *testing.T) {
	count := func(routes int, accept string) float64 {
		m := tacho.MustNew(tacho.Options{OmitRuntime: true, SeriesLimit: 100_000})
		for i := range routes {
			metertest.Record(m, "GET", fmt.Sprintf("/r%d", i), 200)
		}
		h := m.Metrics()
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Header.Set("Accept", accept)
		w := metertest.NewSink()
		return testing.AllocsPerRun(20, func() { clear(w.Header()); h.ServeHTTP(w, r) })
	}
	for _, accept := range []string{metertest.AcceptText, metertest.AcceptOpenMetrics, metertest.AcceptProtobuf} {
		few, many := count(10, accept), count(2000, accept)
		if many > few+200 {
			t.Errorf("%s: %v allocations for 10 routes, %v for 2000", accept, few, many)
		}
		t.Logf("%s: %v allocations for 10 routes, %v for 2000", accept, few, many)
	}
}

// TestForeignRegistry: in a registry of the user's everything is there too.
func TestForeignRegistry(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := tacho.MustNew(tacho.Options{Registerer: reg})
	metertest.Record(m, "GET", "/x", 200)
	reg.MustRegister(metertest.BusinessMetric())
	_, ours := metertest.Scrape(t, m.Metrics(), metertest.AcceptText, "")
	_, theirs := metertest.Scrape(t, promhttp.HandlerFor(reg, promhttp.HandlerOpts{}), metertest.AcceptText, "")
	metertest.CompareLines(t, "a foreign registry", metertest.SortedLines(ours), metertest.SortedLines(theirs))
}

// TestNamesAreReserved: nobody can take the names of tacho's own metrics.
func TestNamesAreReserved(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	err := m.Registerer().Register(prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total"}, []string{"code"}))
	if err == nil {
		t.Error("http_requests_total was registered twice")
	}
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "mine"})
	m.Registerer().MustRegister(gauge)
	var already prometheus.AlreadyRegisteredError
	if err := m.Registerer().Register(prometheus.NewGauge(prometheus.GaugeOpts{Name: "mine"})); !errors.As(err, &already) || already.ExistingCollector != prometheus.Collector(gauge) {
		t.Errorf("registering twice gives %v", err)
	}
	if !m.Registerer().Unregister(gauge) {
		t.Error("a guarded collector cannot be unregistered")
	}
}

// TestHelpTexts: a help text that is not UTF-8, of tacho's or of another
// collector's, does not make the scrape invalid.
func TestHelpTexts(t *testing.T) {
	s := schema.Default()
	s.Requests.Help = "bad \xff"
	m := tacho.MustNew(tacho.Options{Schema: s, OmitRuntime: true})
	m.Registerer().MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "shop_open", Help: "bad \xff"}))
	m.Counter(tacho.MetricOptions{Name: "tracked", Help: "bad \xff"})
	metertest.Record(m, "GET", "/x", 200)
	python := tacho.MustNew(tacho.Options{Schema: s, OmitRuntime: true, Endpoint: tacho.Endpoint{PythonFormat: true}})
	for accept, of := range map[string]*tacho.Meter{metertest.AcceptText: m, metertest.AcceptOpenMetrics: m, metertest.AcceptProtobuf: m, metertest.AcceptText + ";q=1": python} {
		_, body := metertest.Scrape(t, of.Metrics(), accept, "")
		if bytes.Contains(body, []byte("bad \xff")) || !bytes.Contains(body, []byte("bad \uFFFD")) {
			t.Errorf("%s:\n%.300q", accept, body)
		}
	}
}

// TestPromlint: Prometheus's own linter has nothing to say.
func TestPromlint(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	metertest.Record(m, "GET", "/x", 200)
	var x metertest.Exchange
	metertest.Begin(m, &x, "GET", "/x")
	x.Hijack()
	metertest.End(m, &x)
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
}

// TestPedantic: as a plain collector in a pedantic registry, which compares
// every metric with what was described.
func TestPedantic(t *testing.T) {
	m := tacho.MustNew(tacho.Options{ConstLabels: map[string]string{"app": "x"}})
	metertest.Record(m, "GET", "/x", 200)
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(m)
	if _, err := reg.Gather(); err != nil {
		t.Error(err)
	}
}
