package examples

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tacho-go/tacho/internal/programs"
)

// eachAnew opens a connection for every request, so that any process may get it.
var eachAnew = http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

func get(address string) (string, error) {
	resp, err := eachAnew.Get(address)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s returned %s: %s", address, resp.Status, body)
	}
	return string(body), err
}

// A traffic sends requests until it is stopped.
type traffic struct {
	begun, answered atomic.Int64
	stop            chan struct{}
	clients         sync.WaitGroup
}

// startTraffic starts several clients; limit is the total number of requests.
func startTraffic(t *testing.T, address string, limit int64) *traffic {
	l := &traffic{stop: make(chan struct{})}
	for c := range 6 {
		l.clients.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				if l.begun.Add(1) > limit {
					l.begun.Add(-1)
					return
				}
				if _, err := get(fmt.Sprintf("http://%s/orders/%d", address, c)); err != nil {
					t.Error(err)
				}
				l.answered.Add(1)
			}
		})
	}
	return l
}

// counters returns all samples of a scrape that must never fall.
func counters(t *testing.T, address string) map[string]float64 {
	t.Helper()
	text, err := get(address)
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for name, f := range families {
		for _, m := range f.Metric {
			set := name + fmt.Sprint(m.Label)
			switch f.GetType() {
			case dto.MetricType_COUNTER:
				all[set] = m.Counter.GetValue()
			case dto.MetricType_SUMMARY:
				all[set], all[set+"sum"] = float64(m.Summary.GetSampleCount()), m.Summary.GetSampleSum()
			case dto.MetricType_HISTOGRAM:
				all[set], all[set+"sum"] = float64(m.Histogram.GetSampleCount()), m.Histogram.GetSampleSum()
				for _, b := range m.Histogram.Bucket {
					all[set+fmt.Sprint(b.GetUpperBound())] = float64(b.GetCumulativeCount())
				}
			}
			if name == "http_requests_total" {
				all["requests"] += m.Counter.GetValue()
			}
		}
	}
	return all
}

// A watch checks that no counter of a service falls.
type watch struct{ last map[string]float64 }

func (w *watch) look(t *testing.T, address string) map[string]float64 {
	t.Helper()
	now := counters(t, address)
	for name, before := range w.last {
		// Metrics of a single worker disappear with it.
		if now[name] < before && !strings.HasPrefix(name, "tacho_multiproc_worker_") {
			t.Errorf("%s fell from %v to %v", name, before, now[name])
		}
	}
	w.last = now
	return now
}

// TestPrefork: whichever of four children a scrape reaches, or the parent, it shows the counts
// of all, during the load and after it; the counts of a killed child remain.
func TestPrefork(t *testing.T) {
	p := start(t, announcement, programs.File(t, "prefork"), "-listen", "127.0.0.1:0", "-metrics", "127.0.0.1:0", "-workers", "4")
	parent := "http://" + regexp.MustCompile(`metrics of all on http://(\S+)`).FindStringSubmatch(p.output.String())[1]
	shared := "http://" + p.addr + "/metrics"
	await(t, "the first child", func() bool { _, err := get(shared); return err == nil })

	var w watch
	l := startTraffic(t, p.addr, 1000)
	for range 50 {
		least := l.answered.Load()
		n := int64(w.look(t, shared)["requests"])
		if most := l.begun.Load(); n < least || n > most {
			t.Errorf("a scrape shows %d requests; at least %d were answered, at most %d sent", n, least, most)
		}
	}
	l.clients.Wait()
	for range 50 {
		if n := w.look(t, shared)["requests"]; n != 1000 {
			t.Errorf("a scrape shows %v requests, want 1000", n)
		}
	}
	if n := w.look(t, parent)["requests"]; n != 1000 {
		t.Errorf("the parent shows %v requests, want 1000", n)
	}
	who, err := get("http://" + p.addr + "/orders/7")
	if err != nil {
		t.Fatal(err)
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(who[strings.LastIndex(who, " "):]))
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "a replacement for the killed child", func() bool { return strings.Contains(p.output.String(), "a child ended: signal: killed") })
	for range 20 {
		if n := w.look(t, parent)["requests"]; n != 1001 {
			t.Errorf("after a child was killed there are %v requests, want 1001", n)
		}
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0; output:\n%s", code, &p.output)
	}
}

// TestRestart: the program is replaced three times under load. No request fails, none is missing
// from the counts, and no counter falls.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "shop")
	install := func(version int) {
		t.Helper()
		if err := os.Link(programs.File(t, fmt.Sprintf("restart-%d", version)), program+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(program+".new", program); err != nil {
			t.Fatal(err)
		}
	}
	install(1)
	p := start(t, announcement, program, "-listen", "127.0.0.1:0", "-metrics-dir", filepath.Join(dir, "metrics"))
	metrics := "http://" + p.addr + "/metrics"
	present := p.cmd.Process.Pid
	t.Cleanup(func() { _ = syscall.Kill(present, syscall.SIGKILL) }) // the newest process is not a child of this one

	var w watch
	l := startTraffic(t, p.addr, 1<<60)
	for version := 2; version <= 4; version++ {
		install(version)
		if err := syscall.Kill(present, syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		says := regexp.MustCompile(fmt.Sprintf(`version %d is process (\d+)`, version))
		await(t, says.String(), func() bool {
			w.look(t, metrics)
			if found := says.FindStringSubmatch(p.output.String()); found != nil {
				present, _ = strconv.Atoi(found[1])
				return true
			}
			return false
		})
		await(t, "the new version alone", func() bool {
			w.look(t, metrics)
			text, err := get(metrics)
			return err == nil && strings.Contains(text, "tacho_multiproc_workers{state=\"alive\"} 1\n")
		})
	}
	close(l.stop)
	l.clients.Wait()
	if n, sent := w.look(t, metrics)["requests"], l.answered.Load(); int64(n) != sent {
		t.Errorf("%v requests are counted, %d were sent", n, sent)
	}
	if who, err := get("http://" + p.addr + "/orders/7"); err != nil || !strings.Contains(who, "from version 4") {
		t.Errorf("got %q, %v", who, err)
	}
	if err := syscall.Kill(present, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await(t, "its end", func() bool { return syscall.Kill(present, 0) != nil })
}
