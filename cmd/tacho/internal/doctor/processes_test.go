package doctor

import (
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTwoProcesses: a proxy in front of two real processes of one service.
func TestTwoProcesses(t *testing.T) {
	front := httptest.NewServer(inTurn(proxyTo(t, worker(t)), proxyTo(t, worker(t)))())
	defer front.Close()
	for range 3 {
		request(t, "GET", front.URL+"/api")
	}
	r := mustExamine(t, quick(front.URL))
	found := r.with("several-processes")
	if len(found) != 1 || found[0].Severity != Error {
		t.Fatalf("no error several-processes:\n%s", text(r))
	}
	if !strings.Contains(found[0].Evidence, "process_start_time_seconds has 2 values") {
		t.Errorf("evidence %q", found[0].Evidence)
	}
	if r.ExitCode() != 2 {
		t.Errorf("exit code %d, want 2", r.ExitCode())
	}
}

// TestOneProcess: the same, with one.
func TestOneProcess(t *testing.T) {
	front := httptest.NewServer(proxyTo(t, worker(t)))
	defer front.Close()
	request(t, "GET", front.URL+"/api")
	mustBeWell(t, mustExamine(t, quick(front.URL)))
}

func worker(t *testing.T) *program {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), workerVar+"=1")
	return start(t, listening, cmd)
}

func proxyTo(t *testing.T, p *program) *httputil.ReverseProxy {
	target, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	return httputil.NewSingleHostReverseProxy(target)
}

// gunicorn runs testdata/python/MODULE.py.
func gunicorn(t *testing.T, module string, args ...string) *program {
	t.Helper()
	path, err := exec.LookPath("gunicorn")
	if err != nil {
		t.Fatal("needs Debian's gunicorn, python3-flask and python3-prometheus-client")
	}
	args = append(args, "--bind", "127.0.0.1:0", "--log-level", "info", "--worker-tmp-dir", t.TempDir(), module+":app")
	cmd := exec.Command(path, args...)
	cmd.Dir = filepath.Join("testdata", "python")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	return start(t, regexp.MustCompile(`Listening at: (http://\S+)`), cmd)
}

// TestFlaskUnderGunicorn: two workers, each with its own counters.
func TestFlaskUnderGunicorn(t *testing.T) {
	app := gunicorn(t, "flaskapp", "--workers", "2")
	workers := map[string]bool{}
	await(t, "both workers", func() bool {
		workers[request(t, "GET", app.url+"/pid")] = true
		return len(workers) == 2
	})
	for range 30 {
		request(t, "GET", app.url+"/items/7")
	}
	r := mustExamine(t, quick(app.url))
	if len(r.with("several-processes")) != 1 {
		t.Errorf("no several-processes:\n%s", text(r))
	}
}

// TestFlaskFaults: one worker; the faults are in the application.
func TestFlaskFaults(t *testing.T) {
	app := gunicorn(t, "flaskapp", "--workers", "1")
	for _, path := range strings.Fields("/items/11 /items/12 /items/13 /wp-login.php /.env") {
		request(t, "GET", app.url+path)
	}
	for _, method := range strings.Fields("BREW WHEN XYZZY") {
		request(t, method, app.url+"/items/1")
	}
	for range 110 {
		request(t, "GET", app.url+"/slow")
	}
	r := mustExamine(t, quick(app.url))
	for _, id := range strings.Fields("raw-ids unmatched-paths unbounded-method client-label status-text units beyond-buckets") {
		if len(r.with(id)) == 0 {
			t.Errorf("no %s:\n%s", id, text(r))
		}
	}
	if len(r.with("several-processes"))+len(r.with("counter-falls"))+len(r.with("restarted")) > 0 {
		t.Errorf("one process is taken for several:\n%s", text(r))
	}
}

// TestFlaskWell: what prometheus_client's own example does, and it is well.
func TestFlaskWell(t *testing.T) {
	app := gunicorn(t, "wellapp", "--workers", "1")
	for range 20 {
		request(t, "GET", app.url+"/items/7")
	}
	r := mustExamine(t, quick(app.url))
	mustBeWell(t, r)
}
