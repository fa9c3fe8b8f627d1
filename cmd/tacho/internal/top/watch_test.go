package top

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func started(seconds float64) string {
	return fmt.Sprintf("# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds %d\n", at(seconds).Unix())
}

// TestFirstPicture: all since the start, and said so; then what was between.
func TestFirstPicture(t *testing.T) {
	w := watching(1, 2*time.Second, 0)
	w.Take(0, readingOf(t, started(-100)+types+shop(90, 10), 0))
	p := w.Frame(at(0))
	if row := rowOf(t, p, "/a"); !p.AllTime || !near(row.Rate, 1) || !near(row.ErrorRatio, 0.1) || p.Up[0] != 100*time.Second {
		t.Errorf("at first: %+v", p)
	}
	w.Take(0, readingOf(t, started(-100)+types+shop(96, 14), 2))
	p = w.Frame(at(2))
	if row := rowOf(t, p, "/a"); p.AllTime || !near(row.Rate, 5) || !near(row.ErrorRatio, 0.4) || p.Window != 2*time.Second || row.State != Errors {
		t.Errorf("then: %+v", p)
	}
}

// TestNoStartTime: without it there is no rate at first, but all else.
func TestNoStartTime(t *testing.T) {
	w := watching(1, 2*time.Second, 0)
	w.Take(0, readingOf(t, types+shop(90, 10), 0))
	row := rowOf(t, w.Frame(at(0)), "/a")
	if !math.IsNaN(row.Rate) || !near(row.ErrorRatio, 0.1) || !near(row.P50, 0.3) || !near(row.Share, 1) || !math.IsNaN(row.Statuses[0].Rate) {
		t.Errorf("the row is %+v", row)
	}
}

// TestInstances: several URLs are added up; one that is down is named and does
// not count; when it is back it counts again, restarted or not.
func TestInstances(t *testing.T) {
	w := watching(2, 2*time.Second, 0)
	take := func(i int, n, seconds float64) { w.Take(i, readingOf(t, types+shop(n, 0), seconds)) }
	expect := func(when string, seconds, want float64, problems ...string) {
		t.Helper()
		p := w.Frame(at(seconds))
		if row := rowOf(t, p, "/a"); !near(row.Rate, want) || strings.Join(p.Problems, " ") != strings.Join(problems, " ") {
			t.Errorf("%s: %v req/s and %q, want %v and %q", when, row.Rate, p.Problems, want, problems)
		}
	}
	take(0, 100, 0)
	take(1, 10, 0)
	take(0, 110, 2)
	take(1, 14, 2)
	expect("both", 2, 7)
	take(0, 120, 4)
	w.Fail(1, at(4), "nothing listens there")
	expect("one is down", 4, 5, "b: nothing listens there")
	take(0, 130, 6)
	take(1, 8, 6) // after a restart: 8 in the 4 s since it was seen
	expect("it is back", 6, 5+2)
	w.Fail(0, at(8), "x")
	w.Fail(1, at(8), "y")
	if p := w.Frame(at(8)); p.Answering != 0 || len(p.Rows) != 0 || len(p.Problems) != 2 {
		t.Errorf("both down: %+v", p)
	}
}

// TestLatecomer: a URL that answers for the first time has no rate yet; its
// total since the start is not taken for one.
func TestLatecomer(t *testing.T) {
	w := watching(2, 2*time.Second, 0)
	w.Take(0, readingOf(t, types+shop(10, 0), 0))
	w.Fail(1, at(0), "nothing listens there")
	w.Take(0, readingOf(t, types+shop(20, 0), 2))
	w.Take(1, readingOf(t, types+shop(5000, 0), 2))
	if row := rowOf(t, w.Frame(at(2)), "/a"); !near(row.Rate, 5) {
		t.Errorf("%v req/s, want 5", row.Rate)
	}
}

// TestWindow: the steps of the window count, and no older ones.
func TestWindow(t *testing.T) {
	w := watching(1, time.Second, 3*time.Second)
	for second, n := range []float64{0, 100, 110, 120, 130} { // the first step is left behind
		w.Take(0, readingOf(t, types+shop(n, 0), float64(second)))
	}
	p := w.Frame(at(4))
	if row := rowOf(t, p, "/a"); !near(row.Rate, 10) || p.Window != 3*time.Second || row.Requests != 30 {
		t.Errorf("%v req/s, %v requests in %v; want 10, 30, 3s", row.Rate, row.Requests, p.Window)
	}
}

// TestOtherNames: with another library's names nothing can be compared.
func TestOtherNames(t *testing.T) {
	flask := "# TYPE flask_http_request_duration_seconds histogram\n" +
		strings.ReplaceAll(histogramOf("/a", 400), "http_request", "flask_http_request")
	w := watching(1, 2*time.Second, 0)
	w.Take(0, readingOf(t, types+shop(9, 0), 0))
	w.Take(0, readingOf(t, flask, 2))
	if p := w.Frame(at(2)); !p.AllTime || p.Schemas[0] != "flask" || rowOf(t, p, "/a").Requests != 400 {
		t.Errorf("the picture is %+v", p)
	}
}

// TestBothNames: in a migration a service has two libraries' names for the same
// requests. They count once.
func TestBothNames(t *testing.T) {
	both := types + shop(9, 0) + "# TYPE flask_http_request_duration_seconds histogram\n" +
		strings.ReplaceAll(histogramOf("/a", 9), "http_request", "flask_http_request")
	w := watching(1, 2*time.Second, 0)
	w.Take(0, readingOf(t, both, 0))
	if p := w.Frame(at(0)); rowOf(t, p, "/a").Requests != 9 || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "not counted twice") {
		t.Errorf("%v requests, notes %q", p.Total.Requests, p.Notes)
	}
}

// TestHangs: a URL that has not answered for long is named before its scrape
// has ended.
func TestHangs(t *testing.T) {
	w := watching(1, 2*time.Second, 0)
	w.Take(0, readingOf(t, types+shop(9, 0), 0))
	if p := w.Frame(at(4)); len(p.Notes) != 0 {
		t.Errorf("after 4 s: %q", p.Notes)
	}
	if p := w.Frame(at(9)); len(p.Notes) != 1 || p.Notes[0] != "a: no response for 9 s; showing its last numbers" {
		t.Errorf("after 9 s: %q", p.Notes)
	}
}

// TestForeignMetrics: metrics, but none of HTTP requests.
func TestForeignMetrics(t *testing.T) {
	w := watching(1, 2*time.Second, 0)
	w.Take(0, readingOf(t, "# TYPE go_goroutines gauge\ngo_goroutines 7\n", 0))
	if p := w.Frame(at(0)); p.Answering != 0 || len(p.Problems) != 1 || !strings.Contains(p.Problems[0], "no known HTTP metrics") {
		t.Errorf("the picture is %+v", p)
	}
}

// TestInFlight: per route if the service exports it, and in the total.
func TestInFlight(t *testing.T) {
	text := `# TYPE starlette_responses_total counter
starlette_responses_total{method="GET",path_template="/a",status_code="200"} 5
starlette_responses_total{method="GET",path_template="/b",status_code="200"} 5
# TYPE starlette_requests_in_progress gauge
starlette_requests_in_progress{method="GET",path_template="/a"} 2
starlette_requests_in_progress{method="GET",path_template="/c"} 1
`
	w := watching(1, 2*time.Second, 0)
	w.Take(0, readingOf(t, text, 0))
	p := w.Frame(at(0))
	if p.Total.InFlight != 3 || rowOf(t, p, "/a").InFlight != 2 || !math.IsNaN(rowOf(t, p, "/b").InFlight) || len(p.Rows) != 2 {
		t.Errorf("in flight: %v in all, rows %+v", p.Total.InFlight, p.Rows)
	}
}

// TestLatencyWithoutMethod: gin-metrics has no method label on its latency. The latency is
// shown in the row of the path's only method, or in its own row.
func TestLatencyWithoutMethod(t *testing.T) {
	latency := "# TYPE gin_request_duration histogram\n"
	for _, uri := range []string{"/one", "/two"} {
		latency += fmt.Sprintf("gin_request_duration_bucket{uri=%q,le=\"1\"} 4\ngin_request_duration_bucket{uri=%q,le=\"+Inf\"} 4\ngin_request_duration_sum{uri=%q} 2\ngin_request_duration_count{uri=%q} 4\n", uri, uri, uri, uri)
	}
	text := latency + `# TYPE gin_uri_request_total counter
gin_uri_request_total{uri="/one",method="GET",code="200"} 4
gin_uri_request_total{uri="/two",method="GET",code="200"} 3
gin_uri_request_total{uri="/two",method="PUT",code="200"} 1
`
	w := watching(1, 2*time.Second, 0)
	w.Take(0, readingOf(t, text, 0))
	p := w.Frame(at(0))
	if row := rowOf(t, p, "/one"); row.Requests != 4 || !near(row.P50, 0.5) || !near(row.Share, 0.5) {
		t.Errorf("the only method: %+v", row)
	}
	if len(p.Rows) != 4 {
		t.Errorf("rows: %v", p.Rows)
	}
}
