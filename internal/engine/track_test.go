package engine_test

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

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/expiry"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/internal/store"
	"github.com/tacho-go/tacho/schema"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

var byStatus = []tacho.Label{{Name: "status", Func: tacho.Request.StatusText}}

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
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), metertest.TraceKey{}, "x")))
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := tacho.MustNew(tacho.Options{OmitRuntime: true})
			labels := append([]tacho.Label{{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }}}, byStatus...)
			calls := m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: labels})
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
			metertest.Line(t, m, `calls_total{id="1",status="201"} 1`)
			metertest.Line(t, m, `calls_total{id="2",status="202"} 1`)
			metertest.Line(t, m, `http_requests_total{method="GET",path="/tracked/{id}",status="201"} 1`)
			if n := metertest.Sets(t, m, "calls_total"); n != 2 {
				t.Errorf("%d label sets of what is tracked, want 2", n)
			}
			if n := metertest.Total(m); n != 1 {
				t.Errorf("%d requests are in the HTTP metrics, want 1", n)
			}
		})
	}
}

// TestExcludeAllWithoutMiddleware: also where nobody else measures.
func TestExcludeAllWithoutMiddleware(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	calls := m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls."})
	h := calls.Handler(http.NotFoundHandler())
	for _, x := range []http.Handler{m.ExcludeAll(h), calls.Handler(m.ExcludeAll(http.NotFoundHandler())), m.DoNotTrack(h)} {
		x.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
	}
	metertest.Line(t, m, "calls_total 1")
}

// blindOnly has neither Unwrap nor anything else.
type blindOnly struct{ w http.ResponseWriter }

func (b blindOnly) Header() http.Header         { return b.w.Header() }
func (b blindOnly) Write(p []byte) (int, error) { return b.w.Write(p) }
func (b blindOnly) WriteHeader(status int)      { b.w.WriteHeader(status) }

// TestTrackTimeout: a handler that is out of time is recorded with the answer
// that the client got, by the HTTP metrics, and nothing races.
func TestTrackTimeout(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	calls := m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: byStatus})
	now := m.Gauge(tacho.MetricOptions{Name: "calls_now", Help: "Calls in progress."})
	entered, release, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
	slow := tacho.Track(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
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
	h.ServeHTTP(w, httptest.NewRequest("GET", "/slow", nil).WithContext(expiry.On(t.Context(), entered)))
	metertest.Line(t, m, "calls_now 1")
	close(release)
	<-returned
	if w.Code != 503 {
		t.Errorf("answered %d", w.Code)
	}
	metertest.Line(t, m, `http_requests_total{method="GET",path="/slow",status="503"} 1`)
	metertest.Line(t, m, `calls_total{status="503"} 1`)
	metertest.Line(t, m, "calls_now 0")
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
			outer, inner := tacho.MustNew(tacho.Options{OmitRuntime: true}), tacho.MustNew(tacho.Options{OmitRuntime: true})
			calls := outer.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: byStatus})
			made := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201) })
			mux := http.NewServeMux()
			mux.Handle("GET /quiet", outer.DoNotTrack(calls.Handler(made)))
			mux.Handle("GET /nothing", outer.ExcludeAll(calls.Handler(made)))
			mux.Handle("GET /inner", inner.DoNotTrack(made))
			h := outer.Handler(between(inner.Handler(between(outer.Handler(inner.Handler(mux))))))
			for _, path := range []string{"/quiet", "/nothing", "/inner"} {
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
			}
			metertest.Line(t, outer, `calls_total{status="201"} 1`)
			metertest.Line(t, outer, `http_requests_total{method="GET",path="/inner",status="201"} 1`)
			metertest.Line(t, inner, `http_requests_total{method="GET",path="/quiet",status="201"} 1`)
			metertest.Line(t, inner, `http_requests_total{method="GET",path="/nothing",status="201"} 1`)
			if o, i := metertest.Total(outer), metertest.Total(inner); o != 1 || i != 2 {
				t.Errorf("%d requests are in the outer Meter's HTTP metrics, want 1; %d in the inner's, want 2", o, i)
			}
		})
	}
}

// TestTrackDispatchedAgain: metrics on the routes of a request that is dispatched
// again count it once.
func TestTrackDispatchedAgain(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	a := m.Counter(tacho.MetricOptions{Name: "a", Help: "A.", Labels: []tacho.Label{{Name: "route", Func: tacho.Request.Route}}})
	b := m.Counter(tacho.MetricOptions{Name: "b", Help: "B."})
	now := m.Gauge(tacho.MetricOptions{Name: "now", Help: "Now."})
	mux := http.NewServeMux()
	root := m.Handler(mux)
	mux.Handle("GET /old/{n}", tacho.Track(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		second, to := *r, *r.URL
		if to.Path = "/new"; r.URL.Path == "/old/1" {
			to.Path = "/old/2"
		}
		second.URL = &to
		root.ServeHTTP(w, &second)
	}), a, now))
	mux.Handle("GET /new", tacho.Track(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { metertest.Line(t, m, "now 1") }), b, a))
	root.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/old/1", nil))
	metertest.Line(t, m, `a_total{route="/new"} 1`)
	metertest.Line(t, m, "b_total 1")
	metertest.Line(t, m, "now 0")
	metertest.Line(t, m, `http_requests_total{method="GET",path="/new",status="200"} 1`)
	if n := metertest.Total(m); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// TestTrackMixedMeters: metrics of two Meters at one place are a mistake of the
// program's, one around the other are not.
func TestTrackMixedMeters(t *testing.T) {
	one, two := tacho.MustNew(tacho.Options{OmitRuntime: true}), tacho.MustNew(tacho.Options{OmitRuntime: true})
	a := one.Counter(tacho.MetricOptions{Name: "a", Help: "A."})
	b := two.Counter(tacho.MetricOptions{Name: "b", Help: "B."})
	h := one.Handler(two.Handler(a.Handler(b.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
	metertest.Line(t, one, "a_total 1")
	metertest.Line(t, two, "b_total 1")
	defer func() {
		if v := fmt.Sprint(recover()); !strings.Contains(v, "b_total belongs to another Meter") {
			t.Errorf("panicked with %s", v)
		}
	}()
	tacho.Track(http.NotFoundHandler(), a, b)
}

// TestTrackAllocations: a metric on a route allocates nothing for label sets that
// are there.
func TestTrackAllocations(t *testing.T) {
	serve := func(on func(*tacho.Meter, http.Handler) http.Handler, o tacho.Options) float64 {
		o.OmitRuntime = true
		m := tacho.MustNew(o)
		mux := http.NewServeMux()
		mux.Handle("GET /users/{id}", on(m, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })))
		h := m.Handler(mux)
		w, r := metertest.NewSink(), httptest.NewRequest("GET", "/users/1", nil)
		return testing.AllocsPerRun(2000, func() { r.Pattern = ""; h.ServeHTTP(w, r) })
	}
	bare := serve(func(_ *tacho.Meter, h http.Handler) http.Handler { return h }, tacho.Options{})
	for name, got := range map[string]float64{
		"tracked": serve(func(m *tacho.Meter, h http.Handler) http.Handler {
			return tacho.Track(h, m.Counter(tacho.MetricOptions{Name: "a", Help: "A.", Labels: byStatus}),
				m.Histogram(tacho.MetricOptions{Name: "b", Help: "B.", Labels: []tacho.Label{{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }}}}),
				m.Gauge(tacho.MetricOptions{Name: "c", Help: "C."}))
		}, tacho.Options{}),
		"labels": serve(func(_ *tacho.Meter, h http.Handler) http.Handler { return h }, tacho.Options{
			Labels:  []tacho.Label{{Name: "method_again", Func: tacho.Request.Method}, {Name: "size", Func: func(tacho.Request) string { return "small" }}},
			GroupBy: tacho.Label{Name: "group", Func: tacho.Request.Route},
		}),
		"two schemas": serve(func(_ *tacho.Meter, h http.Handler) http.Handler { return h }, tacho.Options{AlsoSchemas: []schema.Schema{schema.Flask()}}),
	} {
		if got > bare && !metertest.PoolsForget {
			t.Errorf("%s: %v allocations, without %v", name, got, bare)
		}
	}
}

// TestLabelValues: what a label's function gives is bounded and clean, whatever
// it is.
func TestLabelValues(t *testing.T) {
	m := tacho.MustNew(tacho.Options{
		OmitRuntime: true, Logger: quiet(),
		Labels: []tacho.Label{
			{Name: "declared", Func: func(r tacho.Request) string { return r.Header("X") }, Values: []string{"a", "b"}},
			{Name: "limited", Func: func(r tacho.Request) string { return r.Header("X") }, Max: 2},
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
	metertest.Line(t, m, fmt.Sprintf(requests, "a", "a", 500))
	metertest.Line(t, m, fmt.Sprintf(requests, "other", "\uFFFD", 500))
	metertest.Line(t, m, fmt.Sprintf(requests, "other", labelvalue.Overflow, 500))
	metertest.Line(t, m, `tacho_overflow_total{label="limited",metric="http_requests_total"} 500`)
	metertest.Line(t, m, `tacho_overflow_total{label="declared",metric="http_requests_total"} 0`)
}

// TestLabelsBudget: labels of the service's own are within the series budget,
// every request stays counted, and the log names the label that has spent it.
func TestLabelsBudget(t *testing.T) {
	for name, o := range map[string]tacho.Options{
		"the label":  {Labels: []tacho.Label{{Name: "user", Max: 100_000, Func: func(r tacho.Request) string { return r.Path() }}}},
		"both":       {Labels: []tacho.Label{{Name: "a", Max: 100_000, Func: func(r tacho.Request) string { return r.Path() }}, {Name: "b", Max: 100_000, Func: func(r tacho.Request) string { return r.Path() + "b" }}}},
		"the group":  {GroupBy: tacho.Label{Name: "user", Func: func(r tacho.Request) string { return r.Path() }}},
		"everything": {GroupBy: tacho.Label{Name: "g", Func: tacho.Request.Path}, Labels: []tacho.Label{{Name: "a", Max: 100_000, Func: tacho.Request.Path}}},
	} {
		var log strings.Builder
		o.SeriesLimit, o.OmitRuntime, o.Logger = 50, true, slog.New(slog.NewTextHandler(&log, nil))
		m := tacho.MustNew(o)
		for i := range 3000 {
			var x metertest.Exchange
			metertest.Begin(m, &x, []string{"GET", "POST"}[i%2], fmt.Sprint("/", i))
			x.Route = "/r"
			x.Settle(context.Background(), 200+i%3, nil)
			metertest.End(m, &x)
		}
		if n := metertest.Sets(t, m, "http_requests_total"); n > 50+store.OverflowAllowance {
			t.Errorf("%s: %d label sets", name, n)
		}
		if n := metertest.TotalOf(t, m, "http_requests_total"); n != 3000 {
			t.Errorf("%s: %v requests are counted, want 3000", name, n)
		}
		if n := strings.Count(log.String(), "too many label sets"); n != 1 {
			t.Errorf("%s: %d log lines: %s", name, n, log.String())
		}
		if got := metertest.TotalOf(t, m, "tacho_overflow_total"); got < 2000 {
			t.Errorf("%s: %v were folded", name, got)
		}
	}
}

// TestPanicsGrouped: the class of the status is everywhere.
func TestPanicsGrouped(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Schema: schema.Flask(), Status: tacho.Status{Class: true}})
	var x metertest.Exchange
	metertest.Begin(m, &x, "GET", "/")
	x.Settle(context.Background(), 200, "a panic")
	metertest.End(m, &x)
	metertest.Line(t, m, `flask_http_request_exceptions_total{method="GET",status="5xx"} 1`)
	metertest.Line(t, m, `flask_http_request_total{method="GET",status="5xx"} 1`)
}

// TestRegisterDefaultExcluded: a metric for all routes that counts excluded
// requests does, however they are excluded; but the endpoint is none of them.
func TestRegisterDefaultExcluded(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Exclude: tacho.Exclude{Paths: []string{"/exact", "/by/{template}"}, Patterns: []string{"/pattern"}}})
	m.RegisterDefault(
		m.Counter(tacho.MetricOptions{Name: "anyway", Help: "All.", CountExcluded: true, Labels: []tacho.Label{{Name: "path", Func: tacho.Request.Route}}}),
		m.Counter(tacho.MetricOptions{Name: "not", Help: "Those that count."}),
	)
	mux := http.NewServeMux()
	for _, pattern := range []string{"/exact", "/by/{template}", "/patterns"} {
		mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	}
	mux.Handle("/metrics", m.Metrics())
	for _, path := range []string{"/exact", "/by/name", "/patterns", "/metrics"} {
		m.Handler(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
		metertest.Line(t, m, "http_requests_in_flight 0")
	}
	for _, path := range []string{"/exact", "/by/{template}", "/patterns"} {
		metertest.Line(t, m, `anyway_total{path="`+path+`"} 1`)
	}
	metertest.Line(t, m, "not_total 0")
	if n := metertest.Sets(t, m, "anyway_total"); n != 3 || metertest.Total(m) != 0 {
		t.Errorf("%d label sets, %d requests in the HTTP metrics", n, metertest.Total(m))
	}
}
