package main

import (
	"fmt"
	"io"
	"math"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
)

func begunEarlier() time.Time { return time.Now().Add(-7 * time.Millisecond) }

// samples reads the HTTP families of the text format.
func samples(t *testing.T, s store) map[string]float64 {
	t.Helper()
	w := httptest.NewRecorder()
	s.metrics().ServeHTTP(w, scrapeRequest(formats[0].accept, "identity"))
	all := map[string]float64{}
	for line := range strings.Lines(w.Body.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if !strings.HasPrefix(line, "http_") {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all[name] = v
	}
	return all
}

// TestStoresAgree: both libraries have the same families, labels, buckets and counts. A bucket
// may differ by a request that is exactly on its bound, because time passes while tacho
// measures; a sum may differ by the microseconds that this takes.
func TestStoresAgree(t *testing.T) {
	const sets = 20
	var all []map[string]float64
	for _, lib := range libraries() {
		s := lib.make(tacho.DefaultBuckets(), sets)
		fill(s, sets)
		all = append(all, samples(t, s))
	}
	ours, theirs := all[0], all[1]
	if len(theirs) != sets*linesPerSet {
		t.Errorf("client_golang has %d samples, want %d", len(theirs), sets*linesPerSet)
	}
	for name, want := range theirs {
		got, ok := ours[name]
		tolerance := .01*want + 1
		if strings.Contains(name, "_count") || strings.Contains(name, "_total") {
			tolerance = 0
		}
		if !ok || math.Abs(got-want) > tolerance {
			t.Errorf("%s: tacho has %v, client_golang %v", name, got, want)
		}
	}
	if len(ours) != len(theirs) {
		t.Errorf("tacho has %d samples of HTTP families, client_golang %d", len(ours), len(theirs))
	}
}

// TestScrapeGrants: both endpoints grant every format and encoding that is compared.
func TestScrapeGrants(t *testing.T) {
	for _, lib := range libraries() {
		s := lib.make(tacho.DefaultBuckets(), 5)
		fill(s, 5)
		for _, f := range formats {
			for _, encoding := range encodings {
				w := newSink()
				s.metrics().ServeHTTP(w, scrapeRequest(f.accept, encoding))
				granted, _, _ := strings.Cut(f.accept, ";")
				if got := w.header.Get("Content-Type"); !strings.HasPrefix(got, granted) {
					t.Errorf("%s: asked for %s, got %s", lib.name, granted, got)
				}
				if got := w.header.Get("Content-Encoding"); got != encoding && encoding != "identity" {
					t.Errorf("%s: asked for %s, got %q", lib.name, encoding, got)
				}
			}
		}
	}
}

// TestLatencyService: the service under load records what it serves.
func TestLatencyService(t *testing.T) {
	for _, lib := range libraries() {
		s := lib.make(tacho.DefaultBuckets(), 5)
		addr, stop, err := listen(serviceOver(s))
		if err != nil {
			t.Fatal(err)
		}
		g, err := startLoad(t.Context(), addr, 2)
		if err != nil {
			t.Fatal(err)
		}
		served := 0
		for served < 10 {
			served += len(g.take())
		}
		if err := scrapeOnce(t.Context(), addr, "gzip"); err != nil {
			t.Error(err)
		}
		if err := g.stop(); err != nil {
			t.Error(err)
		}
		stop()
		if got := samples(t, s)[`http_requests_total{method="GET",path="/r0",status="200"`]; got < float64(served) {
			t.Errorf("%s: recorded %v of %d requests", lib.name, got, served)
		}
	}
}

// TestFlags: errors name the argument, and -h lists every experiment.
func TestFlags(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"-only nonsense", `no experiment "nonsense"`},
		{"-filter (", "-filter"},
		{"requests", `unexpected argument "requests"`},
	} {
		err := run(t.Context(), strings.Fields(test.args), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.args, err, test.want)
		}
	}
	var help strings.Builder
	_ = run(t.Context(), []string{"-h"}, io.Discard, &help)
	for _, e := range experiments() {
		if !strings.Contains(help.String(), e.about) {
			t.Errorf("-h does not tell of %s:\n%s", e.name, &help)
		}
	}
}

func TestSpread(t *testing.T) {
	if got := fmt.Sprint(spreadOf([]float64{4, 1, 3, 2, 5})); got != "3.00 (2.00–4.00)" {
		t.Error(got)
	}
	if got := quantile([]float64{1, 2}, .75); got != 1.75 {
		t.Error(got)
	}
}
