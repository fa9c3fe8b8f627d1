package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestServeSaysWhatIsInForce: the lines at the start are true where a prometheus.yml says
// something else than the flags, in files of jobs as well.
func TestServeSaysWhatIsInForce(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("jobs.yml", "scrape_configs: [{job_name: tacho, static_configs: [{targets: ['127.0.0.1:1']}]}]\n")
	file := write("prometheus.yml", "global: {scrape_interval: 1s, scrape_timeout: 1s}\nstorage: {tsdb: {retention: {time: 2d}}}\nscrape_config_files: [jobs.yml]\n")
	p := spawn(t, nil, "serve", file, "--listen", "127.0.0.1:0", "--retention", "30d")
	page := p.says(pageLine)
	if got := p.says(`(?m)^  Data .*\((.*)\)$`); got != "kept 2d" {
		t.Errorf("it says %q of a file with a retention of 2d alone", got)
	}
	if got := p.says(`(?m)^  Targets (.*)$`); !strings.HasSuffix(got, "prometheus.yml  the configuration; SIGHUP or POST /-/reload reads it again") {
		t.Errorf("it says %q of a prometheus.yml", got)
	}
	p.await("the job tacho of the file", 30*time.Second, func() bool { return value(t, page, `up{job="tacho",instance="127.0.0.1:1"}`) == "0" })
	p.end(syscall.SIGTERM)

	p = spawn(t, []string{"TACHO_RETENTION_SIZE=1GiB"}, "serve", write("targets.json", "[]"), "--listen", "127.0.0.1:0", "--interval", "1500ms")
	if got := p.says(`(?m)^  Data .*\((.*)\)$`); got != "kept 15d, at most 1GiB" {
		t.Errorf("it says %q of what it keeps", got)
	}
	p.says(`(?m)^  Targets .*targets.json  (a file of targets, watched)$`)
	p.end(syscall.SIGTERM)
}

// asked remembers with which hosts and queries a service was asked.
type asked struct {
	mu             sync.Mutex
	hosts, queries []string
}

func (a *asked) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.hosts, a.queries = append(a.hosts, r.Host), append(a.queries, r.URL.RawQuery)
	a.mu.Unlock()
	goodService(w, r)
}

func (a *asked) all() (hosts, queries []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.hosts...), append([]string(nil), a.queries...)
}

// TestTargetsAsTyped: a target is scraped with the query that it was asked with at the
// start, commas and semicolons included. A variable with several has one on each line.
func TestTargetsAsTyped(t *testing.T) {
	var a asked
	srv := newService(t, a.serve)
	p := spawn(t, []string{"TACHO_TARGET=one=http://" + srv + "/metrics?b=2;3,4\ntwo=http://" + srv + "/metrics?b=2"}, "serve", "--listen", "127.0.0.1:0", "--interval", "1s")
	page := p.says(pageLine)
	p.await("both", 30*time.Second, func() bool { return value(t, page, `count(up{job=~"one|two"} == 1)`) == "2" })
	p.end(syscall.SIGTERM)
	seen := map[string]int{}
	_, queries := a.all()
	for _, q := range queries {
		seen[q]++
	}
	if len(seen) != 2 || seen["b=2%3B3%2C4"] < 2 || seen["b=2"] < 2 {
		t.Errorf("the service was asked %v", seen)
	}
}

// TestHostHeader: doctor and top ask the host that they were told.
func TestHostHeader(t *testing.T) {
	for _, args := range [][]string{{"doctor", "--scrapes", "1"}, {"top", "--once", "--interval", "100ms"}} {
		var a asked
		args = append(args, newService(t, a.serve), "--header", "Host: shop.example")
		var out, log bytes.Buffer
		if code := run(t.Context(), args, streams{strings.NewReader(""), &out, &log}); code == exitUsage {
			t.Errorf("%v: %s", args, &log)
		}
		hosts, _ := a.all()
		for _, h := range hosts {
			if h != "shop.example" {
				t.Errorf("%s asks for the host %q", args[0], h)
			}
		}
		if len(hosts) == 0 {
			t.Errorf("%s asks nothing", args[0])
		}
	}
}

// TestMultiprocSaysWhatIsMissing: a folder that is not there yet is waited for, and named.
func TestMultiprocSaysWhatIsMissing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	p := spawn(t, nil, "multiproc", "--dir", dir, "--listen", "127.0.0.1:0")
	p.says(`(?m)^  Folder +\S+/none  (\(there is nothing yet; metrics appear as soon as the service has made it\))$`)
	p.await("the warning", 10*time.Second, func() bool { return strings.Contains(p.log.String(), "PROMETHEUS_MULTIPROC_DIR") })
	p.end(syscall.SIGTERM)
}

// TestMultiprocRefusesNames: a web page whose name was made to resolve to this machine
// reads nothing; the name that people use is answered.
func TestMultiprocRefusesNames(t *testing.T) {
	p := spawn(t, nil, "multiproc", "--dir", t.TempDir(), "--listen", "127.0.0.1:0", "--external-url", "https://metrics.example/shop")
	address := p.says(`Metrics  (\S+)`)
	for host, want := range map[string]int{"": http.StatusOK, "localhost:1": http.StatusOK, "metrics.example": http.StatusOK, "rebound.example": http.StatusForbidden} {
		r, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("the host %q gets %d, want %d", host, resp.StatusCode, want)
		}
	}
	p.end(syscall.SIGTERM)
}
