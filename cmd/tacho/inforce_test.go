package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/testfile"
)

// TestServeSaysWhatIsInForce: the output at startup is correct when a prometheus.yml, or a
// file of jobs, overrides the flags.
func TestServeSaysWhatIsInForce(t *testing.T) {
	t.Parallel()
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
	if got := p.says(`(?m)^  Targets (.*)$`); !strings.HasSuffix(got, "prometheus.yml  the configuration; SIGHUP or POST /-/reload reloads it") {
		t.Errorf("it says %q of a prometheus.yml", got)
	}
	p.await("the job tacho of the file", 30*time.Second, func() bool { return value(t, page, `up{job="tacho",instance="127.0.0.1:1"}`) == "0" })
	p.end(syscall.SIGTERM)

	p = spawn(t, []string{"TACHO_RETENTION_SIZE=1GiB"}, "serve", write("targets.json", "[]"), "--listen", "127.0.0.1:0", "--interval", "1500ms")
	if got := p.says(`(?m)^  Data .*\((.*)\)$`); got != "kept 15d, at most 1GiB" {
		t.Errorf("it says %q of what it keeps", got)
	}
	p.says(`(?m)^  Targets .*targets.json  (a target file, watched for changes)$`)
	p.end(syscall.SIGTERM)
}

// TestServeSaysWhoCanReadIt: the output warns when other machines can reach the port, and
// lists what they can do. It also lists the flags that a prometheus.yml overrides.
func TestServeSaysWhoCanReadIt(t *testing.T) {
	dir := t.TempDir()
	file := testfile.Write(t, filepath.Join(dir, "prometheus.yml"), "storage: {tsdb: {retention: {time: 2d}}}\n")
	headers := testfile.Write(t, filepath.Join(dir, "headers.yml"), "http_server_config: {headers: {X-Frame-Options: deny}}\n")
	users := testfile.Write(t, filepath.Join(dir, "users.yml"), "basic_auth_users: {ann: $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG}\n")
	for _, tt := range []struct {
		args string
		want []string // of the notes
	}{
		{"127.0.0.1:1 --listen localhost:0", nil},
		{"127.0.0.1:1 --listen :0", []string{"everyone who can reach this port can read everything; configure TLS and users with --web-config"}},
		{"127.0.0.1:1 --listen :0 --admin-api", []string{"everyone who can reach this port can read and delete everything; "}},
		{"127.0.0.1:1 --listen :0 --receive", []string{"everyone who can reach this port can read everything and write; "}},
		{"127.0.0.1:1 --listen :0 --receive --admin-api --web-config " + headers, []string{"everyone who can reach this port can read, write and delete everything: " + headers + " has no basic_auth_users"}},
		{"127.0.0.1:1 --listen :0 --web-config " + users, nil},
		{"127.0.0.1:1 --listen 127.0.0.1:0 --interval 1500ms --retention 30d --retention-size 1GiB", nil},
		{file + " --listen 127.0.0.1:0", nil},
		{file + " --listen 127.0.0.1:0 --interval 30s --retention 30d", []string{"--interval 30s does not apply: " + file + " takes precedence", "--retention 30d does not apply: " + file}},
		{file + " --listen 127.0.0.1:0 --retention-size 1GiB", []string{"--retention-size 1GiB does not apply: "}},
	} {
		t.Run(tt.args, func(t *testing.T) {
			p := spawn(t, nil, append([]string{"serve"}, strings.Fields(tt.args)...)...)
			p.says(`(?m)^  Targets (.*)$`)
			notes := regexp.MustCompile(`(?m)^  Note     (.*)$`).FindAllStringSubmatch(p.out.String(), -1)
			for i, want := range tt.want {
				if i >= len(notes) || !strings.HasPrefix(notes[i][1], want) {
					t.Errorf("the note %q is missing: %q", want, notes)
				}
			}
			if len(notes) != len(tt.want) {
				t.Errorf("the notes are %q, want %q", notes, tt.want)
			}
			p.end(syscall.SIGTERM)
		})
	}
}

// TestNoPasswordIsPrinted: user and password are sent to the receiver, and appear in no
// output, log or response.
func TestNoPasswordIsPrinted(t *testing.T) {
	t.Parallel() // it mostly waits
	var sent atomic.Value
	far := newService(t, func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); r.URL.Path == "/x" { // others may still scrape this port's former owner
			sent.Store(user + " " + password)
		}
		http.Error(w, "try again", http.StatusServiceUnavailable)
	})
	file := testfile.Write(t, filepath.Join(t.TempDir(), "prometheus.yml"), "global: {scrape_interval: 1s, scrape_timeout: 1s}\nremote_write: [{url: 'http://ann:secret@"+far+"/x'}]\n")
	for _, args := range [][]string{
		{"127.0.0.1:1", "--interval", "1s", "--remote-write", "http://ann:secret@" + far + "/x"},
		{file},
	} {
		sent.Store("")
		p := spawn(t, nil, append([]string{"serve", "--listen", "127.0.0.1:0", "--log-level", "debug"}, args...)...)
		page := p.says(pageLine)
		p.says(`(?m)^  Targets (.*)$`)
		p.await("samples to be sent", 30*time.Second, func() bool { return sent.Load() != "" })
		if got := sent.Load(); got != "ann secret" {
			t.Errorf("it sends as %q", got)
		}
		_, config := get(t, http.DefaultClient, page+"api/v1/status/config")
		p.end(syscall.SIGTERM)
		if all := p.out.String() + p.log.String() + config; strings.Contains(all, "secret@") || strings.Contains(all, ": secret") {
			t.Errorf("it shows the password:\n%s", all)
		}
	}
	p := spawn(t, nil, "serve", testfile.Write(t, file, "remote_write: [{url: 'http://ann:secret@h/x'}, {url: 'http://ann:secret@h/x'}]\n"), "--listen", "127.0.0.1:0")
	_ = p.cmd.Wait()
	if log := p.log.String(); p.cmd.ProcessState.ExitCode() != exitUsage || !strings.Contains(log, "duplicate") || strings.Contains(log, "secret") {
		t.Errorf("of one receiver twice in a file it says %s", log)
	}
}

// asked records the hosts and queries of the requests to a service.
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

// TestTargetsAsTyped: scrapes use the same query as the probe at startup, including commas
// and semicolons. A variable has one target per line.
func TestTargetsAsTyped(t *testing.T) {
	t.Parallel() // it mostly waits
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

// TestHostHeader: doctor and top send the given Host header.
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

// TestMultiprocSaysWhatIsMissing: a missing directory is reported and waited for.
func TestMultiprocSaysWhatIsMissing(t *testing.T) {
	dir, empty := filepath.Join(t.TempDir(), "a=b", "none"), t.TempDir()
	headers := testfile.Write(t, filepath.Join(t.TempDir(), "headers.yml"), "http_server_config: {headers: {X-Frame-Options: deny}}\n")
	p := spawn(t, nil, "multiproc", "--dir", dir, "--dir", "shop="+empty, "--listen", ":0", "--web-config", headers)
	p.says(`(?m)^  Metrics  (http://localhost:\d+/metrics)$`)
	p.says(`(?m)^  Folder +\S+/none  (\(does not exist yet; metrics appear when the service creates it\))$`)
	p.says(`(?m)^  Folder +shop=\S+  (\(empty; metrics appear when the service starts to write\))$`)
	p.says(`(?m)^  Note +(everyone who can reach this port can read the metrics: \S+headers.yml has no basic_auth_users)`)
	p.await("the warning", 10*time.Second, func() bool {
		return strings.Contains(p.log.String(), "PROMETHEUS_MULTIPROC_DIR") && strings.Contains(p.log.String(), dir)
	})
	p.end(syscall.SIGTERM)
}

// TestMultiprocRefusesNames: a page whose name was rebound to this machine's address cannot
// read the metrics. Requests to the public name are served.
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
