package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/locked"
)

// A process is the command tacho, running.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	begun time.Time
	out   locked.Buffer
	log   locked.Buffer
}

// spawn starts tacho in its own directory.
func spawn(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return command(t, env, args...).start()
}

// command returns the command tacho in its own directory, not started.
func command(t *testing.T, env []string, args ...string) *process {
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...)}
	p.cmd.Dir = t.TempDir()
	p.cmd.Env = append(append(os.Environ(), "TACHO_TEST_MAIN=1", "LC_ALL=C", "TMPDIR="+p.cmd.Dir), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.log
	return p
}

func (p *process) start() *process {
	t := p.t
	t.Helper()
	p.begun = time.Now()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		if t.Failed() {
			t.Logf("output:\n%s\nlog:\n%s", &p.out, &p.log)
		}
	})
	return p
}

// reaches waits up to limit for a state, and reports whether it was reached.
func reaches(limit time.Duration, reached func() bool) bool {
	for deadline := time.Now().Add(limit); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// await waits up to limit for a state.
func (p *process) await(what string, limit time.Duration, reached func() bool) time.Duration {
	p.t.Helper()
	if !reaches(limit, reached) {
		p.t.Fatalf("waited %v for %s", limit, what)
	}
	return time.Since(p.begun)
}

// says waits for a line that matches, and returns the match of the expression's group.
func (p *process) says(expr string) string {
	p.t.Helper()
	re := regexp.MustCompile(expr)
	var found []string
	p.await("the line "+expr, 30*time.Second, func() bool {
		found = re.FindStringSubmatch(p.out.String())
		return found != nil
	})
	return found[len(found)-1]
}

// end sends a signal and waits. The program must exit with 0 within limit.
func (p *process) end(signal os.Signal) {
	p.t.Helper()
	begun := time.Now()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	hangs := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer hangs.Stop()
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("%v after %v it ended with %v; it is killed after %v", time.Since(begun).Round(time.Millisecond), signal, err, patience)
	}
	p.t.Logf("the end took %v", time.Since(begun).Round(time.Millisecond))
}

// patience is the time limit for the exit of a process. On an idle machine it takes less
// than two seconds.
const patience = 20 * time.Second

func get(t *testing.T, client *http.Client, address string) (int, string) {
	t.Helper()
	resp, err := client.Get(address)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(body)
}

// A row is one result of an instant query.
type row struct {
	Metric map[string]string
	Value  [2]any
}

func query(t *testing.T, base, expr string) []row {
	t.Helper()
	_, body := get(t, http.DefaultClient, base+"api/v1/query?query="+url.QueryEscape(expr))
	var answer struct {
		Data struct{ Result []row }
	}
	_ = json.Unmarshal([]byte(body), &answer) // no answer is no result
	return answer.Data.Result
}

// value returns the only result of a query, "" for none.
func value(t *testing.T, base, expr string) string {
	t.Helper()
	if all := query(t, base, expr); len(all) == 1 {
		return all[0].Value[1].(string)
	}
	return ""
}

const pageLine = `(?m)^  Page +(http\S+)`

// TestServe: one argument is enough to monitor a running service. The output names its
// schema, SIGHUP reloads the targets' configuration, and SIGTERM shuts down cleanly.
func TestServe(t *testing.T) {
	t.Parallel() // it mostly waits
	srv := newService(t, goodService)
	p := spawn(t, nil, "serve", srv, "--listen", "127.0.0.1:0", "--interval", "1s")
	page := p.says(pageLine)
	if got := p.says(`(?m)^  Targets (.*)$`); !strings.Contains(got, "http://"+srv+"/metrics") || !strings.Contains(got, "naming scheme default") {
		t.Errorf("it says of the target: %s", got)
	}
	p.await("the target", 30*time.Second, func() bool { return value(t, page, `up{job="`+srv+`"}`) == "1" })
	p.await("the recorded rate", 30*time.Second, func() bool { return value(t, page, `count(tacho:http_requests:rate{path="/"})`) != "" })
	if code, body := get(t, http.DefaultClient, page); code != http.StatusOK || !strings.Contains(body, "<!doctype html>") {
		t.Errorf("the page: %d %s", code, body)
	}
	if code, body := get(t, http.DefaultClient, page+"alerts/TachoScrapeFailing.md"); code != http.StatusOK || !strings.Contains(body, "TachoScrapeFailing") {
		t.Errorf("the alert's page: %d %s", code, body)
	}
	p.end(syscall.SIGTERM)
}

// TestServeReload: SIGHUP reloads prometheus.yml. A broken file changes nothing and is
// logged.
func TestServeReload(t *testing.T) {
	t.Parallel() // it mostly waits
	first, second := newService(t, goodService), newService(t, badService)
	p := spawn(t, nil, "serve", "--help")
	_ = p.cmd.Wait()
	file := p.cmd.Dir + "/prometheus.yml"
	config := func(target string) {
		text := "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs: [{job_name: shop, static_configs: [{targets: ['" + target + "']}]}]\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config(first)
	p = spawn(t, nil, "serve", file, "--listen", "127.0.0.1:0", "--log-level", "info")
	page := p.says(pageLine)
	p.await("the first target", 30*time.Second, func() bool { return value(t, page, `up{job="shop",instance="`+first+`"}`) == "1" })

	if err := os.WriteFile(file, []byte("scrape_configs: [{job_name: shop, scrape_interval: soon}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hup(t, p)
	p.await("the broken file to be named", 10*time.Second, func() bool {
		return strings.Contains(p.log.String(), "the new configuration was not applied; the current one stays in use")
	})
	config(second)
	hup(t, p)
	p.await("the second target", 30*time.Second, func() bool { return value(t, page, `up{job="shop",instance="`+second+`"}`) == "1" })
	p.end(syscall.SIGTERM)
}

func hup(t *testing.T, p *process) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// TestServeNothing: without a target, serve prints what to do, and runs.
func TestServeNothing(t *testing.T) {
	p := spawn(t, []string{"TACHO_TARGET=127.0.0.1:1"}, "serve", "--listen", "127.0.0.1:0")
	p.says(`(?m)^  Targets +http://127.0.0.1:1/metrics +(cannot be scraped yet: Nothing listens on port 1 of the scraping machine)`)
	if strings.Contains(p.out.String(), "everyone") {
		t.Errorf("it warns of others on the loopback address: %s", &p.out)
	}
	p.end(os.Interrupt)

	open := spawn(t, nil, "up", "127.0.0.1:1", "--listen", "0.0.0.0:0")
	open.says(`(?m)^  Note +(everyone who can reach this port can read everything)`)
	open.end(os.Interrupt)
}

// TestAlertExplains: the alert on a target that responds with 404 does not claim that the
// target is down. It has the same explanation as the output at startup.
func TestAlertExplains(t *testing.T) {
	t.Parallel() // it mostly waits
	srv := newService(t, func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
	p := spawn(t, nil, "serve", "api="+srv, "--listen", "127.0.0.1:0", "--interval", "1s")
	page := p.says(pageLine)
	const want = "It responds, but has no metrics at /metrics (status 404). Name the path of the metrics after "
	p.says(`(?m)^  Targets .*(` + regexp.QuoteMeta(want) + `)`)
	var body string
	if !reaches(30*time.Second, func() bool {
		_, body = get(t, http.DefaultClient, page+"api/v1/alerts")
		return strings.Contains(body, want)
	}) {
		t.Errorf("the alerts are %s", body)
	}
	if strings.Contains(body, "does not answer") || strings.Contains(body, "metrics_path") {
		t.Errorf("the alerts are %s", body)
	}
}

// TestLockedFolder: a server whose data directory is in use by another does not print the
// address of a page that it cannot serve.
func TestLockedFolder(t *testing.T) {
	dir := t.TempDir()
	args := []string{"serve", "127.0.0.1:1", "--listen", "127.0.0.1:0", "--data-dir", dir}
	first := spawn(t, nil, args...)
	page := first.says(pageLine)
	first.await("readiness", 30*time.Second, func() bool { code, _ := get(t, http.DefaultClient, page+"-/ready"); return code == http.StatusOK })
	second := spawn(t, nil, args...)
	if err := second.cmd.Wait(); err == nil || second.cmd.ProcessState.ExitCode() != exitFailed {
		t.Errorf("it ended with %v", err)
	}
	if second.out.String() != "" || !strings.Contains(second.log.String(), "is in use by another process") {
		t.Errorf("it printed %q and logged %q", &second.out, &second.log)
	}
}
