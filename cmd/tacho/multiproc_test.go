package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/schema"
)

// flaskPython is a Python that has all that the example needs.
func flaskPython(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import flask, gunicorn, prometheus_client").Run() == nil {
			return python
		}
	}
	t.Fatal("needs Debian's Flask, Gunicorn and Python client: apt-get install python3-flask gunicorn python3-prometheus-client")
	return ""
}

// A flask is the example's service under a server with four workers.
type flask struct {
	t       *testing.T
	cmd     *exec.Cmd
	url     string
	metrics string // the folder
	python  string
}

// startFlask runs a server that takes its listener as descriptor 3.
func startFlask(t *testing.T, program string, args ...string) *flask {
	t.Helper()
	f := &flask{t: t, cmd: exec.Command(program, args...), metrics: t.TempDir(), python: flaskPython(t)}
	f.cmd.Dir = "../../examples/flask-gunicorn"
	f.cmd.Env = append(os.Environ(), "PROMETHEUS_MULTIPROC_DIR="+f.metrics, "PYTHONDONTWRITEBYTECODE=1", "WORKERS=4")
	f.url = startListening(t, f.cmd)
	return f
}

// startListening starts a server with a listener as descriptor 3, and returns its URL. It ends with
// the test.
func startListening(t *testing.T, cmd *exec.Cmd) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd.ExtraFiles = []*os.File{file}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v; needs Debian's Gunicorn and uWSGI: apt-get install gunicorn uwsgi-core uwsgi-plugin-python3", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	return "http://" + l.Addr().String()
}

func startGunicorn(t *testing.T) *flask {
	return startFlask(t, flaskPython(t), "-m", "gunicorn.app.wsgiapp", "app:app", "--bind", "fd://3", "--log-level", "warning")
}

func startUWSGI(t *testing.T) *flask {
	return startFlask(t, "uwsgi", "--plugin", "python3", "--http-socket", "fd://3", "--wsgi-file", "app.py", "--callable", "app",
		"--master", "--lazy-apps", "--processes", "4", "--die-on-term", "--disable-logging")
}

// load sends requests from several clients, each on connections of its own, so
// that all workers get some.
func (g *flask) load(each int) {
	var clients sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	for c := range 8 {
		clients.Go(func() {
			for i := range each {
				path := []string{"/first_route", "/second_route", "/three_route", "/nowhere"}[(i+c)%4]
				resp, err := client.Get(g.url + path)
				if err != nil {
					g.t.Errorf("%s: %v", path, err)
					return
				}
				resp.Body.Close()
			}
		})
	}
	clients.Wait()
}

// workers are the processes below Gunicorn's master.
func (g *flask) workers() (pids []int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", g.cmd.Process.Pid))
	for _, field := range strings.Fields(string(text)) {
		pid, _ := strconv.Atoi(field)
		pids = append(pids, pid)
	}
	return pids
}

// collected is what Python's own collector makes of the folder.
func (g *flask) collected() map[string]string {
	cmd := exec.Command(g.python, "-c", "from prometheus_client import *; from prometheus_client.multiprocess import *; "+
		"r = CollectorRegistry(); MultiProcessCollector(r); print(generate_latest(r).decode())")
	cmd.Env = append(os.Environ(), "PROMETHEUS_MULTIPROC_DIR="+g.metrics)
	out, err := cmd.Output()
	if err != nil {
		var why *exec.ExitError
		errors.As(err, &why)
		g.t.Fatalf("Python's collector: %v\n%s", err, why.Stderr)
	}
	return linesOf(string(out))
}

// ready reports whether every worker has loaded the service and none is in the
// middle of making a file: Python's collector fails on one that is empty still.
// One that a killed worker has left empty would fail it for ever, and is taken away.
func (g *flask) ready() bool {
	workers := g.workers()
	for _, pid := range workers {
		// Its gauge is the last thing that a worker sets before it serves.
		if _, err := os.Stat(fmt.Sprintf("%s/gauge_max_%d.db", g.metrics, pid)); err != nil {
			return false
		}
	}
	all, _ := filepath.Glob(g.metrics + "/*.db")
	for _, name := range all {
		info, err := os.Stat(name)
		owner, _ := strconv.Atoi(strings.TrimSuffix(name[strings.LastIndex(name, "_")+1:], ".db"))
		switch {
		case err != nil:
			return false
		case info.Size() == 0 && !slices.Contains(workers, owner):
			_ = os.Remove(name)
		case info.Size() == 0:
			return false
		}
	}
	return len(workers) == 4
}

var lineRE = regexp.MustCompile(`(?m)^([^# ].*) (\S+)$`)

// linesOf are the samples of an exposition, those of Flask's metrics.
func linesOf(text string) map[string]string {
	lines := map[string]string{}
	for _, m := range lineRE.FindAllStringSubmatch(text, -1) {
		if strings.HasPrefix(m[1], "flask_") {
			lines[m[1]] = m[2]
		}
	}
	return lines
}

// same compares samples, but for the last digits of sums, which depend on the
// order of adding up.
func same(a, b string) bool {
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	return a == b || x != 0 && (x-y)/x < 1e-9 && (y-x)/x < 1e-9
}

// TestMultiproc: a server with four workers, as it is, and tacho beside it. At
// rest it says what Python's own collector says, to the letter; while workers
// are killed and come again, no scrape fails and no total falls.
func TestMultiproc(t *testing.T) {
	t.Parallel() // it mostly waits
	t.Run("Gunicorn", func(t *testing.T) { checkMultiproc(t, startGunicorn(t)) })
	t.Run("uWSGI", func(t *testing.T) { checkMultiproc(t, startUWSGI(t)) })
}

func checkMultiproc(t *testing.T, g *flask) {
	tacho := spawn(t, []string{"PROMETHEUS_MULTIPROC_DIR=" + g.metrics}, "multiproc", "--listen", "127.0.0.1:0")
	url := tacho.says(`Metrics  (\S+)`)
	scrape := func() string {
		status, text := get(t, http.DefaultClient, url)
		if status != http.StatusOK {
			t.Fatalf("a scrape was answered %d: %s", status, text)
		}
		return text
	}
	tacho.await("four workers", time.Minute, g.ready)
	g.load(50)
	ours, theirs := linesOf(scrape()), g.collected()
	if !maps.EqualFunc(ours, theirs, same) || len(ours) < 70 {
		t.Errorf("tacho says\n%v\nPython says\n%v", ours, theirs)
	}
	if n := ours[`flask_http_request_total{method="GET",status="200"}`]; n != "300.0" {
		t.Errorf("%s requests are counted, want 300.0", n)
	}
	checkWorkers(t, scrape(), g.workers())

	stop := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
				if pids := g.workers(); len(pids) == 4 {
					_ = syscall.Kill(pids[0], syscall.SIGKILL)
				}
			}
		}
	})
	files := func() int {
		all, _ := filepath.Glob(g.metrics + "/*.db")
		return len(all)
	}
	last := map[string]float64{}
	deadline := time.Now().Add(time.Minute)
	for n := 0; n < 300 || files() < 3*4+6; n++ { // until two workers have left files behind, at least
		if time.Now().After(deadline) {
			t.Fatalf("only %d files: no worker was replaced", files())
		}
		for name, value := range linesOf(scrape()) {
			v, _ := strconv.ParseFloat(value, 64)
			if v < last[name] {
				t.Fatalf("%s fell from %v to %v", name, last[name], v)
			}
			last[name] = v
		}
	}
	close(stop)
	killer.Wait()
	tacho.await("four workers again", time.Minute, g.ready)
	tacho.end(syscall.SIGTERM)
	checkCompaction(t, g)
}

// service is a Go service's Meter. It ends before its directory goes: a process makes
// files again that are removed.
func service(t *testing.T, o tacho.Options) *tacho.Meter {
	t.Helper()
	m, err := tacho.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel() // nobody scrapes it any more
		_ = m.Shutdown(ended)
	})
	return m
}

// TestMultiprocGo: beside a Go service whose processes share their counts it exports
// what they do, whatever their Options.
func TestMultiprocGo(t *testing.T) {
	dir := t.TempDir()
	exporter := spawn(t, nil, "multiproc", "--listen", "127.0.0.1:0", "--dir", "shop="+dir, "--go-format")
	url := exporter.says(`Metrics  (\S+)`)
	if status, body := get(t, http.DefaultClient, url); status != http.StatusOK || strings.Contains(body, "flask_") {
		t.Errorf("before the service begins: %d\n%s", status, body)
	}
	m := service(t, tacho.Options{Schema: schema.Flask(), Multiproc: tacho.Multiproc{Dir: dir}})
	h := m.Handler(http.NotFoundHandler())
	for range 3 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	if err := m.Flush(); err != nil {
		t.Fatal(err)
	}
	_, body := get(t, http.DefaultClient, url)
	for _, want := range []string{
		`flask_http_request_total{app="shop",method="GET",status="404"} 3`, `flask_http_request_duration_seconds_count{app="shop",method="GET",path="unknown",status="404"} 3`,
		"go_goroutines{app=\"shop\"}", `tacho_multiproc_workers{app="shop",state="alive"} 1`,
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("it does not say %s:\n%s", want, body)
		}
	}
	exporter.end(syscall.SIGTERM)
}

// checkCompaction: with --compact the files of the dead go, and no count with
// them, neither for tacho nor for Python.
func checkCompaction(t *testing.T, g *flask) {
	t.Helper()
	before := g.collected()
	tacho := spawn(t, nil, "multiproc", "--listen", "127.0.0.1:0", "--dir", g.metrics, "--compact")
	url := tacho.says(`Metrics  (\S+)`)
	tacho.await("compaction", 30*time.Second, func() bool {
		left, _ := filepath.Glob(g.metrics + "/*.db*")
		return len(left) <= 3*4+3 // those of four workers, and three archives
	})
	_, text := get(t, http.DefaultClient, url)
	for who, got := range map[string]map[string]string{"tacho": linesOf(text), "Python": g.collected()} {
		if !maps.EqualFunc(got, before, same) {
			t.Errorf("%s says\n%v\nbefore compaction it was\n%v", who, got, before)
		}
	}
	if !strings.Contains(text, "\ntacho_multiproc_workers{state=\"dead\"} 0.0\n") {
		t.Error("there are dead workers left")
	}
	tacho.end(syscall.SIGTERM)
}

// checkWorkers: what the processes use, each and together.
func checkWorkers(t *testing.T, text string, pids []int) {
	t.Helper()
	value := func(sample string) float64 {
		m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(sample) + ` (\S+)$`).FindStringSubmatch(text)
		if m == nil {
			t.Errorf("there is no %s", sample)
			return 0
		}
		v, _ := strconv.ParseFloat(m[1], 64)
		return v
	}
	sum := 0.0
	for _, pid := range pids {
		each := value(fmt.Sprintf(`tacho_multiproc_worker_resident_memory_bytes{pid="%d"}`, pid))
		if each < 1<<20 {
			t.Errorf("worker %d has %v bytes", pid, each)
		}
		sum += each
		if cpu := value(fmt.Sprintf(`tacho_multiproc_worker_cpu_seconds_total{pid="%d"}`, pid)); cpu <= 0 {
			t.Errorf("worker %d has used %v s", pid, cpu)
		}
	}
	if all := value("process_resident_memory_bytes"); all != sum {
		t.Errorf("together they have %v bytes, each by itself %v", all, sum)
	}
	if n := value(`tacho_multiproc_workers{state="alive"}`); n != 4 {
		t.Errorf("%v workers are alive", n)
	}
	if started := value("process_start_time_seconds"); time.Since(time.Unix(int64(started), 0)) > time.Hour {
		t.Errorf("the service began at %v", started)
	}
}

// TestMultiprocGoOnce: beside a Go service there is no series twice, neither of what both
// have about themselves, nor where a label has the name of the one that is added.
func TestMultiprocGoOnce(t *testing.T) {
	for _, c := range []struct {
		name   string // before the folder
		consts map[string]string
		want   string
	}{
		{"", nil, `http_requests_total{method="GET",`},
		{"shop=", map[string]string{"app": "own"}, `http_requests_total{app="shop",exported_app="own",`},
	} {
		dir := t.TempDir()
		m := service(t, tacho.Options{ConstLabels: c.consts, Multiproc: tacho.Multiproc{Dir: dir}})
		m.Handler(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		if err := m.Flush(); err != nil {
			t.Fatal(err)
		}
		exporter := spawn(t, nil, "multiproc", "--listen", "127.0.0.1:0", "--dir", c.name+dir)
		_, body := get(t, http.DefaultClient, exporter.says(`Metrics  (\S+)`))
		seen := map[string]bool{}
		for line := range strings.Lines(body) {
			series, _, _ := strings.Cut(line, "} ")
			if seen[series] {
				t.Errorf("%s: twice: %s", c.name, series)
			}
			seen[series] = true
		}
		for _, name := range []string{c.want, "tacho_function_errors_total{", "tacho_scrape_errors_total{"} {
			if !strings.Contains(body, "\n"+name) {
				t.Errorf("%s: there is no %s in\n%s", c.name, name, body)
			}
		}
		exporter.end(syscall.SIGTERM)
	}
}
