package demo

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

//go:embed flask_app.py
var flaskApp []byte

// flaskRoutes are the routes of flask_app.py, weighted as in the tutorial.
var flaskRoutes = []route{
	{method: "GET", path: "/first_route", weight: 4},
	{method: "GET", path: "/second_route", weight: 2},
	{method: "GET", path: "/three_route", weight: 1},
}

// A flask is the Flask service under Gunicorn, if Python has both.
type flask struct {
	dir      string
	targets  string   // the file_sd file
	pythons  []string // candidates, in order
	listener *net.TCPListener
	log      *slog.Logger
}

// newFlask reserves a port, so that the address is known. run determines later whether
// the service can start.
func newFlask(opts Options, port int) (*flask, error) {
	f := &flask{dir: filepath.Join(opts.Dir, "flask"), targets: filepath.Join(opts.Dir, "flask-targets.json"), pythons: pythons, log: opts.Logger}
	if err := f.writeTargets(false); err != nil {
		return nil, err
	}
	var err error
	f.listener, err = Listen(port)
	return f, err
}

func (f *flask) address() string { return f.listener.Addr().String() }

func (f *flask) close() {
	if f.listener != nil {
		f.listener.Close()
	}
}

// run starts Gunicorn and its customers, and stops both when ctx is done, customers
// first. Without Python, or after a failure, the demo continues without Flask.
func (f *flask) run(ctx context.Context, use func(ctx context.Context, url string)) {
	err := f.serve(ctx, use)
	f.writeTargets(false)
	if err != nil && ctx.Err() == nil {
		f.log.Info("demo: continuing without Flask", "reason", err)
	}
}

func (f *flask) serve(ctx context.Context, use func(ctx context.Context, url string)) error {
	python, err := findPython(ctx, f.pythons)
	if err != nil {
		return err
	}
	p, err := f.startGunicorn(python)
	if err != nil {
		return err
	}
	defer p.end()
	if err := f.ready(ctx, p); err != nil {
		return err
	}
	if err := f.writeTargets(true); err != nil {
		return err
	}
	used := make(chan struct{})
	visit, leave := context.WithCancel(ctx)
	defer func() { leave(); <-used }()
	go func() {
		defer close(used)
		use(visit, "http://"+p.address)
	}()
	select {
	case <-ctx.Done():
		return nil
	case <-p.exited:
		return fmt.Errorf("gunicorn exited: %s", p.lastWords())
	}
}

// pythons are the system's Python, which has the system's packages, and the first one in
// PATH.
var pythons = []string{"/usr/bin/python3", "python3"}

// needs checks for the modules without loading them.
const needs = `import sys
from importlib.util import find_spec
sys.exit(not all(map(find_spec, ("flask", "prometheus_client", "gunicorn"))))`

func findPython(ctx context.Context, pythons []string) (string, error) {
	if runtime.GOOS == "windows" {
		return "", fmt.Errorf("gunicorn does not run on Windows")
	}
	for _, python := range pythons {
		if exec.CommandContext(ctx, python, "-c", needs).Run() == nil {
			return python, nil
		}
	}
	return "", fmt.Errorf("no python3 with flask, prometheus_client and gunicorn was found")
}

// gunicornArgs make Gunicorn serve the listener inherited as descriptor 3.
var gunicornArgs = []string{
	"-m", "gunicorn.app.wsgiapp", "flask_app:app", "--bind", "fd://3", "--workers", "2", "--threads", "4",
	"--worker-class", "gthread", "--graceful-timeout", "1", "--log-level", "warning",
}

func (f *flask) startGunicorn(python string) (*process, error) {
	metrics := filepath.Join(f.dir, "metrics")
	if err := os.RemoveAll(metrics); err != nil { // files of exited processes
		return nil, err
	}
	if err := os.MkdirAll(metrics, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(f.dir, "flask_app.py"), flaskApp, 0o600); err != nil {
		return nil, err
	}
	inherited, err := f.listener.File()
	if err != nil {
		return nil, err
	}
	defer inherited.Close()
	address := f.address()
	f.listener.Close() // our copy: the port closes with Gunicorn
	cmd := exec.Command(python, gunicornArgs...)
	cmd.Dir = f.dir
	cmd.ExtraFiles = []*os.File{inherited}
	cmd.Env = append(os.Environ(), "PROMETHEUS_MULTIPROC_DIR="+metrics, "PYTHONDONTWRITEBYTECODE=1")
	return startProcess(cmd, address)
}

// ready waits until /metrics responds.
func (f *flask) ready(ctx context.Context, p *process) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	answered := await(ctx, 20*time.Second, func() bool {
		if p.ended() {
			return true
		}
		resp, err := client.Get("http://" + p.address + "/metrics")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case p.ended():
		return fmt.Errorf("gunicorn did not start: %s", p.lastWords())
	case !answered:
		return fmt.Errorf("gunicorn did not respond: %s", p.lastWords())
	}
	return nil
}

// writeTargets writes the file_sd file atomically.
func (f *flask) writeTargets(up bool) error {
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	groups := []group{}
	if up {
		groups = append(groups, group{[]string{f.address()}, map[string]string{"instance": "flask"}})
	}
	text, err := json.Marshal(groups)
	if err != nil {
		return err
	}
	temporary := f.targets + ".new"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, f.targets)
}
