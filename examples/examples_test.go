// Package examples builds, starts and uses every example as a reader would.
package examples

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tacho-go/tacho/internal/programs"
)

// examples are the programs, some requests to each, and the resulting counts on /metrics: these
// requests and no others.
var examples = []struct {
	name     string
	requests []string
	want     counts
}{
	{
		name:     "gin",
		requests: []string{"GET /", "GET /api", "GET /api", "GET /nowhere"},
		want:     counts{"GET / 200": 1, "GET /api 200": 2, "GET unmatched 404": 1},
	},
	{
		name:     "three-routes",
		requests: []string{"GET /first_route", "GET /second_route", "POST /three_route", "GET /nowhere"},
		want: counts{
			"GET /first_route 200": 1, "GET /second_route 200": 1, "POST /three_route 200": 1,
			"GET unmatched 404": 1,
		},
	},
	{
		name:     "from-flask",
		requests: []string{"GET /first_route", "POST /created", "GET /fail", "GET /nowhere"},
		want: counts{
			"GET /first_route 200": 1, "POST /created 201": 1, "GET /fail 500": 1,
			"GET unmatched 404": 1,
		},
	},
	{
		name:     "nethttp",
		requests: []string{"GET /users/7", "GET /users/8", "POST /users", "GET /healthz", "DELETE /users", "GET /nowhere"},
		want: counts{
			"GET /users/{id} 200": 2, "POST /users 201": 1,
			"DELETE unmatched 405": 1, "GET unmatched 404": 1,
		},
	},
}

// TestMetricsShowTheRequests also shuts the programs down.
func TestMetricsShowTheRequests(t *testing.T) {
	for _, p := range examples {
		t.Run(p.name, func(t *testing.T) {
			example := startExample(t, p.name)
			for _, r := range p.requests {
				request(t, example, r)
			}
			families := scrape(t, example)
			if got := countsOf(families["http_requests_total"]); !maps.Equal(got, p.want) {
				t.Errorf("http_requests_total:\n got %v\nwant %v", got, p.want)
			}
			if got := countsOf(families["http_request_duration_seconds"]); !maps.Equal(got, p.want) {
				t.Errorf("http_request_duration_seconds_count:\n got %v\nwant %v", got, p.want)
			}
			if code := example.end(t); code != 0 {
				t.Errorf("exit code %d after SIGTERM, want 0; output:\n%s", code, example.output.String())
			}
		})
	}
}

func TestPortTaken(t *testing.T) {
	holder := startExample(t, "nethttp")
	for _, p := range examples {
		t.Run(p.name, func(t *testing.T) {
			cmd := exec.Command(programs.File(t, p.name), "-listen", holder.addr)
			refusedPort(t, cmd, holder.addr)
		})
	}
}

// TestRunsFromTheRoot runs the commands in the examples' comments. The port is taken, so that
// each program ends by itself.
func TestRunsFromTheRoot(t *testing.T) {
	holder := startExample(t, "nethttp")
	cmd := exec.Command("go", "run", "./examples/gin", "-listen", holder.addr)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOWORK=") // the workspace, even if it is off for this test
	refusedPort(t, cmd, holder.addr)
}

func refusedPort(t *testing.T, cmd *exec.Cmd, addr string) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if !strings.Contains(stderr.String(), addr) || !strings.Contains(stderr.String(), "-listen") {
		t.Errorf("stderr names not both %s and the way out, -listen:\n%s", addr, stderr.String())
	}
}

func TestGinHasTheTutorialsBuckets(t *testing.T) {
	example := startExample(t, "gin")
	request(t, example, "GET /")
	family := scrape(t, example)["http_request_duration_seconds"]
	var got []float64
	for _, b := range family.GetMetric()[0].GetHistogram().GetBucket() {
		got = append(got, b.GetUpperBound())
	}
	if fmt.Sprint(got) != "[0.1 0.3 0.5 0.7 1 1.5 2 3 +Inf]" {
		t.Errorf("buckets %v", got)
	}
}

func TestThreeRoutesCountsItsBusiness(t *testing.T) {
	example := startExample(t, "three-routes")
	request(t, example, "GET /first_route")
	request(t, example, "GET /first_route")
	families := scrape(t, example)

	orders := map[string]float64{}
	for _, m := range families["shop_orders_total"].GetMetric() {
		orders[label(m, "kind")] = m.GetCounter().GetValue()
	}
	if want := map[string]float64{"book": 2, "lamp": 0, "pen": 0}; !maps.Equal(orders, want) {
		t.Errorf("shop_orders_total: got %v, want %v", orders, want)
	}
	if n := families["shop_order_items"].GetMetric()[0].GetHistogram().GetSampleCount(); n != 2 {
		t.Errorf("shop_order_items has %d observations, want 2", n)
	}
}

// TestEventStream leaves one stream and keeps another open until the end.
func TestEventStream(t *testing.T) {
	example := startExample(t, "nethttp")
	left, kept := openStream(t, example), openStream(t, example)
	defer kept.Close()
	readEvents(t, left, 2) // the second event follows after a second
	readEvents(t, kept, 1)
	if n := gauge(scrape(t, example), "http_streams_in_flight"); n != 2 {
		t.Errorf("http_streams_in_flight is %v, want 2", n)
	}

	left.Close()
	await(t, "the end of the stream that its client left", func() bool {
		return gauge(scrape(t, example), "http_streams_in_flight") == 1
	})
	families := scrape(t, example)
	// 200, not 499: the status had been sent long before the client disconnected.
	if got, want := countsOf(families["http_requests_total"]), (counts{"GET /events 200": 1}); !maps.Equal(got, want) {
		t.Errorf("http_requests_total: got %v, want %v", got, want)
	}
	latency := families["http_request_duration_seconds"].GetMetric()[0].GetHistogram().GetSampleSum()
	lifetime := families["http_stream_duration_seconds"].GetMetric()[0].GetHistogram().GetSampleSum()
	if latency > 0.5 || lifetime < 1 {
		t.Errorf("latency %v s and lifetime %v s; want the latency of the first event and the lifetime of the stream, over 1 s", latency, lifetime)
	}

	if code := example.end(t); code != 0 {
		t.Errorf("exit code %d after SIGTERM with a stream open, want 0; output:\n%s", code, example.output.String())
	}
}

func openStream(t *testing.T, p *process) io.ReadCloser {
	t.Helper()
	resp, err := client.Get("http://" + p.addr + "/events")
	if err != nil {
		t.Fatal(err)
	}
	return resp.Body
}

func readEvents(t *testing.T, stream io.Reader, n int) {
	t.Helper()
	for lines := bufio.NewScanner(stream); n > 0 && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "data: ") {
			n--
		}
	}
	if n > 0 {
		t.Fatalf("the stream ended %d events too early", n)
	}
}

// TestPromtoolCheckMetrics runs Prometheus's linter on all metrics.
func TestPromtoolCheckMetrics(t *testing.T) {
	promtool := peer(t, "promtool")
	for _, p := range examples {
		t.Run(p.name, func(t *testing.T) {
			example := startExample(t, p.name)
			for _, r := range p.requests {
				request(t, example, r)
			}
			if p.name == "nethttp" { // so that stream metrics exist
				stream := openStream(t, example)
				defer stream.Close()
				readEvents(t, stream, 1)
			}
			cmd := exec.Command(promtool, "check", "metrics")
			cmd.Stdin = strings.NewReader(request(t, example, "GET /metrics"))
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("promtool check metrics: %v\n%s", err, out)
			}
		})
	}
}

// peer returns a program of the system that the tests need.
func peer(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal("needs Debian's prometheus: apt-get install prometheus")
	}
	return path
}

// client has a timeout, so that a hanging server fails the test.
var client = http.Client{Timeout: patience}

// request sends a request such as "GET /api" and returns the body.
func request(t *testing.T, p *process, line string) string {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	req, err := http.NewRequest(method, "http://"+p.addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

type families map[string]*dto.MetricFamily

func scrape(t *testing.T, p *process) families {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	found, err := parser.TextToMetricFamilies(strings.NewReader(request(t, p, "GET /metrics")))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// counts are requests by "method path status".
type counts map[string]float64

// countsOf returns a counter's or histogram's counts, without zeros.
func countsOf(f *dto.MetricFamily) counts {
	c := counts{}
	for _, m := range f.GetMetric() {
		n := m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		if n > 0 {
			c[label(m, "method")+" "+label(m, "path")+" "+label(m, "status")] += n
		}
	}
	return c
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

func gauge(f families, name string) float64 {
	return f[name].GetMetric()[0].GetGauge().GetValue()
}
