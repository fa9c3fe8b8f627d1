package store_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/internal/store"
)

// TestBudget: past the limit new routes, or new statuses where these are the
// many ones, fold into __overflow__; nothing is lost, and the log says it once.
func TestBudget(t *testing.T) {
	const limit = 100
	fill := func(t *testing.T, record func(m *tacho.Meter, i int)) (*tacho.Meter, string) {
		var log bytes.Buffer
		m := tacho.MustNew(tacho.Options{SeriesLimit: limit, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for i := range 3000 {
			record(m, i)
		}
		if n := metertest.Sets(t, m, "http_requests_total"); n > limit+store.OverflowAllowance {
			t.Errorf("%d label sets, the limit is %d", n, limit)
		}
		if got := metertest.Total(m); got != 3000 {
			t.Errorf("%d requests are counted, want 3000", got)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Errorf("%d log lines, want 1:\n%s", n, &log)
		}
		metertest.Line(t, m, `tacho_series_limit{metric="http_requests_total"} 100`)
		return m, log.String()
	}
	t.Run("routes", func(t *testing.T) {
		m, log := fill(t, func(m *tacho.Meter, i int) { metertest.Record(m, "GET", fmt.Sprintf("/r%d", i), 200) })
		metertest.Line(t, m, `http_requests_total{method="GET",path="__overflow__",status="200"} 2900`)
		metertest.Line(t, m, `tacho_overflow_total{label="path",metric="http_requests_total"} 2900`)
		metertest.Line(t, m, `tacho_series{metric="http_requests_total"} 101`)
		if !strings.Contains(log, "label=path") {
			t.Error(log)
		}
	})
	t.Run("statuses", func(t *testing.T) {
		m, log := fill(t, func(m *tacho.Meter, i int) { metertest.Record(m, "GET", "/one", 200+i%700) })
		metertest.Line(t, m, `tacho_overflow_total{label="path",metric="http_requests_total"} 0`)
		if !strings.Contains(log, "label=status") {
			t.Error(log)
		}
		if n := metertest.Sets(t, m, "http_requests_total"); n != limit+1 {
			t.Errorf("%d label sets, want %d and one for __overflow__", n, limit)
		}
	})
	t.Run("everything at once", func(t *testing.T) {
		fill(t, func(m *tacho.Meter, i int) {
			metertest.Record(m, labelvalue.StandardMethods[i%10], fmt.Sprintf("/r%d", i), 200+i%700)
		})
	})
	t.Run("sizes and panics keep it too", func(t *testing.T) {
		m, _ := fill(t, func(m *tacho.Meter, i int) {
			metertest.Record(m, labelvalue.StandardMethods[i%10], fmt.Sprintf("/r%d", i%500), 200)
		})
		for _, name := range []string{"http_request_size_bytes", "http_response_size_bytes", "http_request_panics_total", "http_request_duration_seconds"} {
			if n := metertest.Sets(t, m, name); n > limit+store.OverflowAllowance {
				t.Errorf("%s has %d label sets, the limit is %d", name, n, limit)
			}
		}
	})
	t.Run("expected routes take half", func(t *testing.T) {
		m := tacho.MustNew(tacho.Options{SeriesLimit: limit})
		for i := range 90 {
			metertest.Expect(m, "GET", fmt.Sprintf("/r%d", i))
		}
		if n := metertest.Sets(t, m, "http_requests_total"); n != limit/2 {
			t.Errorf("%d label sets at zero, want %d", n, limit/2)
		}
		if n := metertest.Sets(t, m, "http_request_duration_seconds"); n != 0 {
			t.Errorf("%d histograms without an observation", n)
		}
	})
	t.Run("expected routes that are excluded take none", func(t *testing.T) {
		const routes = 10
		m := tacho.MustNew(tacho.Options{SeriesLimit: routes, Status: tacho.Status{Initial: []int{}}})
		metertest.Expect(m, "GET", "/metrics")
		for i := range routes {
			metertest.Record(m, "GET", fmt.Sprintf("/r%d", i), 200)
		}
		metertest.Line(t, m, `http_requests_total{method="GET",path="/r9",status="200"} 1`)
	})
}

func TestStatusTextAndConstLabels(t *testing.T) {
	m := tacho.MustNew(tacho.Options{Status: tacho.Status{Text: true}, Namespace: "shop", ConstLabels: map[string]string{"app": "a\xff", "zone": "1"}})
	metertest.Record(m, "GET", "/x", 404)
	metertest.Line(t, m, `shop_http_requests_total{app="a�",method="GET",path="/x",status="Not Found",zone="1"} 1`)
	metertest.Line(t, m, `tacho_series{app="a�",metric="shop_http_requests_total",zone="1"} 1`)
}

func TestMethods(t *testing.T) {
	m := tacho.MustNew(tacho.Options{Methods: []string{"PROPFIND", "GET"}})
	for _, method := range append([]string{"PROPFIND", "get", "FOO", ""}, labelvalue.StandardMethods...) {
		metertest.Record(m, method, "/x", 200)
	}
	metertest.Line(t, m, `http_requests_total{method="PROPFIND",path="/x",status="200"} 1`)
	metertest.Line(t, m, `http_requests_total{method="OTHER",path="/x",status="200"} 4`)
	if n := metertest.Sets(t, m, "http_requests_total"); n != len(labelvalue.StandardMethods)+1 {
		t.Errorf("%d methods, want %d", n, len(labelvalue.StandardMethods)+1)
	}
}

func FuzzLabels(f *testing.F) {
	for _, s := range []string{"", "/users/{id}", "\xff", strings.Repeat("ä", 200), "\x00", "a\nb\"c\\"} {
		f.Add(s)
	}
	m := tacho.MustNew(tacho.Options{SeriesLimit: 50, Logger: slog.New(slog.DiscardHandler), OmitRuntime: true})
	f.Fuzz(func(t *testing.T, s string) {
		got := labelvalue.Clean(s)
		if !utf8.ValidString(got) || len(got) > labelvalue.MaxBytes || labelvalue.Clean(got) != got {
			t.Errorf("cleanLabel(%q) = %q", s, got)
		}
		metertest.Record(m, s, s, 200)
		if _, err := m.Gatherer().Gather(); err != nil {
			t.Error(err)
		}
		if all, _ := engine.Of(m).Store.Ordered(); len(all) > 50+store.OverflowAllowance {
			t.Errorf("%d label sets", len(all))
		}
	})
}
