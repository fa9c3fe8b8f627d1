package doctor

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tacho-go/tacho/internal/testfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// illService has a fault of each severity.
var illService = exposed(
	"# HELP http_requests_total Requests.", "# TYPE http_requests_total counter",
	repeat(25, `http_requests_total{method="GET",path="/users/#",status="200"} 7`),
	`http_requests_total{method="GET",path="/wp-login.php",status="404"} 1`,
	"# HELP http_request_duration_seconds Latency.", "# TYPE http_request_duration_seconds histogram",
	`http_request_duration_seconds_bucket{method="GET",path="/api",le="0.1"} 60`,
	`http_request_duration_seconds_bucket{method="GET",path="/api",le="1"} 150`,
	`http_request_duration_seconds_bucket{method="GET",path="/api",le="+Inf"} 180`,
	`http_request_duration_seconds_sum{method="GET",path="/api"} 204`,
	`http_request_duration_seconds_count{method="GET",path="/api"} 180`,
	"# HELP process_open_fds Open files.", "# TYPE process_open_fds gauge", "process_open_fds 12",
)

// illReport is the same on every machine: its clock is the test's, and its
// port is not told.
func illReport(t *testing.T) Report {
	server := httptest.NewServer(illService)
	defer server.Close()
	options := quick(server.URL)
	options.Scrapes = 1
	options.Instances = 3
	options.now = (&stepClock{now: time.Unix(1.8e9, 0), step: 12 * time.Millisecond}).read
	r := mustExamine(t, options)
	r.URL = "http://shop.example:8080/metrics"
	return r
}

func TestGoldenText(t *testing.T) {
	testfile.Golden(t, *update, "testdata/report.txt", []byte(text(illReport(t))))
}

func TestGoldenJSON(t *testing.T) {
	var b bytes.Buffer
	if err := illReport(t).JSON(&b); err != nil {
		t.Fatal(err)
	}
	testfile.Golden(t, *update, "testdata/report.json", b.Bytes())
}

// TestTextFits: no line is wider than a terminal, unless it is one word.
func TestTextFits(t *testing.T) {
	for _, line := range strings.Split(text(illReport(t)), "\n") {
		if utf8.RuneCountInString(line) > width && strings.Contains(strings.TrimSpace(line), " ") {
			t.Errorf("too wide: %q", line)
		}
	}
}

func TestJSONRoundTrip(t *testing.T) {
	want := illReport(t)
	var b bytes.Buffer
	if err := want.JSON(&b); err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := new(Severity).UnmarshalText([]byte("fatal")); err == nil {
		t.Error("severity fatal is accepted")
	}
}

func TestExitCodes(t *testing.T) {
	for want, findings := range [][]Finding{
		0: {{Severity: Info}},
		1: {{Severity: Info}, {Severity: Warning}},
		2: {{Severity: Error}, {Severity: Info}},
	} {
		if got := (Report{Findings: findings}).ExitCode(); got != want {
			t.Errorf("%v: exit code %d, want %d", findings, got, want)
		}
	}
	if got := (Report{}).ExitCode(); got != 0 {
		t.Errorf("no findings: exit code %d", got)
	}
}

// TestWorstFirst: a reader who stops early has read what matters.
func TestWorstFirst(t *testing.T) {
	last := Error
	for _, f := range illReport(t).Findings {
		if f.Severity > last {
			t.Errorf("%s after something milder", f.ID)
		}
		last = f.Severity
		if f.Title == "" || f.Evidence == "" || f.Fix == "" {
			t.Errorf("%s lacks a title, evidence or cure: %+v", f.ID, f)
		}
	}
}
