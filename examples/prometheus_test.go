package examples

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	scrapeInterval = 250 * time.Millisecond

	loadWorkers = 8
	loadRounds  = 40 // each takes the 100 ms of /api and a little more
)

// TestPrometheusScrapesGin compares what a real Prometheus recorded of a load with what the
// load's clients saw.
func TestPrometheusScrapesGin(t *testing.T) {
	gin := startExample(t, "gin")
	prom := startPrometheus(t, gin.addr)

	// One request of each kind first: for a new series Prometheus lacks the value from which to
	// compute an increase.
	warmUp := newLoad(gin, 1)
	warmUp.run(t, 1, 1)
	begin := prom.scrapeAfter(t, time.Now())
	prom.scrapeAfter(t, begin) // before the load: see checkIncrease

	load := newLoad(gin, loadWorkers)
	load.run(t, loadWorkers, loadRounds)
	end := prom.scrapeAfter(t, time.Now())

	w := window{prom, begin, end}
	t.Logf("load: %v in a window of %s", load.requests, w.length())
	t.Run("counts", func(t *testing.T) { checkCounts(t, w, warmUp.requests, load.requests) })
	t.Run("increase and rate", func(t *testing.T) { checkIncrease(t, w, load.requests) })
	t.Run("error ratio", func(t *testing.T) { checkErrors(t, w, load.requests) })
	t.Run("latency", func(t *testing.T) { checkLatency(t, w, load) })
}

// checkCounts compares exactly: these are the counters as scraped.
func checkCounts(t *testing.T, w window, before, during counts) {
	after := maps.Clone(before)
	for k, n := range during {
		after[k] += n
	}
	for _, metric := range []string{"http_requests_total", "http_request_duration_seconds_count"} {
		query := "sum by (path, status) (" + metric + ") > 0" // the routes' other statuses are zero
		if got := w.at(t, w.begin, query); !maps.Equal(got, before) {
			t.Errorf("%s before the load:\n got %v\nwant %v", metric, got, before)
		}
		if got := w.at(t, w.end, query); !maps.Equal(got, after) {
			t.Errorf("%s after the load:\n got %v\nwant %v", metric, got, after)
		}
	}
	if got := w.query(t, "http_requests_in_flight"); got[""] != 0 {
		t.Errorf("http_requests_in_flight is %v after the load, want 0", got[""])
	}
}

// checkIncrease allows for extrapolation. The window starts at one scrape and ends at another.
// Prometheus 2 includes both, and the increase is exact; Prometheus 3 excludes the first one and
// extrapolates over the gap.
func checkIncrease(t *testing.T, w window, load counts) {
	increase := w.query(t, "sum by (path, status) (increase(http_requests_total[$window])) > 0")
	rate := w.query(t, "sum by (path, status) (rate(http_requests_total[$window])) > 0")
	t.Logf("increase %v, per second %v", increase, rate)
	sampled := w.length() - 2*scrapeInterval
	for k, n := range load {
		if most := n * w.length().Seconds() / sampled.Seconds(); increase[k] < n-1e-6 || increase[k] > most {
			t.Errorf("%s: increase is %v, want %v to %v", k, increase[k], n, most)
		}
		if r := increase[k] / w.length().Seconds(); !near(rate[k], r) {
			t.Errorf("%s: rate is %v, want increase / window, %v", k, rate[k], r)
		}
	}
	if len(increase) != len(load) {
		t.Errorf("increase of %v, want %v only", increase, load)
	}
}

// checkErrors needs no "or vector(0)" in its queries: every route's errors start at zero.
func checkErrors(t *testing.T, w window, load counts) {
	const errors, all = `increase(http_requests_total{status=~"[45].."}[$window])`, `increase(http_requests_total[$window])`
	got := w.query(t, "sum by (path) ("+errors+") / sum by (path) ("+all+")")
	if want := (counts{"/": 0, "/api": 0, "unmatched": 1}); !maps.Equal(got, want) {
		t.Errorf("error ratio per route: got %v, want %v", got, want)
	}
	want := load["unmatched 404"] / (load["unmatched 404"] + load["/ 200"] + load["/api 200"])
	if got := w.query(t, "sum("+errors+") / sum("+all+")")[""]; math.Abs(got-want) > 0.01 {
		t.Errorf("error ratio of the service: got %v, want %v", got, want)
	}
}

// checkLatency compares two clocks: the client's starts earlier and stops later. The p95 of a
// histogram is accurate to one bucket, so the buckets must agree.
func checkLatency(t *testing.T, w window, load *load) {
	p95 := w.query(t, "histogram_quantile(0.95, sum by (path, le) (rate(http_request_duration_seconds_bucket[$window])))")
	mean := w.query(t, "sum by (path) (rate(http_request_duration_seconds_sum[$window])) / "+
		"sum by (path) (rate(http_request_duration_seconds_count[$window]))")
	for route := range load.latencies {
		t.Logf("%s: p95 %.4f s (client %.4f), mean %.6f s (client %.6f)",
			route, p95[route], load.p95(route), mean[route], load.mean(route))
		if bucket(p95[route]) != bucket(load.p95(route)) {
			t.Errorf("%s: p95 is %v s; the client's, %v s, is in a different bucket", route, p95[route], load.p95(route))
		}
		if !(mean[route] > 0 && mean[route] <= load.mean(route)) {
			t.Errorf("%s: mean is %v s, want more than 0 and at most the client's %v s", route, mean[route], load.mean(route))
		}
	}
	if mean["/api"] < 0.1 {
		t.Errorf("/api: mean is %v s, but it sleeps for 0.1 s", mean["/api"])
	}
}

// bucket returns the index of the tutorial's bucket for a latency in seconds.
func bucket(seconds float64) int {
	i, _ := slices.BinarySearch([]float64{0.1, 0.3, 0.5, 0.7, 1, 1.5, 2, 3}, seconds)
	return i
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) }

// A window is the time between two scrapes.
type window struct {
	*prometheus
	begin, end time.Time
}

func (w window) length() time.Duration { return w.end.Sub(w.begin) }

// query evaluates at the window's end; $window stands for its length.
func (w window) query(t *testing.T, query string) counts {
	t.Helper()
	length := fmt.Sprintf("%dms", w.length().Milliseconds())
	return w.at(t, w.end, strings.ReplaceAll(query, "$window", length))
}

// prometheus is a server for this test, on loopback.
type prometheus struct{ *process }

var prometheusListens = regexp.MustCompile(`msg="Listening on".* address=(127\.0\.0\.1:\d+)`)

func startPrometheus(t *testing.T, target string, flags ...string) *prometheus {
	t.Helper()
	program, dir := peer(t, "prometheus"), t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `
global: {scrape_interval: %[1]s, scrape_timeout: %[1]s%[3]s}
scrape_configs:
- job_name: gin
  static_configs: [{targets: ['%[2]s']}]
`, scrapeInterval, target, nativeSetting(program, flags)), 0o600); err != nil {
		t.Fatal(err)
	}
	// The time limit ends it if the test itself is killed.
	args := []string{
		"--foreground", "60", program,
		"--config.file=" + config,
		"--storage.tsdb.path=" + filepath.Join(dir, "data"),
		"--web.listen-address=127.0.0.1:0",
	}
	return &prometheus{start(t, prometheusListens, "timeout", append(args, flags...)...)}
}

// scrapeAfter waits for a scrape that started after a time, and returns when it did.
func (p *prometheus) scrapeAfter(t *testing.T, after time.Time) (scraped time.Time) {
	t.Helper()
	// To save space, Prometheus may shift a scrape's timestamp by up to 2 ms.
	after = after.Add(10 * time.Millisecond)
	await(t, "a scrape", func() bool {
		found, err := p.instant(time.Now(), `max(timestamp(http_requests_total)) and on() up == 1`)
		scraped = time.UnixMilli(int64(math.Round(found[""] * 1000)))
		return err == nil && scraped.After(after) // an error means not ready yet
	})
	return scraped
}

// at evaluates a query at one time.
func (p *prometheus) at(t *testing.T, at time.Time, query string) counts {
	t.Helper()
	found, err := p.instant(at, query)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// instant returns the value of a query, by path and status if the result has them.
func (p *prometheus) instant(at time.Time, query string) (counts, error) {
	resp, err := client.Get("http://" + p.addr + "/api/v1/query?" + url.Values{
		"query": {query},
		"time":  {strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)},
	}.Encode())
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct {
		Error string
		Data  struct{ Result []sample }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", query, resp.Status, err)
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("%s: %s", query, answer.Error)
	}
	return valuesOf(answer.Data.Result)
}

// A sample is one element of an instant vector in Prometheus's HTTP API.
type sample struct {
	Metric struct{ Path, Status string }
	Value  [2]any // the time, and the value as a string
}

func valuesOf(samples []sample) (counts, error) {
	values := counts{}
	for _, s := range samples {
		text, _ := s.Value[1].(string)
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, err
		}
		values[strings.TrimSpace(s.Metric.Path+" "+s.Metric.Status)] = v
	}
	return values, nil
}

// nativeSetting returns what the configuration needs in addition to the flag to keep native
// histograms: Prometheus 3 requires a setting that Prometheus 2 does not have.
func nativeSetting(program string, flags []string) string {
	if !strings.Contains(strings.Join(flags, " "), "native-histograms") {
		return ""
	}
	version, _ := exec.Command(program, "--version").CombinedOutput() // older releases write to standard error
	if strings.Contains(string(version), "version 2.") {
		return ""
	}
	return ", scrape_native_histograms: true"
}
