package tacho_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/drain"
	"github.com/tacho-go/tacho/internal/metertest"
)

// serving runs Serve on a free port and returns its address, and what Serve
// returned once it has.
func serving(t *testing.T, ctx context.Context, m *tacho.Meter, o tacho.ServeOptions) (string, <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Listener = l
	done := make(chan error, 1)
	go func() { done <- m.Serve(ctx, o) }()
	return l.Addr().String(), done
}

func fetch(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func ended(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("Serve does not return")
		return nil
	}
}

// testTLS is a certificate for 127.0.0.1, and a client that trusts it.
func testTLS(t *testing.T) (*tls.Config, *http.Client) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	return &tls.Config{Certificates: s.TLS.Certificates}, client
}

// TestFlask53OwnPort: a port for the metrics alone, plain or with TLS, that ends
// when it is told to.
func TestFlask53OwnPort(t *testing.T) {
	config, secure := testTLS(t)
	plain := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for name, c := range map[string]struct {
		o      tacho.ServeOptions
		client *http.Client
		scheme string
	}{
		"plain": {tacho.ServeOptions{}, plain, "http://"},
		"TLS":   {tacho.ServeOptions{TLSConfig: config}, secure, "https://"},
	} {
		t.Run(name, func(t *testing.T) {
			m := tacho.MustNew(tacho.Options{OmitRuntime: true})
			metertest.Record(m, "GET", "/x", 200)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			address, done := serving(t, ctx, m, c.o)
			if status, body := fetch(t, c.client, c.scheme+address+"/metrics"); status != 200 || !strings.Contains(body, `path="/x"`) {
				t.Errorf("answered %d\n%s", status, body)
			}
			if status, _ := fetch(t, c.client, c.scheme+address+"/other"); status != 404 {
				t.Errorf("another path is answered %d", status)
			}
			if c.scheme == "https://" {
				if resp, err := plain.Get("http://" + address + "/metrics"); err == nil && resp.StatusCode == 200 {
					t.Error("plain HTTP is answered")
				}
			}
			cancel()
			if err := ended(t, done); err != nil {
				t.Errorf("Serve returned %v", err)
			}
			if _, err := net.Dial("tcp", address); err == nil {
				t.Error("the port is still open")
			}
		})
	}
}

func TestServeRefuses(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	serve := func(*http.Server, net.Listener) error { return nil }
	for word, o := range map[string]tacho.ServeOptions{
		"ServeOptions.Address: set it, or Listener":                 {},
		"ServeOptions.Address: set it, or Listener, and not both":   {Address: ":0", Listener: taken},
		"ServeOptions.TLSConfig: has no certificate":                {Address: "127.0.0.1:0", TLSConfig: &tls.Config{}},
		"ServeOptions.ServeFunc: decides on TLS itself":             {Address: "127.0.0.1:0", TLSConfig: &tls.Config{Certificates: make([]tls.Certificate, 1)}, ServeFunc: serve},
		`ServeOptions.Access.Allow: "x"`:                            {Address: "127.0.0.1:0", Access: &tacho.Access{Allow: []string{"x"}}},
		"ServeOptions.Address: listen tcp " + taken.Addr().String(): {Address: taken.Addr().String()},
	} {
		if err := m.Serve(t.Context(), o); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v, want %s", err, word)
		}
	}
}

// TestServeAccess: a port of its own may have its own rules.
func TestServeAccess(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Endpoint: tacho.Endpoint{Access: tacho.Access{BearerTokens: []string{"for strangers"}}}})
	address, _ := serving(t, t.Context(), m, tacho.ServeOptions{Access: &tacho.Access{Allow: []string{"127.0.0.1"}}})
	if status, _ := fetch(t, http.DefaultClient, "http://"+address+"/metrics"); status != 200 {
		t.Errorf("answered %d", status)
	}
	address, _ = serving(t, t.Context(), m, tacho.ServeOptions{})
	if status, _ := fetch(t, http.DefaultClient, "http://"+address+"/metrics"); status != 401 {
		t.Errorf("without rules of its own: answered %d", status)
	}
}

// slowCollector begins to be collected, and waits.
type slowCollector struct {
	prometheus.Collector
	begun, proceed chan struct{}
}

func (c slowCollector) Collect(ch chan<- prometheus.Metric) {
	c.begun <- struct{}{}
	<-c.proceed
	c.Collector.Collect(ch)
}

// TestShutdownWaitsForTheLastScrape: one that began before does not count, nor
// does a part of the metrics, nor HEAD; then the own port is closed.
func TestShutdownWaitsForTheLastScrape(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	slow := slowCollector{prometheus.NewGauge(prometheus.GaugeOpts{Name: "slow", Help: "Slow."}), make(chan struct{}), make(chan struct{})}
	m.Registerer().MustRegister(slow)
	address, done := serving(t, t.Context(), m, tacho.ServeOptions{})
	url := "http://" + address + "/metrics"
	scrape := func(target string) chan string {
		answer := make(chan string, 1)
		go func() {
			resp, err := http.Get(target)
			if err != nil {
				answer <- err.Error()
				return
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			answer <- string(body)
		}()
		return answer
	}
	early := scrape(url)
	<-slow.begun
	shut := make(chan error, 1)
	go func() { shut <- m.Shutdown(t.Context()) }()
	for m.Waiting() == 0 {
		time.Sleep(time.Millisecond) // until Shutdown waits
	}
	metertest.Record(m, "GET", "/last", 200)
	slow.proceed <- struct{}{}
	<-early
	if resp, err := http.Head(url); err != nil || resp.StatusCode != 200 {
		t.Errorf("HEAD: %v", err)
	}
	part := scrape(url + "?name[]=http_requests_total")
	<-slow.begun
	slow.proceed <- struct{}{}
	<-part
	select {
	case err := <-shut:
		t.Fatalf("Shutdown returned %v before a whole scrape", err)
	default:
	}
	last := scrape(url)
	<-slow.begun
	slow.proceed <- struct{}{}
	if text := <-last; !strings.Contains(text, `http_requests_total{method="GET",path="/last",status="200"} 1`) {
		t.Errorf("the last scrape lacks the last request:\n%s", text)
	}
	if err := <-shut; err != nil {
		t.Errorf("Shutdown returned %v", err)
	}
	if err := ended(t, done); err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

func TestShutdownWithoutScraper(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	_, done := serving(t, t.Context(), m, tacho.ServeOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Shutdown(ctx); !errors.Is(err, tacho.ErrNotScraped) || !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown returned %v", err)
	}
	if err := ended(t, done); err != nil {
		t.Errorf("Serve returned %v", err)
	}
	if left := m.Waiting(); left != 0 {
		t.Errorf("%d still wait", left)
	}
}

// TestServeFuncThatFails: whatever a ServeFunc does, Serve returns, and the port
// is closed.
func TestServeFuncThatFails(t *testing.T) {
	for name, f := range map[string]func(*http.Server, net.Listener) error{
		"returns an error":      func(*http.Server, net.Listener) error { return errors.New("no certificate") },
		"closes its own server": func(s *http.Server, l net.Listener) error { _ = s.Close(); return s.Serve(l) },
	} {
		m := tacho.MustNew(tacho.Options{OmitRuntime: true})
		address, done := serving(t, t.Context(), m, tacho.ServeOptions{ServeFunc: f})
		if err := ended(t, done); (err != nil) != (name == "returns an error") {
			t.Errorf("%s: Serve returned %v", name, err)
		}
		if _, err := net.Dial("tcp", address); err == nil {
			t.Errorf("%s: the port is still open", name)
		}
	}
}

// TestShutdownKeepsItsDeadline also while a client is silent.
func TestShutdownKeepsItsDeadline(t *testing.T) {
	hanging := make(chan struct{})
	defer close(hanging)
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Endpoint: tacho.Endpoint{Access: tacho.Access{Middleware: func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hanging })
	}}}})
	address, done := serving(t, t.Context(), m, tacho.ServeOptions{})
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if err := m.Shutdown(ctx); !errors.Is(err, tacho.ErrNotScraped) {
		t.Errorf("Shutdown returned %v", err)
	}
	if took := time.Since(begin); took > drain.Graceful/2 {
		t.Errorf("it took %v", took)
	}
	if err := ended(t, done); err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

// TestShutdownWaitsForWholeScrapes: a scrape that could not wait for a collector lacks
// its last increments, and is not the last one.
func TestShutdownWaitsForWholeScrapes(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Logger: slog.New(slog.DiscardHandler)})
	hang := make(chan struct{})
	m.Registerer().MustRegister(metertest.Broken("slow_metric", func(d *prometheus.Desc, ch chan<- prometheus.Metric) {
		<-hang
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, 1)
	}))
	shut := make(chan error, 1)
	go func() { shut <- m.Shutdown(t.Context()) }()
	for m.Waiting() == 0 {
		runtime.Gosched()
	}
	scrape := func(patience string) string {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil)
		r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", patience)
		m.Metrics().ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("status %d", w.Code)
		}
		return w.Body.String()
	}
	if strings.Contains(scrape("0.05"), "\nslow_metric 1\n") {
		t.Error("the metric is there")
	}
	if m.Waiting() == 0 || len(shut) > 0 {
		t.Errorf("Shutdown returned %v", <-shut)
	}
	close(hang)
	if !strings.Contains(scrape("10"), "\nslow_metric 1\n") {
		t.Error("the metric is missing")
	}
	if err := <-shut; err != nil {
		t.Error(err)
	}
}
