package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/metertest"
)

// A retention is a way for a client to choose what the library keeps.
type retention struct {
	name string
	// setup returns what serves one request with a text of the client's.
	setup func(m *tacho.Meter) func(text string)
	opts  tacho.Options
}

// serve returns what has a handler serve a request with a path and a header.
func serve(h http.Handler) func(string) {
	return func(text string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = "/" + text
		r.Header.Set("X-Tenant", text)
		h.ServeHTTP(metertest.NewSink(), r)
	}
}

func nothing(http.ResponseWriter, *http.Request) {}

func measured(m *tacho.Meter) func(string) { return serve(m.Handler(http.HandlerFunc(nothing))) }

// A person renders to a text of its own, and holds more than it shows.
type person struct{ Name, Biography string }

func (p person) String() string { return p.Name[:min(10, len(p.Name))] }

var retentions = []retention{
	{"GroupBy", measured, tacho.Options{GroupBy: tacho.Label{Name: "group", Func: tacho.Request.Path}}},
	{"Labels", measured, tacho.Options{Labels: []tacho.Label{{Name: "tenant", Func: tenant, Max: 500}}}},
	{"Values", measured, tacho.Options{Labels: []tacho.Label{{Name: "tenant", Func: tenant, Values: []string{"a", "b"}}}}},
	{"RouteFunc", measured, tacho.Options{RouteFunc: func(r *http.Request) string { return r.URL.Path }}},
	{"patterns", func(m *tacho.Meter) func(string) {
		return serve(m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { r.Pattern = r.URL.Path })))
	}, tacho.Options{}},
	{"SetRoute", func(m *tacho.Meter) func(string) {
		return func(text string) {
			var x metertest.Exchange
			metertest.Begin(m, &x, "GET", "/"+text)
			x.SetRoute("/" + text)
			metertest.End(m, &x)
		}
	}, tacho.Options{}},
	{"tracked", func(m *tacho.Meter) func(string) {
		c := m.Counter(tacho.MetricOptions{Name: "tracked", Help: "X.", Labels: []tacho.Label{{Name: "tenant", Func: tenant, Max: 500}}})
		return serve(c.HandlerFunc(nothing))
	}, tacho.Options{}},
	{"gauge", func(m *tacho.Meter) func(string) {
		g := m.Gauge(tacho.MetricOptions{Name: "tracked", Help: "X."})
		return serve(g.HandlerFunc(nothing))
	}, tacho.Options{Labels: []tacho.Label{{Name: "tenant", Func: tenant, Max: 500}}}},
	{"typed", func(m *tacho.Meter) func(string) {
		c, _ := tacho.NewCounter[struct{ Tenant string }](m, tacho.MetricOptions{Name: "typed", Help: "X."})
		return func(text string) { c.Inc(struct{ Tenant string }{text}) }
	}, tacho.Options{}},
	{"typed, a part of a text", func(m *tacho.Meter) func(string) {
		c, _ := tacho.NewCounter[struct{ Tenant string }](m, tacho.MetricOptions{Name: "typed", Help: "X."})
		return func(text string) { c.Inc(struct{ Tenant string }{text[:20]}) }
	}, tacho.Options{}},
	{"typed, with a TTL", func(m *tacho.Meter) func(string) {
		g, _ := tacho.NewGauge[struct{ Tenant string }](m, tacho.MetricOptions{Name: "typed", Help: "X.", TTL: time.Hour})
		return func(text string) { g.Set(struct{ Tenant string }{text}, 1) }
	}, tacho.Options{}},
	{"typed, Stringers", func(m *tacho.Meter) func(string) {
		c, _ := tacho.NewCounter[struct{ Person person }](m, tacho.MetricOptions{Name: "typed", Help: "X."})
		return func(text string) { c.Inc(struct{ Person person }{person{text[:20], text}}) }
	}, tacho.Options{}},
	{"exemplars", func(m *tacho.Meter) func(string) {
		now := int64(0)
		engine.Of(m).Clock = func() int64 { return now }
		return func(text string) {
			var x metertest.Exchange
			metertest.Begin(m, &x, "GET", "/x")
			now += 2 * int64(time.Second)
			x.Route = "/" + text[:20]
			x.Settle(context.WithValue(context.Background(), metertest.TraceKey{}, text), 200, nil)
			metertest.End(m, &x)
		}
	}, tacho.Options{TraceFunc: func(ctx context.Context) (string, string) {
		text, _ := ctx.Value(metertest.TraceKey{}).(string)
		return text[:16], text[16:20]
	}}},
	{"Transport", func(m *tacho.Meter) func(string) {
		t := m.Transport(roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
		}), "known.example")
		return func(text string) {
			r := httptest.NewRequest("GET", "http://x/", nil)
			r.URL.Host, r.Method = text, text
			if _, err := t.RoundTrip(r); err != nil {
				panic(err)
			}
		}
	}, tacho.Options{}},
}

func tenant(r tacho.Request) string { return r.Header("X-Tenant") }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRetention: however long the texts are that clients choose, what is kept of
// each is no more than a label shows.
func TestRetention(t *testing.T) {
	const texts, size, most = 300, 200_000, 2 << 20 // 60 MB in all
	for _, test := range retentions {
		t.Run(test.name, func(t *testing.T) {
			test.opts.OmitRuntime, test.opts.Logger = true, slog.New(slog.DiscardHandler)
			m := tacho.MustNew(test.opts)
			send := test.setup(m)
			send(strings.Repeat("x", size))
			before := metertest.Heap()
			for i := range texts {
				send(fmt.Sprintf("%08d", i) + strings.Repeat("x", size) + fmt.Sprint(i))
			}
			kept := int64(metertest.Heap()) - int64(before)
			runtime.KeepAlive(m)
			runtime.KeepAlive(send)
			if kept > most {
				t.Errorf("%d bytes are kept of %d texts of %d bytes each", kept, texts, size)
			}
		})
	}
}

// TestCutValuesAreOne: texts that a label shows alike are one value, within the
// maximum and in what is recorded.
func TestCutValuesAreOne(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Labels: []tacho.Label{{Name: "tenant", Func: tenant, Max: 2}}})
	h := m.Handler(http.HandlerFunc(nothing))
	long := strings.Repeat("x", labelvalue.MaxBytes)
	for _, text := range []string{long + "1", long + "2", long, "b"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-Tenant", text)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	metertest.Line(t, m, `http_requests_total{method="GET",path="unknown",status="200",tenant="`+long+`"} 3`)
	metertest.Line(t, m, `http_requests_total{method="GET",path="unknown",status="200",tenant="b"} 1`)
}
