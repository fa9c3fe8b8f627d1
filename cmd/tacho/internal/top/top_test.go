package top

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
)

// service is a real one, with tacho in it.
func service(t *testing.T) *httptest.Server {
	m := tacho.MustNew(tacho.Options{Registerer: prometheus.NewRegistry(), Multiproc: tacho.Multiproc{Off: true}})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	mux.Handle("GET /metrics", m.Metrics())
	srv := httptest.NewServer(m.Handler(mux))
	t.Cleanup(srv.Close)
	return srv
}

// send makes requests and waits until they are counted: an answer may arrive
// before it is.
func send(t *testing.T, srv *httptest.Server, method, path, counted string, n int) {
	t.Helper()
	for range n {
		body(t, srv, method, path)
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(body(t, srv, "GET", "/metrics"), counted+"\n"); {
		if time.Now().After(deadline) {
			t.Fatalf("never counted: %s", counted)
		}
	}
}

func body(t *testing.T, srv *httptest.Server, method, path string) string {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), method, srv.URL+path, nil)
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ask scrapes all URLs and passes the results to the watch.
func (t *Top) ask(ctx context.Context) {
	for _, a := range scrapeAll(ctx, t.scrapers) {
		a.tell(t.watch)
	}
}

// TestRealService: two instances with known traffic between two scrapes.
func TestRealService(t *testing.T) {
	one, two := service(t), service(t)
	top, err := New(Options{URLs: []string{strings.TrimPrefix(one.URL, "http://"), two.URL + "/metrics", "127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	const users, orders = `http_requests_total{method="GET",path="/users/{id}",status="200"} `, `http_requests_total{method="POST",path="/orders",status="502"} `
	send(t, one, "GET", "/users/1", users+"50", 50) // before the first scrape
	top.ask(t.Context())
	send(t, one, "GET", "/users/2", users+"80", 30)
	send(t, two, "GET", "/users/3", users+"10", 10)
	send(t, two, "POST", "/orders", orders+"4", 4)
	top.ask(t.Context())
	p := top.watch.Frame(time.Now())
	well, failed := rowOf(t, p, "/users/{id}"), rowOf(t, p, "/orders")
	if well.Requests != 40 || well.ErrorRatio != 0 || failed.Requests != 4 || failed.ErrorRatio != 1 || failed.State != Errors {
		t.Errorf("well: %+v\nfailed: %+v", well, failed)
	}
	if !(well.P50 > 0) || !(well.Share > 0) || len(p.Up) != 2 || p.Answering != 2 || len(p.Problems) != 1 ||
		!strings.Contains(p.Problems[0], "http://127.0.0.1:1/metrics: Nothing listens on port 1") {
		t.Errorf("the picture is %+v", p)
	}
}

// TestOnce: the plain table and its values.
func TestOnce(t *testing.T) {
	c := newChanging(t, started(0)+types+shop(10, 0)+requestsOf("/b", 0, 0)+"http_requests_in_flight 2\n")
	top, err := New(Options{URLs: []string{c.URL, "127.0.0.1:1"}, Interval: leastInterval, Order: Order{Column: "rate"}, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := top.Once(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"tacho top  1 of 2 have HTTP metrics: " + c.URL + "/metrics", "0 req/s", "2 in flight", "in the last 0.1 s",
		"! http://127.0.0.1:1/metrics: Nothing listens on port 1", "req/s▼", "  idle    GET /a ", "  1 of 2 routes",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, &out)
		}
	}
	if strings.ContainsRune(out.String(), 0x1b) {
		t.Errorf("a plain table has escape sequences:\n%q", &out)
	}
}

// TestOnceShowsWhatIsBusy: on a quiet service the busy route is above the idle ones,
// whatever their names and previous counts.
func TestOnceShowsWhatIsBusy(t *testing.T) {
	text := started(0) + types
	for i := range 40 {
		text += requestsOf(fmt.Sprintf("/a%02d", i), 5, 0)
	}
	c := newChanging(t, text+requestsOf("/z", 10, 0))
	top, err := New(Options{URLs: []string{c.URL}, Interval: leastInterval})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range scrapeAll(t.Context(), top.scrapers) {
		a.tell(top.watch)
	}
	c.text.Store(text + requestsOf("/z", 20, 0))
	for _, a := range scrapeAll(t.Context(), top.scrapers) {
		a.tell(top.watch)
	}
	var out bytes.Buffer
	now := time.Now()
	if err := Plain(&out, top.watch.Frame(now), FirstOrder, 3, now); err != nil {
		t.Fatal(err)
	}
	if busy, idle := strings.Index(out.String(), "GET /z "), strings.Index(out.String(), "GET /a00 "); busy < 0 || busy > idle {
		t.Errorf("the busy route is not above the idle ones:\n%s", &out)
	}
}

// TestRowsDoNotJump: a route that pauses for a moment stays where it is; after a minute
// it moves below those that are busy.
func TestRowsDoNotJump(t *testing.T) {
	w := watching(1, 2*time.Second, 0)
	take := func(a, b, seconds float64) {
		w.Take(0, readingOf(t, types+requestsOf("/a", a, 0)+requestsOf("/b", b, 0), seconds))
	}
	first := func(seconds float64) string { return sorted(w.Frame(at(seconds)).Rows, FirstOrder, "")[0].Path }
	take(1, 1, 0)
	take(2, 2, 2)
	w.Frame(at(2))
	take(2, 3, 4)
	if got := first(4); got != "/a" {
		t.Errorf("after a pause of two seconds %s is first", got)
	}
	take(2, 4, 70)
	if got := first(70); got != "/b" {
		t.Errorf("after a minute %s is first", got)
	}
	take(3, 5, 72)
	if got := first(72); got != "/a" {
		t.Errorf("after a request %s is first", got)
	}
}

// TestNobody: the output explains what is wrong with each URL.
func TestNobody(t *testing.T) {
	page := newChanging(t, "<html>hello</html>")
	broken := newChanging(t, "a b c d\n")
	runtime := newChanging(t, "# TYPE go_goroutines gauge\ngo_goroutines 7\n")
	top, err := New(Options{URLs: []string{"127.0.0.1:1", page.URL, broken.URL, runtime.URL}})
	if err != nil {
		t.Fatal(err)
	}
	err = top.Once(t.Context(), &bytes.Buffer{})
	if !errors.Is(err, ErrNoMetrics) {
		t.Fatalf("the error is %v", err)
	}
	for _, want := range []string{"Nothing listens on port 1 of the scraping machine", "a web page, not metrics", "not in Prometheus's format", "no known HTTP metrics"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"no URL":                                {},
		"--interval 1ms: it must be at least":   {URLs: []string{"a"}, Interval: time.Millisecond},
		"--window -1s: it must not be below":    {URLs: []string{"a"}, Window: -time.Second},
		"--timeout -1s: it must be above":       {URLs: []string{"a"}, Timeout: -time.Second},
		"--limit -1: it must not be below":      {URLs: []string{"a"}, Limit: -1},
		"--sort size: there is no such column":  {URLs: []string{"a"}, Order: Order{Column: "size"}},
		"unknown scheme ftp":                    {URLs: []string{"ftp://a"}},
		"http://localhost:8080/metrics is dupl": {URLs: []string{":8080", "localhost:8080"}},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", o, err, want)
		}
	}
}

// TestHeader: credentials are sent; a password in a URL is not shown.
func TestHeader(t *testing.T) {
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		asked = append(asked, fmt.Sprint(r.Header.Get("X-Token"), user, password, r.UserAgent(), r.RemoteAddr))
		fmt.Fprint(w, types+shop(1, 0))
	}))
	defer srv.Close()
	top, err := New(Options{URLs: []string{strings.Replace(srv.URL, "//", "//me:secret@", 1)}, Header: http.Header{"X-Token": {"t"}}, Interval: leastInterval})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := top.Once(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 2 || !strings.HasPrefix(asked[0], "tmesecrettacho-top") {
		t.Errorf("asked with %q", asked)
	}
	if asked[0] != asked[1] {
		t.Errorf("not on one connection, which may lead to another process: %q", asked)
	}
	if strings.Contains(out.String(), "secret") {
		t.Errorf("the password is shown:\n%s", &out)
	}
}
