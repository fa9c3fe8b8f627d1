package tacho

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

	"github.com/tacho-go/tacho/internal/labelvalue"
)

// A retention is a way for a client to choose what the library keeps.
type retention struct {
	name string
	// setup returns what serves one request with a text of the client's.
	setup func(m *Meter) func(text string)
	opts  Options
}

// serve returns what has a handler serve a request with a path and a header.
func serve(h http.Handler) func(string) {
	return func(text string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = "/" + text
		r.Header.Set("X-Tenant", text)
		h.ServeHTTP(&sink{http.Header{}}, r)
	}
}

func nothing(http.ResponseWriter, *http.Request) {}

func measured(m *Meter) func(string) { return serve(m.Handler(http.HandlerFunc(nothing))) }

// A person renders to a text of its own, and holds more than it shows.
type person struct{ Name, Biography string }

func (p person) String() string { return p.Name[:min(10, len(p.Name))] }

var retentions = []retention{
	{"GroupBy", measured, Options{GroupBy: Label{Name: "group", Func: Request.Path}}},
	{"Labels", measured, Options{Labels: []Label{{Name: "tenant", Func: tenant, Max: 500}}}},
	{"Values", measured, Options{Labels: []Label{{Name: "tenant", Func: tenant, Values: []string{"a", "b"}}}}},
	{"RouteFunc", measured, Options{RouteFunc: func(r *http.Request) string { return r.URL.Path }}},
	{"patterns", func(m *Meter) func(string) {
		return serve(m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { r.Pattern = r.URL.Path })))
	}, Options{}},
	{"SetRoute", func(m *Meter) func(string) {
		return func(text string) {
			var x Exchange
			m.Begin(&x, "GET", "/"+text)
			x.SetRoute("/" + text)
			m.End(&x)
		}
	}, Options{}},
	{"tracked", func(m *Meter) func(string) {
		c := m.Counter(MetricOptions{Name: "tracked", Help: "X.", Labels: []Label{{Name: "tenant", Func: tenant, Max: 500}}})
		return serve(c.HandlerFunc(nothing))
	}, Options{}},
	{"gauge", func(m *Meter) func(string) {
		g := m.Gauge(MetricOptions{Name: "tracked", Help: "X."})
		return serve(g.HandlerFunc(nothing))
	}, Options{Labels: []Label{{Name: "tenant", Func: tenant, Max: 500}}}},
	{"typed", func(m *Meter) func(string) {
		c, _ := NewCounter[struct{ Tenant string }](m, MetricOptions{Name: "typed", Help: "X."})
		return func(text string) { c.Inc(struct{ Tenant string }{text}) }
	}, Options{}},
	{"typed, a part of a text", func(m *Meter) func(string) {
		c, _ := NewCounter[struct{ Tenant string }](m, MetricOptions{Name: "typed", Help: "X."})
		return func(text string) { c.Inc(struct{ Tenant string }{text[:20]}) }
	}, Options{}},
	{"typed, with a TTL", func(m *Meter) func(string) {
		g, _ := NewGauge[struct{ Tenant string }](m, MetricOptions{Name: "typed", Help: "X.", TTL: time.Hour})
		return func(text string) { g.Set(struct{ Tenant string }{text}, 1) }
	}, Options{}},
	{"typed, Stringers", func(m *Meter) func(string) {
		c, _ := NewCounter[struct{ Person person }](m, MetricOptions{Name: "typed", Help: "X."})
		return func(text string) { c.Inc(struct{ Person person }{person{text[:20], text}}) }
	}, Options{}},
	{"exemplars", func(m *Meter) func(string) {
		now := int64(0)
		m.shared.Clock = func() int64 { return now }
		return func(text string) {
			var x Exchange
			m.Begin(&x, "GET", "/x")
			now += 2 * int64(time.Second)
			x.Route = "/" + text[:20]
			x.Settle(context.WithValue(context.Background(), traceKey{}, text), 200, nil)
			m.End(&x)
		}
	}, Options{TraceFunc: func(ctx context.Context) (string, string) {
		text, _ := ctx.Value(traceKey{}).(string)
		return text[:16], text[16:20]
	}}},
	{"Transport", func(m *Meter) func(string) {
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
	}, Options{}},
}

func tenant(r Request) string { return r.Header("X-Tenant") }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRetention: however long the texts are that clients choose, what is kept of
// each is no more than a label shows.
func TestRetention(t *testing.T) {
	const texts, size, most = 300, 200_000, 2 << 20 // 60 MB in all
	for _, test := range retentions {
		t.Run(test.name, func(t *testing.T) {
			test.opts.OmitRuntime, test.opts.Logger = true, slog.New(slog.DiscardHandler)
			m := MustNew(test.opts)
			send := test.setup(m)
			send(strings.Repeat("x", size))
			before := heap()
			for i := range texts {
				send(fmt.Sprintf("%08d", i) + strings.Repeat("x", size) + fmt.Sprint(i))
			}
			kept := int64(heap()) - int64(before)
			runtime.KeepAlive(m)
			runtime.KeepAlive(send)
			if kept > most {
				t.Errorf("%d bytes are kept of %d texts of %d bytes each", kept, texts, size)
			}
		})
	}
}

// heap is how many bytes are in use. What pools keep goes with the second cycle.
func heap() uint64 {
	for range 3 {
		runtime.GC()
	}
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
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
	m := MustNew(Options{OmitRuntime: true})
	c, err := NewCounter[struct{ Shade shade }](m, MetricOptions{Name: "seen", Help: "X."})
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	const values = 300_000
	for i := range values {
		c.Inc(struct{ Shade shade }{shade{uint8(i), uint8(i >> 8), uint8(i >> 16)}})
	}
	if kept := int64(heap()) - int64(before); kept > 1<<20 {
		t.Errorf("%d bytes are kept of %d values with two texts", kept, values)
	}
	if n := c.known.Len(); n > 2*maxStructs {
		t.Errorf("%d structs are kept", n)
	}
	line(t, m, `seen_total{shade="bright"} 149984`)
	line(t, m, `seen_total{shade="dark"} 150016`)
}

// TestCutValuesAreOne: texts that a label shows alike are one value, within the
// maximum and in what is recorded.
func TestCutValuesAreOne(t *testing.T) {
	m := MustNew(Options{OmitRuntime: true, Labels: []Label{{Name: "tenant", Func: tenant, Max: 2}}})
	h := m.Handler(http.HandlerFunc(nothing))
	long := strings.Repeat("x", labelvalue.MaxBytes)
	for _, text := range []string{long + "1", long + "2", long, "b"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-Tenant", text)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	line(t, m, `http_requests_total{method="GET",path="unknown",status="200",tenant="`+long+`"} 3`)
	line(t, m, `http_requests_total{method="GET",path="unknown",status="200",tenant="b"} 1`)
}
