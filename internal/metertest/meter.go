// Package metertest has what tests of several packages need to look at a Meter: it records
// requests, scrapes and compares what scrapes give. Only tests import it.
package metertest

import (
	"context"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
)

// An Exchange is a request, for tests of what the engine does.
type Exchange = engine.Exchange

// Begin begins an exchange, as an adapter does.
func Begin(m *tacho.Meter, x *Exchange, method, path string) bool {
	return engine.Of(m).Begin(x, method, path)
}

// End records an exchange.
func End(m *tacho.Meter, x *Exchange) { engine.Of(m).End(x) }

// Join tells the Meter that one more middleware measures for it.
func Join(m *tacho.Meter) { engine.Of(m).Join() }

// Expect makes a route known before its first request.
func Expect(m *tacho.Meter, method, template string) { engine.Of(m).Store.Expect(method, template) }

// AsItIs makes the label of a route from its template, as a router without wildcards does.
func AsItIs(s string) string { return s }

// Record records one request as an adapter would.
func Record(m *tacho.Meter, method, route string, status int) {
	var x Exchange
	if Begin(m, &x, method, "/some/path") {
		x.WroteHeader(context.Background(), status)
		x.Route = route
		End(m, &x)
	}
}

// Sets counts a family's label sets in what a scrape gives.
func Sets(t *testing.T, m *tacho.Meter, name string) int {
	t.Helper()
	n, err := testutil.GatherAndCount(m.Gatherer(), name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Line checks that a scrape has a line.
func Line(t *testing.T, m *tacho.Meter, want string) {
	t.Helper()
	w := httptest.NewRecorder()
	m.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(w.Body.String(), "\n"+want+"\n") {
		name, _, _ := strings.Cut(want, "{")
		var have []string
		for l := range strings.Lines(w.Body.String()) {
			if strings.HasPrefix(l, name) {
				have = append(have, l)
			}
		}
		t.Errorf("no line %s in\n%s", want, strings.Join(have[:min(len(have), 20)], ""))
	}
}

// Total adds up all requests.
func Total(m *tacho.Meter) (n uint64) {
	all, _ := engine.Of(m).Store.Ordered()
	for _, s := range all {
		n += s.Count()
	}
	return n
}

// Heap is how many bytes are in use. What pools keep goes with the second cycle.
func Heap() uint64 {
	for range 3 {
		runtime.GC()
	}
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// Await waits for a state, which on an idle machine takes seconds at most.
func Await(t *testing.T, what string, state func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !state(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("it never happens that %s", what)
		}
	}
}

// TotalOf adds a counter's label sets up.
func TotalOf(t *testing.T, m *tacho.Meter, name string) (n float64) {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			if f.GetName() == name {
				n += x.GetCounter().GetValue()
			}
		}
	}
	return n
}

// Refused checks that New refuses options by a message that has these words.
func Refused(t *testing.T, o tacho.Options, words ...string) {
	t.Helper()
	_, err := tacho.New(o)
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%v does not say %q", err, w)
		}
	}
}
