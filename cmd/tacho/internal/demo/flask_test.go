package demo

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tacho-go/tacho/internal/locked"
	"github.com/tacho-go/tacho/schema"
)

// flaskTarget is what the file_sd file says, or nothing.
func flaskTarget(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct {
		Targets []string
		Labels  map[string]string
	}
	if err := json.Unmarshal(text, &groups); err != nil {
		t.Fatalf("%s: %v in %s", file, err, text)
	}
	if len(groups) == 0 {
		return ""
	}
	if len(groups) != 1 || len(groups[0].Targets) != 1 || groups[0].Labels["instance"] != "flask" {
		t.Fatalf("%s: %s", file, text)
	}
	return groups[0].Targets[0]
}

// children are the processes that work in a folder.
func children(t *testing.T, dir string) (pids []int) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil
	}
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil || len(links) == 0 {
		t.Fatalf("no processes under /proc: %v", err)
	}
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && strings.HasPrefix(cwd, dir) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			pids = append(pids, pid)
		}
	}
	return pids
}

const installFlask = "; needed are the Debian packages python3-flask, python3-prometheus-client and gunicorn"

// TestFlask: Gunicorn comes up by itself, speaks the Flask exporter's names for
// all its workers, gets traffic, and is gone at the end.
func TestFlask(t *testing.T) {
	var log locked.Buffer
	dir := t.TempDir()
	d := made(t, Options{Dir: dir, Rate: 160, Script: quiet, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if got := flaskTarget(t, d.FlaskFile()); got != "" {
		t.Errorf("target %s before anything runs", got)
	}
	stop := run(t, d)
	eventually(t, "the Flask target"+installFlask, func() bool {
		if strings.Contains(log.String(), "without Flask") {
			t.Fatalf("%s%s", log.String(), installFlask)
		}
		return flaskTarget(t, d.FlaskFile()) != ""
	})
	eventually(t, "a master and two workers", func() bool { return len(children(t, dir)) == 3 })
	eventually(t, "traffic on each route", func() bool {
		n := 0
		for route, c := range d.Sent() {
			if route.Job == FlaskJob && c.Finished[200] > 5 {
				n++
			}
		}
		return n == len(flaskRoutes)
	})
	names := schema.Flask()
	text := get(t, "http://"+flaskTarget(t, d.FlaskFile())+"/metrics")
	for _, want := range []string{
		"# TYPE " + names.Duration.Name + " histogram",
		"# HELP " + names.Duration.Name + " " + names.Duration.Help,
		"# TYPE " + names.Requests.Name + " counter",
		"# HELP " + names.Requests.Name + " " + names.Requests.Help,
		names.Requests.Name + `{method="GET",status="200"}`,
		names.Duration.Name + `_bucket{le="0.075",method="GET",path="/first_route",status="200"}`,
		names.Duration.Name + `_count{method="GET",path="/three_route",status="200"}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if strings.Contains(text, `path="/metrics"`) {
		t.Error("scrapes are counted")
	}
	stop()
	if left := children(t, dir); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	if got := flaskTarget(t, d.FlaskFile()); got != "" {
		t.Errorf("target %s after the end", got)
	}
	for route, c := range d.Sent() {
		if c.Failed > 0 {
			t.Errorf("%v: %d requests had no answer", route, c.Failed)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, resp.StatusCode, err)
	}
	return string(body)
}

// TestWithoutFlask: without Flask, the demo prints one note and continues.
func TestWithoutFlask(t *testing.T) {
	var log locked.Buffer
	d := made(t, Options{NoTraffic: true, Script: quiet, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	d.flask.pythons = []string{"there-is-no-such-python"}
	run(t, d)
	eventually(t, "the reason", func() bool {
		return strings.Contains(log.String(), "no python3 with flask, prometheus_client and gunicorn was found")
	})
	if status, _ := fetch(t, d, 0, "GET", "/"); status != http.StatusOK {
		t.Errorf("the shop answers %d", status)
	}
	if got := flaskTarget(t, d.FlaskFile()); got != "" {
		t.Errorf("target %s", got)
	}
}

// TestGunicornFails: the reason is what it said last.
func TestGunicornFails(t *testing.T) {
	python := filepath.Join(t.TempDir(), "python3")
	const script = "#!/bin/sh\n[ \"$1\" = -c ] && exit 0\necho 'no such worker class' >&2\nexit 3\n"
	if err := os.WriteFile(python, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	var log locked.Buffer
	d := made(t, Options{NoTraffic: true, Script: quiet, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	d.flask.pythons = []string{python}
	run(t, d)
	eventually(t, "the reason", func() bool {
		return strings.Contains(log.String(), "gunicorn did not start: no such worker class")
	})
}

// TestGunicornDies: its target is removed, and the demo continues.
func TestGunicornDies(t *testing.T) {
	dir := t.TempDir()
	d := made(t, Options{Dir: dir, NoTraffic: true, Script: quiet})
	run(t, d)
	eventually(t, "the Flask target"+installFlask, func() bool { return flaskTarget(t, d.FlaskFile()) != "" })
	for _, pid := range children(t, dir) {
		killPid(t, pid)
	}
	eventually(t, "the target to go", func() bool { return flaskTarget(t, d.FlaskFile()) == "" })
	if status, _ := fetch(t, d, 0, "GET", "/"); status != http.StatusOK {
		t.Errorf("the shop answers %d", status)
	}
}

func killPid(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	p.Kill() // it may be gone with its parent
}

// victimDir makes the test program a demo in that folder: TestMain.
const victimDir = "TACHO_DEMO_VICTIM"

func beVictim(dir string) {
	d, err := New(Options{Dir: dir, Port: 20000 + os.Getpid()%20000, NoTraffic: true})
	if err != nil {
		panic(err)
	}
	d.Run(context.Background())
}

// TestKilled: when the demo itself is killed, Gunicorn does not outlive it.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	t.Cleanup(ended)
	t.Cleanup(func() { // if they did outlive it
		for _, pid := range children(t, dir) {
			killPid(t, pid)
		}
	})
	file := filepath.Join(dir, "flask-targets.json")
	eventually(t, "the Flask target"+installFlask, func() bool {
		_, err := os.Stat(file)
		return err == nil && flaskTarget(t, file) != ""
	})
	eventually(t, "workers to be orphaned", func() bool { return len(children(t, dir)) == 3 })
	ended()
	eventually(t, "Gunicorn's end", func() bool { return len(children(t, dir)) == 0 })
}
