package tacho_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tacho-go/tacho"
	concurrent "github.com/tacho-go/tacho/internal/locked"
	"github.com/tacho-go/tacho/internal/metertest"
)

// TestScrapesShareOneCollection: scrapes that come while others are collected from share
// the next collection; one too many is refused with a message.
func TestScrapesShareOneCollection(t *testing.T) { synctest.Test(t, scrapesShareOneCollection) }

func scrapesShareOneCollection(t *testing.T) {
	const scrapes = 3
	entered, release := make(chan struct{}, scrapes), make(chan struct{})
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Endpoint: tacho.Endpoint{MaxScrapes: scrapes}, Logger: slog.New(slog.DiscardHandler)})
	m.Registerer().MustRegister(metertest.Broken("slow_metric", func(d *prometheus.Desc, ch chan<- prometheus.Metric) {
		entered <- struct{}{}
		<-release
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, 1)
	}))
	served := m.Metrics()
	bodies := make(chan string, scrapes)
	for range scrapes {
		go func() {
			w := httptest.NewRecorder()
			served.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
			bodies <- w.Body.String()
		}()
	}
	synctest.Wait() // until each scrape waits for a collection
	if n := tacho.ScrapesUnderWay(served); n != scrapes {
		t.Fatalf("%d scrapes are under way, want %d", n, scrapes)
	}
	refused := httptest.NewRecorder()
	served.ServeHTTP(refused, httptest.NewRequest("GET", "/metrics", nil))
	if refused.Code != http.StatusServiceUnavailable || !strings.Contains(refused.Body.String(), "raise Options.Endpoint.MaxScrapes") || refused.Header().Get("Retry-After") == "" {
		t.Errorf("refused with %d %q", refused.Code, refused.Body)
	}
	<-entered
	close(release)
	for range scrapes {
		if !strings.Contains(<-bodies, "\nslow_metric 1\n") {
			t.Error("a scrape lacks the slow metric")
		}
	}
	if len(entered) > 1 { // once for the first scrape, and once for those that came later
		t.Errorf("the collector worked %d times", len(entered)+1)
	}
}

// A narrow listener's connections hold little that was not read.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		err = errors.Join(err, tcp.SetWriteBuffer(4<<10))
	}
	return c, err
}

// serveNarrow serves a handler without any time-out, and returns its address.
func serveNarrow(t *testing.T, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = server.Serve(narrow{l}) }()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

// stubborn sends a request and reads nothing of the answer.
func stubborn(t *testing.T, address, request string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
}

// TestClientsThatNeverRead: they do not keep others from scraping for as long as
// they like, on a server that has no time-outs, whatever stands around the endpoint.
func TestClientsThatNeverRead(t *testing.T) {
	const get = "GET /metrics HTTP/1.1\r\nHost: x\r\n"
	for name, request := range map[string]string{
		"nothing read":           get + "\r\n",
		"a body that never ends": get + "Content-Length: 1000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			const slots = 3
			m := tacho.MustNew(tacho.Options{OmitRuntime: true, Endpoint: tacho.Endpoint{MaxScrapes: slots, Timeout: 2 * time.Second}, Logger: slog.New(slog.DiscardHandler)})
			for i := range 1000 {
				metertest.Record(m, "GET", fmt.Sprintf("/some/route/%d", i), 200)
			}
			served := m.Metrics()
			address := serveNarrow(t, m.Handler(served))
			for range slots {
				stubborn(t, address, request)
			}
			metertest.Await(t, "all slots are taken", func() bool { return tacho.ScrapesUnderWay(served) == slots })
			metertest.Await(t, "a scrape is served", func() bool {
				resp, err := http.Get("http://" + address + "/metrics")
				if err != nil {
					return false
				}
				defer resp.Body.Close()
				_, err = io.Copy(io.Discard, resp.Body)
				return resp.StatusCode == http.StatusOK && err == nil
			})
		})
	}
}

// defaultRegistry is a default registry as a service has one, for a test.
func defaultRegistry(t *testing.T) *prometheus.Registry {
	t.Helper()
	registerer, gatherer := prometheus.DefaultRegisterer, prometheus.DefaultGatherer
	t.Cleanup(func() { prometheus.DefaultRegisterer, prometheus.DefaultGatherer = registerer, gatherer })
	r := prometheus.NewRegistry()
	prometheus.DefaultRegisterer, prometheus.DefaultGatherer = r, r
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	promhttp.Handler()
	return r
}

// TestUnservedMetrics: what a service has in the default registry does not vanish
// silently where tacho has a registry of its own.
func TestUnservedMetrics(t *testing.T) {
	reg := defaultRegistry(t)
	promauto.NewCounter(prometheus.CounterOpts{Name: "shop_orders_total", Help: "X."})
	promauto.NewGaugeVec(prometheus.GaugeOpts{Name: "shop_stock", Help: "X."}, []string{"shelf"})
	for name, test := range map[string]struct {
		opts tacho.Options
		want bool
	}{
		"a registry of its own": {tacho.Options{}, true},
		"the default one":       {tacho.Options{Registerer: reg}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var log concurrent.Buffer
			test.opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
			m := tacho.MustNew(test.opts)
			for range 3 {
				metertest.Body(t, m.Metrics(), metertest.AcceptText)
			}
			if !test.want {
				if log.String() != "" {
					t.Errorf("nothing is missing, but the log has %s", log.String())
				}
				return
			}
			metertest.Await(t, "the metrics are reported", func() bool { return strings.Contains(log.String(), "\n") })
			for _, part := range []string{"shop_orders_total, shop_stock", "count=2", "Options.Registerer", "prometheus.DefaultRegisterer"} {
				if !strings.Contains(log.String(), part) {
					t.Errorf("no %q in %s", part, log.String())
				}
			}
			if n := strings.Count(log.String(), "\n"); n != 1 {
				t.Errorf("it is reported %d times", n)
			}
		})
	}
}

// TestNothingUnserved: a default registry with nothing but what is in every one,
// or with what is served as well, is not worth a word.
func TestNothingUnserved(t *testing.T) {
	reg := defaultRegistry(t)
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "both_total", Help: "X."})
	reg.MustRegister(c)
	m := tacho.MustNew(tacho.Options{})
	m.Registerer().MustRegister(c)
	if names := m.Unserved(reg); len(names) > 0 {
		t.Errorf("reported: %v", names)
	}
}

// TestGroupOverflow: a group that is called __overflow__, by whichever bound, is
// one label set.
func TestGroupOverflow(t *testing.T) {
	m := tacho.MustNew(tacho.Options{
		OmitRuntime: true, Logger: slog.New(slog.DiscardHandler), SeriesLimit: 3, Status: tacho.Status{Class: true},
		GroupBy: tacho.Label{Name: "path", Max: 2, Func: tacho.Request.Path},
	})
	for i := range 40 {
		var x metertest.Exchange
		metertest.Begin(m, &x, "GET", "/"+strings.Repeat("x", i))
		x.Settle(context.Background(), 200+i%7, nil)
		metertest.End(m, &x)
	}
	if _, err := m.Gatherer().Gather(); err != nil {
		t.Error(err)
	}
	families := m.Own()
	for _, f := range families {
		seen := map[string]bool{}
		for _, x := range f.Metric {
			key := fmt.Sprint(x.Label)
			if seen[key] {
				t.Errorf("%s has %s twice", f.GetName(), key)
			}
			seen[key] = true
		}
	}
	if got := metertest.TotalOf(t, m, "tacho_overflow_total"); got != 38 {
		t.Errorf("%v were folded, want 38", got)
	}
}

// TestTTLRace: a value that is set while its label set vanishes is not lost.
func TestTTLRace(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	g, err := tacho.NewGauge[struct{ N int }](m, tacho.MetricOptions{Name: "g", Help: "G.", TTL: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var scrapes sync.WaitGroup
	scrapes.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				g.LabelSets().Expire()
			}
		}
	})
	for i := range 20000 {
		key := struct{ N int }{i % 3}
		g.Set(key, float64(i))
	}
	close(stop)
	scrapes.Wait()
	if n := g.LabelSets().Len(); n > 3 || n < 0 {
		t.Errorf("%d label sets are counted", n)
	}
}

// A shade is one of many values that have few texts.
type shade struct{ Red, Green, Blue uint8 }

func (s shade) String() string {
	if s.Red > 127 {
		return "bright"
	}
	return "dark"
}

// TestStringersWithFewTexts: label sets are bounded by their texts, and so is what
// is kept of the values that render to them.
func TestStringersWithFewTexts(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	c, err := tacho.NewCounter[struct{ Shade shade }](m, tacho.MetricOptions{Name: "seen", Help: "X."})
	if err != nil {
		t.Fatal(err)
	}
	before := metertest.Heap()
	const values = 300_000
	for i := range values {
		c.Inc(struct{ Shade shade }{shade{uint8(i), uint8(i >> 8), uint8(i >> 16)}})
	}
	if kept := int64(metertest.Heap()) - int64(before); kept > 1<<20 {
		t.Errorf("%d bytes are kept of %d values with two texts", kept, values)
	}
	if n := c.Structs(); n > 2*tacho.MaxStructs {
		t.Errorf("%d structs are kept", n)
	}
	metertest.Line(t, m, `seen_total{shade="bright"} 149984`)
	metertest.Line(t, m, `seen_total{shade="dark"} 150016`)
}
