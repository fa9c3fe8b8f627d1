package top

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
)

// shop writes a service with one route, /a, all requests of which took 0.3 s.
func shop(well, failed float64) string {
	return requestsOf("/a", well, failed) + histogramOf("/a", well+failed)
}

const types = "# TYPE http_requests_total counter\n# TYPE http_request_duration_seconds histogram\n# TYPE http_requests_in_flight gauge\n"

func requestsOf(path string, well, failed float64) string {
	return fmt.Sprintf("http_requests_total{method=\"GET\",path=%q,status=\"200\"} %v\nhttp_requests_total{method=\"GET\",path=%q,status=\"503\"} %v\n",
		path, well, path, failed)
}

func histogramOf(path string, n float64) string {
	of := fmt.Sprintf("http_request_duration_seconds_%%s{method=\"GET\",path=%q,status=\"200\"%%s} %%v\n", path)
	var b strings.Builder
	for _, bucket := range []struct {
		le string
		n  float64
	}{{"0.1", 0}, {"0.2", 0}, {"0.4", n}, {"1", n}, {"+Inf", n}} {
		fmt.Fprintf(&b, of, "bucket", fmt.Sprintf(",le=%q", bucket.le), bucket.n)
	}
	fmt.Fprintf(&b, of, "sum", "", 0.3*n)
	fmt.Fprintf(&b, of, "count", "", n)
	return b.String()
}

// TestBetween: what was counted between two scrapes, of series that rise, fall,
// come and go.
func TestBetween(t *testing.T) {
	for name, c := range map[string]struct {
		from, to     string
		well, failed float64
	}{
		"rises":              {shop(10, 1), shop(15, 3), 5, 2},
		"stands":             {shop(10, 1), shop(10, 1), 0, 0},
		"fell: from zero":    {shop(100, 50), shop(4, 1), 4, 1},
		"one of two fell":    {shop(100, 1), shop(4, 3), 4, 2},
		"is new: from zero":  {types + requestsOf("/b", 1, 1), types + requestsOf("/b", 1, 1) + shop(7, 0), 7, 0},
		"is gone":            {shop(9, 9), types + requestsOf("/b", 1, 1), 0, 0},
		"has other labels":   {shop(9, 9), shop(9, 9) + `http_requests_total{code="200",method="get"} 5` + "\n", 0, 0},
		"has a label of its": {shop(1, 0), shop(1, 0) + `http_requests_total{tenant="x",method="GET",path="/a",status="200"} 5` + "\n", 5, 0},
	} {
		s := between(readingOf(t, c.from, 0), readingOf(t, c.to, 2))
		if s.routes[Route{"", noRoute}] != nil || s.routes[Route{"get", noRoute}] != nil {
			t.Errorf("%s: another library's series are counted", name)
		}
		got := s.at(Route{"GET", "/a"})
		if got.requests["200"] != c.well || got.requests["503"] != c.failed {
			t.Errorf("%s: counted %v, want %v and %v", name, got.requests, c.well, c.failed)
		}
	}
}

// TestHistogramFallsWhole: after a restart a bucket may have more than before.
// It began anew all the same, with the others of its histogram.
func TestHistogramFallsWhole(t *testing.T) {
	from := strings.ReplaceAll(types+requestsOf("/a", 9, 0)+histogramOf("/a", 9), `le="0.4"} 9`, `le="0.4"} 2`)
	s := between(readingOf(t, from, 0), readingOf(t, types+requestsOf("/a", 5, 0)+histogramOf("/a", 5), 2))
	got := s.at(Route{"GET", "/a"})
	if got.buckets[0.4] != 5 || got.buckets[1] != 5 || !near(got.seconds, 1.5) {
		t.Errorf("buckets %v, %v seconds; want 5 in 0.4 and 1, and 1.5 s", got.buckets, got.seconds)
	}
}

// TestNative: a histogram without classic buckets counts requests, time and
// quantiles, and begins anew as others do.
func TestNative(t *testing.T) {
	native := func(n float64) Snapshot {
		h := &histogram.FloatHistogram{ // all in (0.25, 0.5]
			Schema: 0, Count: n, Sum: 0.3 * n,
			PositiveSpans: []histogram.Span{{Offset: -1, Length: 1}}, PositiveBuckets: []float64{n},
		}
		return Snapshot{At: at(n), points: map[uint64]point{1: {part: spread, native: h, counts: true, status: "200", route: Route{"GET", "/a"}}}}
	}
	for name, c := range map[string]struct{ from, to, want float64 }{
		"rises": {10, 30, 20}, "fell": {30, 10, 10}, "is new": {0, 8, 8},
	} {
		from := native(c.from)
		if c.from == 0 {
			from = Snapshot{}
		}
		s := newSum()
		s.add(between(from, native(c.to)).at(Route{"GET", "/a"}), 1)
		row := s.row(Route{"GET", "/a"}, true)
		if row.Requests != c.want || !near(row.seconds, 0.3*c.want) || row.P95 <= 0.25 || row.P95 > 0.5 {
			t.Errorf("%s: %v requests, %v s, p95 %v; want %v requests of 0.3 s", name, row.Requests, row.seconds, row.P95, c.want)
		}
	}
}

// TestQuantiles: interpolated in the bucket, as histogram_quantile does.
func TestQuantiles(t *testing.T) {
	s := newSum()
	s.add(sinceStart(readingOf(t, types+shop(100, 0), 0)).at(Route{"GET", "/a"}), 1)
	row := s.row(Route{"GET", "/a"}, true)
	if !near(row.P50, 0.3) || !near(row.P95, 0.39) || !near(row.P99, 0.398) || row.bounds.last != 1 {
		t.Errorf("p50 %v p95 %v p99 %v last bound %v; want 0.3, 0.39, 0.398 and 1", row.P50, row.P95, row.P99, row.bounds.last)
	}
	if none := newSum().row(Route{}, true); !math.IsNaN(none.P50) || !math.IsNaN(none.ErrorRatio) {
		t.Errorf("of nothing: %+v", none)
	}
}
