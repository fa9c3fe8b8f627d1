package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/internal/plan"
)

// planned runs tacho plan and returns its output, its errors and the exit code.
func planned(t *testing.T, args ...string) (out, errors string, code int) {
	t.Helper()
	var o, e strings.Builder
	code = run(t.Context(), append([]string{"plan"}, args...), streams{strings.NewReader(""), &o, &e})
	return o.String(), e.String(), code
}

// planJSON is the plan that the command prints as JSON.
func planJSON(t *testing.T, args ...string) (p plan.Plan) {
	t.Helper()
	out, errors, code := planned(t, append(args, "--output", "json")...)
	if code != exitOK {
		t.Fatalf("%d: %s", code, errors)
	}
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	return p
}

// TestPlanFlags: wrong settings are named with their flag, and the exit code is 64.
func TestPlanFlags(t *testing.T) {
	for _, tt := range []struct {
		args string
		want string
	}{
		{"--routes 0", "--routes 0: it must be above 0"},
		{"--routes few", `invalid argument "few" for "--routes"`},
		{"--instances -3", "--instances -3: it must be above 0"},
		{"--instances 99999999", "instances must be between 1 and 10000000"},
		{"--interval 0s", "--interval 0: it must be above 0"},
		{"--interval often", "write a time such as"},
		{"--retention 1h", "the retention must be at least 2h"},
		{"--memory 0B", "--memory 0B: it must be above 0"},
		{"--memory much", "write a size such as"},
		{"--cores NaN", "--cores NaN: it must be above 0"},
		{"--queries 0", "--queries 0: it must be above 0"},
		{"--own-series -1", "own series must be between 0 and 10000000"},
		{"--output yaml", `--output must be text or json, not "yaml"`},
		{"--histograms some", `--histograms must be one of classic, native, both, not "some"`},
		{"--from :1 --own-series 3", "--own-series has no effect with --from"},
		{"--from :1 --header nonsense", "--header"},
		{"--from ftp://x", "--from: "},
		{":8080", "plan takes no arguments"},
	} {
		out, errors, code := planned(t, strings.Fields(tt.args)...)
		if code != exitUsage || out != "" || !strings.Contains(errors, tt.want) {
			t.Errorf("%s: code %d, %q, %q; want 64 and %q", tt.args, code, out, errors, tt.want)
		}
	}
	if out, errors, code := planned(t, "--from", "127.0.0.1:1"); code != exitFailed || out != "" || !strings.Contains(errors, "--from: ") {
		t.Errorf("an instance that does not respond: %d, %q, %q", code, out, errors)
	}
}

// TestPlanFrom: the series of a running instance are counted, in both forms.
func TestPlanFrom(t *testing.T) {
	const routes, statuses = 5, 4
	want := planJSON(t, "--routes", "5", "--statuses", "4", "--instances", "30")
	for _, native := range []bool{false, true} {
		s := metertest.NewService(tacho.Options{NativeHistograms: native}, routes, statuses, 1)
		srv := httptest.NewServer(s.Metrics())
		defer srv.Close()
		got := planJSON(t, "--from", srv.URL+"/metrics", "--instances", "30")
		if wantNative := want.Instance; native && got.Instance != wantNative || got.Instance.Classic != want.Instance.Classic {
			t.Errorf("native %v: %+v; want %+v", native, got.Instance, wantNative)
		}
		if got.Traffic[0].Value != want.Traffic[0].Value {
			t.Errorf("native %v: %v samples/s, want %v", native, got.Traffic[0].Value, want.Traffic[0].Value)
		}
	}
}

// A wire is a remote write receiver that counts.
type wire struct {
	mu       sync.Mutex
	bytes    int
	samples  int
	perTimes map[string]map[int64]int // samples of an instance by time
}

func (w *wire) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var request prompb.WriteRequest
	if raw, err := snappy.Decode(nil, body); err != nil || request.Unmarshal(raw) != nil || len(request.Timeseries) == 0 {
		return // metadata
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes += len(body)
	for _, ts := range request.Timeseries {
		var instance string
		for _, l := range ts.Labels {
			if l.Name == "instance" {
				instance = l.Value
			}
		}
		if w.perTimes[instance] == nil {
			w.perTimes[instance] = map[int64]int{}
		}
		for _, x := range ts.Samples {
			w.perTimes[instance][x.Timestamp]++
		}
		for _, x := range ts.Histograms {
			w.perTimes[instance][x.Timestamp]++
		}
		w.samples += len(ts.Samples) + len(ts.Histograms)
	}
}

// scrapes returns the number of complete scrapes of the instance with the fewest.
func (w *wire) scrapes() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	fewest := math.MaxInt
	for _, times := range w.perTimes {
		fewest = min(fewest, len(times)-1)
	}
	return fewest
}

// perSecond is the rate of samples, by the time from an instance's first scrape to its last but one.
func (w *wire) perSecond() (sum float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, times := range w.perTimes {
		var at []int64
		for t := range times {
			at = append(at, t)
		}
		slices.Sort(at)
		n := 0
		for _, t := range at[1 : len(at)-1] { // the last may be incomplete
			n += times[t]
		}
		sum += float64(n) / (float64(at[len(at)-2]-at[0]) / 1000)
	}
	return sum
}

// TestPlanTraffic: what tacho agent scrapes and sends is what the plan says: the samples per second
// and the bytes on the wire within 25%.
func TestPlanTraffic(t *testing.T) {
	t.Parallel()
	const instances, routes, statuses, within = 6, 15, 4, .25
	for _, histograms := range []plan.Histograms{plan.Classic, plan.Native, plan.Both} {
		t.Run(string(histograms), func(t *testing.T) {
			t.Parallel()
			received := &wire{perTimes: map[string]map[int64]int{}}
			receiver := httptest.NewServer(received)
			t.Cleanup(receiver.Close)
			job := "scrape_protocols: [PrometheusText0.0.4], "
			if histograms != plan.Classic {
				job = fmt.Sprintf("scrape_native_histograms: true, always_scrape_classic_histograms: %v, ", histograms == plan.Both)
			}
			file := filepath.Join(t.TempDir(), "prometheus.yml")
			text := fmt.Sprintf("global: {scrape_interval: 2s, scrape_timeout: 2s}\nscrape_configs: [{job_name: tacho, %sstatic_configs: [{targets: [%s]}]}]\n"+
				"remote_write: [{url: '%s', send_native_histograms: true, queue_config: {batch_send_deadline: 100ms}}]\n",
				job, strings.Join(busyServices(t, instances, routes, statuses, histograms != plan.Classic), ", "), receiver.URL)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			p := planJSON(t, "--instances", strconv.Itoa(instances), "--routes", strconv.Itoa(routes), "--statuses", strconv.Itoa(statuses), "--interval", "2s", "--histograms", string(histograms))
			agent := spawn(t, nil, "agent", file, "--listen", "127.0.0.1:0")
			agent.await("six scrapes of each instance", time.Minute, func() bool {
				return received.instances() == instances && received.scrapes() >= 6
			})
			received.mu.Lock()
			perSample := float64(received.bytes) / float64(received.samples)
			received.mu.Unlock()
			for _, tt := range []struct {
				what      string
				got, want float64
			}{
				{"samples per second", received.perSecond(), p.Traffic[0].Value},
				{"bytes per sample on the wire", perSample, p.Traffic[1].Value / p.Traffic[0].Value},
			} {
				t.Logf("%s: measured %.2f, planned %.2f, ratio %.2f", tt.what, tt.got, tt.want, tt.want/tt.got)
				if math.Abs(tt.want/tt.got-1) > within {
					t.Errorf("%s: measured %.2f, planned %.2f", tt.what, tt.got, tt.want)
				}
			}
			agent.end(syscall.SIGTERM)
		})
	}
}

// instances is how many have been received from.
func (w *wire) instances() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.perTimes)
}

// busyServices are the quoted addresses of services with ten requests per second each, which have
// been used for a while: a native histogram grows with the latencies that it has seen.
func busyServices(t *testing.T, n, routes, statuses int, native bool) (addresses []string) {
	for i := range n {
		s := metertest.NewService(tacho.Options{NativeHistograms: native}, routes, statuses, uint64(i))
		s.Requests(10_000)
		srv := httptest.NewServer(s.Metrics())
		t.Cleanup(srv.Close)
		addresses = append(addresses, strconv.Quote(strings.TrimPrefix(srv.URL, "http://")))
		go func() {
			for tick := time.NewTicker(100 * time.Millisecond); t.Context().Err() == nil; <-tick.C {
				s.Requests(1)
			}
		}()
	}
	return addresses
}

// TestPlanSeries: tacho serve has exactly the planned series of each instance, and its rules record
// exactly the planned ones, whatever the number of instances.
func TestPlanSeries(t *testing.T) {
	t.Parallel()
	const routes, statuses = 6, 4
	for _, instances := range []int{1, 3} {
		t.Run(fmt.Sprint(instances), func(t *testing.T) {
			t.Parallel()
			p := planJSON(t, "--instances", strconv.Itoa(instances), "--routes", strconv.Itoa(routes), "--statuses", strconv.Itoa(statuses), "--histograms", "both")
			args := []string{"serve", "--interval", "1s", "--listen", "127.0.0.1:0"}
			for _, address := range busyServices(t, instances, routes, statuses, true) {
				args = append(args, "shop="+strings.Trim(address, `"`))
			}
			server := spawn(t, nil, args...)
			page := server.says(pageLine)
			for expr, want := range map[string]int{
				`count({job="shop", __name__!~"tacho:.+|ALERTS.*"})`: p.Total.Classic + p.Total.Latency,
				`count({job="shop", __name__=~"tacho:.+"})`:          p.Recorded,
			} {
				if !reaches(time.Minute, func() bool { return value(t, page, expr) == strconv.Itoa(want) }) {
					t.Errorf("%s is %s; the plan has %d", expr, value(t, page, expr), want)
				}
			}
			server.end(syscall.SIGTERM)
		})
	}
}
