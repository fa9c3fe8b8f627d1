package tacho

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/store"
	"github.com/tacho-go/tacho/schema"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

var byStatus = []Label{{Name: "status", Func: Request.StatusText}}

// TestTrackBehindBlindWriters: where a middleware hides the exchange, metrics on
// a route are recorded all the same, and what is left out is left out.
func TestTrackBehindBlindWriters(t *testing.T) {
	for name, between := range map[string]func(http.Handler) http.Handler{
		"nothing": func(next http.Handler) http.Handler { return next },
		"a blind writer": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(struct{ http.ResponseWriter }{blindOnly{w}}, r)
			})
		},
		"a time-out": func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Minute, "late") },
		"a copied request": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), traceKey{}, "x")))
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := MustNew(Options{OmitRuntime: true})
			labels := append([]Label{{Name: "id", Func: func(r Request) string { return r.PathValue("id") }}}, byStatus...)
			calls := m.Counter(MetricOptions{Name: "calls", Help: "Calls.", Labels: labels})
			h := func(status int) http.Handler {
				return calls.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
			}
			mux := http.NewServeMux()
			mux.Handle("GET /tracked/{id}", h(201))
			mux.Handle("GET /quiet/{id}", m.DoNotTrack(h(202)))
			mux.Handle("GET /nothing/{id}", m.ExcludeAll(h(203)))
			mux.Handle("GET /nothing-inside/{id}", calls.Handler(m.ExcludeAll(h(203))))
			outer := m.Handler(between(m.Handler(mux)))
			for _, path := range []string{"/tracked/1", "/quiet/2", "/nothing/3", "/nothing-inside/4"} {
				outer.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
			}
			line(t, m, `calls_total{id="1",status="201"} 1`)
			line(t, m, `calls_total{id="2",status="202"} 1`)
			line(t, m, `http_requests_total{method="GET",path="/tracked/{id}",status="201"} 1`)
			if n := setsOf(t, m, "calls_total"); n != 2 {
				t.Errorf("%d label sets of what is tracked, want 2", n)
			}
			if n := m.total(); n != 1 {
				t.Errorf("%d requests are in the HTTP metrics, want 1", n)
			}
		})
	}
}

// TestExcludeAllWithoutMiddleware: also where nobody else measures.
func TestExcludeAllWithoutMiddleware(t *testing.T) {
	m := MustNew(Options{OmitRuntime: true})
	calls := m.Counter(MetricOptions{Name: "calls", Help: "Calls."})
	h := calls.Handler(http.NotFoundHandler())
	for _, x := range []http.Handler{m.ExcludeAll(h), calls.Handler(m.ExcludeAll(http.NotFoundHandler())), m.DoNotTrack(h)} {
		x.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
	}
	line(t, m, "calls_total 1")
}

// blindOnly has neither Unwrap nor anything else.
type blindOnly struct{ w http.ResponseWriter }

func (b blindOnly) Header() http.Header         { return b.w.Header() }
func (b blindOnly) Write(p []byte) (int, error) { return b.w.Write(p) }
func (b blindOnly) WriteHeader(status int)      { b.w.WriteHeader(status) }

// TestTrackTimeout: a handler that is out of time is recorded with the answer
// that the client got, by the HTTP metrics, and nothing races.
func TestTrackTimeout(t *testing.T) {
	m := MustNew(Options{OmitRuntime: true})
	calls := m.Counter(MetricOptions{Name: "calls", Help: "Calls.", Labels: byStatus})
	now := m.Gauge(MetricOptions{Name: "calls_now", Help: "Calls in progress."})
	entered, release, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
	slow := Track(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, err := io.WriteString(w, "too late")
		if !errors.Is(err, http.ErrHandlerTimeout) {
			t.Errorf("writing gave %v", err)
		}
	}), calls, now)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) {
		defer close(returned)
		slow.ServeHTTP(w, r)
	})
	h := m.Handler(http.TimeoutHandler(m.Handler(mux), time.Hour, "late"))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/slow", nil).WithContext(overAfter{context.Background(), entered}))
	line(t, m, "calls_now 1")
	close(release)
	<-returned
	if w.Code != 503 {
		t.Errorf("answered %d", w.Code)
	}
	line(t, m, `http_requests_total{method="GET",path="/slow",status="503"} 1`)
	line(t, m, `calls_total{status="503"} 1`)
	line(t, m, "calls_now 0")
}

// overAfter runs out of time when its channel is closed.
type overAfter struct {
	context.Context
	closed chan struct{}
}

func (c overAfter) Done() <-chan struct{} { return c.closed }

func (c overAfter) Err() error {
	select {
	case <-c.closed:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// TestNestedMeters: with another Meter in between, what a handler says of the
// outer one still reaches it, and metrics on a route are in its exchange.
func TestNestedMeters(t *testing.T) {
	for name, between := range map[string]func(http.Handler) http.Handler{
		"nothing": func(h http.Handler) http.Handler { return h },
		"a blind writer": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(blindOnly{w}, r) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			outer, inner := MustNew(Options{OmitRuntime: true}), MustNew(Options{OmitRuntime: true})
			calls := outer.Counter(MetricOptions{Name: "calls", Help: "Calls.", Labels: byStatus})
			made := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201) })
			mux := http.NewServeMux()
			mux.Handle("GET /quiet", outer.DoNotTrack(calls.Handler(made)))
			mux.Handle("GET /nothing", outer.ExcludeAll(calls.Handler(made)))
			mux.Handle("GET /inner", inner.DoNotTrack(made))
			h := outer.Handler(between(inner.Handler(between(outer.Handler(inner.Handler(mux))))))
			for _, path := range []string{"/quiet", "/nothing", "/inner"} {
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
			}
			line(t, outer, `calls_total{status="201"} 1`)
			line(t, outer, `http_requests_total{method="GET",path="/inner",status="201"} 1`)
			line(t, inner, `http_requests_total{method="GET",path="/quiet",status="201"} 1`)
			line(t, inner, `http_requests_total{method="GET",path="/nothing",status="201"} 1`)
			if o, i := outer.total(), inner.total(); o != 1 || i != 2 {
				t.Errorf("%d requests are in the outer Meter's HTTP metrics, want 1; %d in the inner's, want 2", o, i)
			}
		})
	}
}

// TestTrackDispatchedAgain: metrics on the routes of a request that is dispatched
// again count it once.
func TestTrackDispatchedAgain(t *testing.T) {
	m := MustNew(Options{OmitRuntime: true})
	a := m.Counter(MetricOptions{Name: "a", Help: "A.", Labels: []Label{{Name: "route", Func: Request.Route}}})
	b := m.Counter(MetricOptions{Name: "b", Help: "B."})
	now := m.Gauge(MetricOptions{Name: "now", Help: "Now."})
	mux := http.NewServeMux()
	root := m.Handler(mux)
	mux.Handle("GET /old/{n}", Track(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		second, to := *r, *r.URL
		if to.Path = "/new"; r.URL.Path == "/old/1" {
			to.Path = "/old/2"
		}
		second.URL = &to
		root.ServeHTTP(w, &second)
	}), a, now))
	mux.Handle("GET /new", Track(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { line(t, m, "now 1") }), b, a))
	root.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/old/1", nil))
	line(t, m, `a_total{route="/new"} 1`)
	line(t, m, "b_total 1")
	line(t, m, "now 0")
	line(t, m, `http_requests_total{method="GET",path="/new",status="200"} 1`)
	if n := m.total(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// TestTrackMixedMeters: metrics of two Meters at one place are a mistake of the
// program's, one around the other are not.
func TestTrackMixedMeters(t *testing.T) {
	one, two := MustNew(Options{OmitRuntime: true}), MustNew(Options{OmitRuntime: true})
	a := one.Counter(MetricOptions{Name: "a", Help: "A."})
	b := two.Counter(MetricOptions{Name: "b", Help: "B."})
	h := one.Handler(two.Handler(a.Handler(b.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
	line(t, one, "a_total 1")
	line(t, two, "b_total 1")
	defer func() {
		if v := fmt.Sprint(recover()); !strings.Contains(v, "b_total belongs to another Meter") {
			t.Errorf("panicked with %s", v)
		}
	}()
	Track(http.NotFoundHandler(), a, b)
}

// TestTrackAllocations: a metric on a route allocates nothing for label sets that
// are there.
func TestTrackAllocations(t *testing.T) {
	serve := func(on func(*Meter, http.Handler) http.Handler, o Options) float64 {
		o.OmitRuntime = true
		m := MustNew(o)
		mux := http.NewServeMux()
		mux.Handle("GET /users/{id}", on(m, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })))
		h := m.Handler(mux)
		w, r := &sink{http.Header{}}, httptest.NewRequest("GET", "/users/1", nil)
		return testing.AllocsPerRun(2000, func() { r.Pattern = ""; h.ServeHTTP(w, r) })
	}
	bare := serve(func(_ *Meter, h http.Handler) http.Handler { return h }, Options{})
	for name, got := range map[string]float64{
		"tracked": serve(func(m *Meter, h http.Handler) http.Handler {
			return Track(h, m.Counter(MetricOptions{Name: "a", Help: "A.", Labels: byStatus}),
				m.Histogram(MetricOptions{Name: "b", Help: "B.", Labels: []Label{{Name: "id", Func: func(r Request) string { return r.PathValue("id") }}}}),
				m.Gauge(MetricOptions{Name: "c", Help: "C."}))
		}, Options{}),
		"labels": serve(func(_ *Meter, h http.Handler) http.Handler { return h }, Options{
			Labels:  []Label{{Name: "method_again", Func: Request.Method}, {Name: "size", Func: func(Request) string { return "small" }}},
			GroupBy: Label{Name: "group", Func: Request.Route},
		}),
		"two schemas": serve(func(_ *Meter, h http.Handler) http.Handler { return h }, Options{AlsoSchemas: []schema.Schema{schema.Flask()}}),
	} {
		if got > bare && !poolsForget {
			t.Errorf("%s: %v allocations, without %v", name, got, bare)
		}
	}
}

// TestLabelValues: what a label's function gives is bounded and clean, whatever
// it is.
func TestLabelValues(t *testing.T) {
	m := MustNew(Options{
		OmitRuntime: true, Logger: quiet(),
		Labels: []Label{
			{Name: "declared", Func: func(r Request) string { return r.Header("X") }, Values: []string{"a", "b"}},
			{Name: "limited", Func: func(r Request) string { return r.Header("X") }, Max: 2},
		},
	})
	send := func(value string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X", value)
		m.Handler(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	}
	for i := range 500 {
		for _, v := range []string{"a", "\xff", fmt.Sprint("x", i)} {
			send(v)
		}
	}
	const requests = `http_requests_total{declared="%s",limited="%s",method="GET",path="unknown",status="404"} %d`
	line(t, m, fmt.Sprintf(requests, "a", "a", 500))
	line(t, m, fmt.Sprintf(requests, "other", "\uFFFD", 500))
	line(t, m, fmt.Sprintf(requests, "other", labelvalue.Overflow, 500))
	line(t, m, `tacho_overflow_total{label="limited",metric="http_requests_total"} 500`)
	line(t, m, `tacho_overflow_total{label="declared",metric="http_requests_total"} 0`)
}

// TestLabelsBudget: labels of the service's own are within the series budget,
// every request stays counted, and the log names the label that has spent it.
func TestLabelsBudget(t *testing.T) {
	for name, o := range map[string]Options{
		"the label":  {Labels: []Label{{Name: "user", Max: 100_000, Func: func(r Request) string { return r.Path() }}}},
		"both":       {Labels: []Label{{Name: "a", Max: 100_000, Func: func(r Request) string { return r.Path() }}, {Name: "b", Max: 100_000, Func: func(r Request) string { return r.Path() + "b" }}}},
		"the group":  {GroupBy: Label{Name: "user", Func: func(r Request) string { return r.Path() }}},
		"everything": {GroupBy: Label{Name: "g", Func: Request.Path}, Labels: []Label{{Name: "a", Max: 100_000, Func: Request.Path}}},
	} {
		var log strings.Builder
		o.SeriesLimit, o.OmitRuntime, o.Logger = 50, true, slog.New(slog.NewTextHandler(&log, nil))
		m := MustNew(o)
		for i := range 3000 {
			var x Exchange
			m.Begin(&x, []string{"GET", "POST"}[i%2], fmt.Sprint("/", i))
			x.Route = "/r"
			x.Settle(context.Background(), 200+i%3, nil)
			m.End(&x)
		}
		if n := setsOf(t, m, "http_requests_total"); n > 50+store.OverflowAllowance {
			t.Errorf("%s: %d label sets", name, n)
		}
		if n := m.totalOf(t, "http_requests_total"); n != 3000 {
			t.Errorf("%s: %v requests are counted, want 3000", name, n)
		}
		if n := strings.Count(log.String(), "too many label sets"); n != 1 {
			t.Errorf("%s: %d log lines: %s", name, n, log.String())
		}
		if got := m.totalOf(t, "tacho_overflow_total"); got < 2000 {
			t.Errorf("%s: %v were folded", name, got)
		}
	}
}

// TestGroupOverflow: a group that is called __overflow__, by whichever bound, is
// one label set.
func TestGroupOverflow(t *testing.T) {
	m := MustNew(Options{
		OmitRuntime: true, Logger: quiet(), SeriesLimit: 3, Status: Status{Class: true},
		GroupBy: Label{Name: "path", Max: 2, Func: Request.Path},
	})
	for i := range 40 {
		var x Exchange
		m.Begin(&x, "GET", "/"+strings.Repeat("x", i))
		x.Settle(context.Background(), 200+i%7, nil)
		m.End(&x)
	}
	if _, err := m.Gatherer().Gather(); err != nil {
		t.Error(err)
	}
	families := m.core.gather()
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
	if got := m.totalOf(t, "tacho_overflow_total"); got != 38 {
		t.Errorf("%v were folded, want 38", got)
	}
}

// TestPanicsGrouped: the class of the status is everywhere.
func TestPanicsGrouped(t *testing.T) {
	m := MustNew(Options{OmitRuntime: true, Schema: schema.Flask(), Status: Status{Class: true}})
	var x Exchange
	m.Begin(&x, "GET", "/")
	x.Settle(context.Background(), 200, "a panic")
	m.End(&x)
	line(t, m, `flask_http_request_exceptions_total{method="GET",status="5xx"} 1`)
	line(t, m, `flask_http_request_total{method="GET",status="5xx"} 1`)
}

// TestRegisterDefaultExcluded: a metric for all routes that counts excluded
// requests does, however they are excluded; but the endpoint is none of them.
func TestRegisterDefaultExcluded(t *testing.T) {
	m := MustNew(Options{OmitRuntime: true, Exclude: Exclude{Paths: []string{"/exact", "/by/{template}"}, Patterns: []string{"/pattern"}}})
	m.RegisterDefault(
		m.Counter(MetricOptions{Name: "anyway", Help: "All.", CountExcluded: true, Labels: []Label{{Name: "path", Func: Request.Route}}}),
		m.Counter(MetricOptions{Name: "not", Help: "Those that count."}),
	)
	mux := http.NewServeMux()
	for _, pattern := range []string{"/exact", "/by/{template}", "/patterns"} {
		mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	}
	mux.Handle("/metrics", m.Metrics())
	for _, path := range []string{"/exact", "/by/name", "/patterns", "/metrics"} {
		m.Handler(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
		line(t, m, "http_requests_in_flight 0")
	}
	for _, path := range []string{"/exact", "/by/{template}", "/patterns"} {
		line(t, m, `anyway_total{path="`+path+`"} 1`)
	}
	line(t, m, "not_total 0")
	if n := setsOf(t, m, "anyway_total"); n != 3 || m.total() != 0 {
		t.Errorf("%d label sets, %d requests in the HTTP metrics", n, m.total())
	}
}
