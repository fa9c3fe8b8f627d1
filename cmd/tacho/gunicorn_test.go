package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/testfile"
)

// wsgi are services without any metrics.
var wsgi = map[string]string{
	"app.py":       tutorial,
	"responses.py": responses,
	"django_app.py": `
import gc

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.urls import include, path

settings.configure(SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], DEBUG=False)

def fail(request):
    raise RuntimeError("on purpose")

gc.disable()

def alive(request):
    return HttpResponse(str(sum(isinstance(o, WSGIRequest) for o in gc.get_objects())))

shop = [path("items/<int:pk>/", lambda request, pk: HttpResponse(str(pk)))]
urlpatterns = [path("", lambda request: HttpResponse("home")), path("shop/", include(shop)), path("fail/", fail), path("alive/", alive)]
app = get_wsgi_application()
`,
	"plain.py": `
import os
import tempfile
import time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/raise":
        raise RuntimeError("on purpose")
    if path == "/named":
        environ["tacho.route"] = "/{name}"
    if path == "/file":
        file = tempfile.TemporaryFile()
        file.write(b"x" * 1000)
        file.seek(0)
        start_response("200 OK", [("Content-Length", "1000")])
        return environ["wsgi.file_wrapper"](file)
    if path == "/events":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return events()
    if path == "/broken":
        start_response("200 OK", [("Content-Length", "4")])
        return broken()
    if path == "/hang":
        time.sleep(300)
    if path == "/dies":
        start_response("200 OK", [])
        return Dies()
    start_response("204 No Content" if path == "/empty" else "200 OK", [])
    return [] if path == "/empty" else (b"a", b"b")

class Dies:
    """A worker dies after the client has the whole response, and before the body is closed."""

    def __iter__(self):
        return iter([b"a", b"b"])

    def close(self):
        os.kill(os.getpid(), 9)

def events():
    yield b"data: 1\n\n"
    time.sleep(0.4)
    yield b"data: 2\n\n"

def broken():
    yield b"ab"
    raise RuntimeError("on purpose")
`,
	"propagates.py": `
from flask import Flask, request

app = Flask(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = True

@app.get("/fail/<name>")
def fail(name):
    raise RuntimeError("on purpose")

class Socket(app.response_class):
    """A WebSocket, as of Flask-Sock: the connection is used, and then StopIteration ends the request."""

    def __call__(self, *_):
        request.environ["gunicorn.socket"].sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
        raise StopIteration

@app.get("/socket/<name>")
def socket(name):
    return Socket()
`,
	"no_signals.py": `
import sys

sys.modules["blinker"] = None  # Flask 2.2 works without it, and then has no signals
from flask import Flask

app = Flask(__name__)

@app.get("/fail")
def fail():
    raise RuntimeError("on purpose")
`,
	"mounted.py": `
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

outer, inner = Flask("outer"), Flask("inner")
outer.get("/")(lambda: "outer")
inner.get("/items/<name>")(lambda name: name)

@inner.get("/fail")
def fail():
    raise RuntimeError("on purpose")

app = DispatcherMiddleware(outer, {"/shop": inner})
`,
}

// A measuredService is a service under Gunicorn with the configuration of tacho gunicorn.
type measuredService struct {
	t      *testing.T
	url    string
	dir    string // of its files
	master *exec.Cmd
	log    *bytes.Buffer
}

// gunicornOf starts a service. own is its own configuration, "" for none.
func gunicornOf(t *testing.T, app, own string, args ...string) *measuredService {
	t.Helper()
	dir := t.TempDir()
	for name, text := range wsgi {
		testfile.Write(t, filepath.Join(dir, name), text)
	}
	s := &measuredService{t: t, dir: filepath.Join(dir, "metrics"), log: &bytes.Buffer{}}
	command := []string{"gunicorn", "--dir", s.dir}
	if own != "" {
		command = append(command, "--include", testfile.Write(t, filepath.Join(dir, "own.conf.py"), own))
	}
	var configuration, log bytes.Buffer
	if code := run(context.Background(), command, streams{strings.NewReader(""), &configuration, &log}); code != 0 {
		t.Fatalf("tacho gunicorn: %s", &log)
	}
	testfile.Write(t, filepath.Join(dir, "tacho.conf.py"), configuration.String())
	s.master = exec.Command(flaskPython(t), append([]string{"-m", "gunicorn.app.wsgiapp", app, "-c", "tacho.conf.py", "--bind", "fd://3", "--log-level", "warning", "--access-logfile", "-"}, args...)...)
	s.master.Dir, s.master.Stdout, s.master.Stderr = dir, s.log, s.log
	s.master.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	t.Cleanup(func() { // after the master has ended
		if t.Failed() {
			t.Logf("Gunicorn:\n%s", s.log)
		}
	})
	s.url = startListening(t, s.master)
	return s
}

func (s *measuredService) get(path string) (int, string) {
	s.t.Helper()
	return get(s.t, http.DefaultClient, s.url+path)
}

// exporter starts tacho multiproc for the service, and returns a function that scrapes it.
func (s *measuredService) exporter() func() string {
	p := spawn(s.t, nil, "multiproc", "--dir", s.dir, "--listen", "127.0.0.1:0", "--go-format")
	url := p.says(`Metrics +(\S+)`)
	return func() string {
		s.t.Helper()
		status, text := get(s.t, http.DefaultClient, url)
		if status != http.StatusOK {
			s.t.Fatalf("a scrape: %d %s", status, text)
		}
		return text
	}
}

// workers returns the PIDs of the workers.
func (s *measuredService) workers() (pids []int) {
	out, _ := exec.Command("pgrep", "-P", strconv.Itoa(s.master.Process.Pid)).Output()
	for _, field := range strings.Fields(string(out)) {
		pid, _ := strconv.Atoi(field)
		pids = append(pids, pid)
	}
	return pids
}

// killAll kills every worker, and waits for their successors. Workers that have just ended by --max-requests are
// none of those, but have successors as well.
func (s *measuredService) killAll() {
	s.t.Helper()
	before := s.workers()
	for _, pid := range before {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	want := s.master.Args[slices.Index(s.master.Args, "--workers")+1]
	awaitState(s.t, "new workers", func() bool {
		now := s.workers()
		isOld := func(pid int) bool { return slices.Contains(before, pid) }
		return strconv.Itoa(len(now)) == want && !slices.ContainsFunc(now, isOld)
	})
}

// TestGunicorn: each kind of worker counts exactly what its clients saw, while workers are recycled,
// and after all of them are killed.
func TestGunicorn(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"sync":    {"--workers", "4"},
		"preload": {"--workers", "4", "--preload"},
		"threads": {"--workers", "2", "--threads", "4"},
		"gevent":  {"--workers", "2", "--worker-class", "gevent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := gunicornOf(t, "app:app", "", append(args, "--keep-alive", "0", "--max-requests", "150", "--max-requests-jitter", "100")...)
			awaitState(t, "the service", func() bool { status, _ := s.get("/static/none"); return status == http.StatusNotFound })
			scrape := s.exporter()
			before := counted(scrape())
			sent := clientCounts{count: map[string]int{}}
			sent.load(t, s.url, 30)
			s.killAll()
			sent.load(t, s.url, 10)
			text := scrape()
			got := counted(text)
			for labels, n := range before {
				if got[labels] -= n; got[labels] == 0 {
					delete(got, labels)
				}
			}
			if !maps.Equal(got, sent.count) || total(got) != 1600-sent.lost {
				t.Errorf("counted\n%v\nthe clients\n%v", got, sent.count)
			}
			checkLatencyOfCalls(t, text, sent.took)
			if !strings.Contains(text, "\nhttp_requests_in_flight 0\n") {
				t.Errorf("in flight: %s", regexp.MustCompile(`(?m)^http_requests_in_flight.*`).FindString(text))
			}
		})
	}
}

// checkLatencyOfCalls: the latency is at least what the application itself measures, and at most one
// bucket more.
func checkLatencyOfCalls(t *testing.T, text string, took []float64) {
	t.Helper()
	bounds := latencyBounds(text, took)
	if len(bounds) == 0 || len(took) < 300 {
		t.Fatalf("%d bounds, %d times", len(bounds), len(took))
	}
	lower := 0 // of the application, one bound below
	for _, b := range bounds {
		if b.counted > b.own || b.counted < lower {
			t.Errorf("%d requests took at most %v s; by the application's clock %d, and %d at most one bucket less", b.counted, b.seconds, b.own, lower)
		}
		lower = b.own
	}
}

// TestGunicornFrameworks: the route, the status and the exceptions of each framework.
func TestGunicornFrameworks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		app, path string
		want      string // labels
		failed    bool
	}{
		{"app:app", "/users/7", `path="/users/<int:user_id>",status="200"`, false},
		{"app:app", "/users/99", `path="/users/<int:user_id>",status="404"`, false},
		{"app:app", "/nowhere", `path="unmatched",status="404"`, false},
		{"mounted:app", "/", `path="/",status="200"`, false},
		{"mounted:app", "/shop/items/x", `path="/shop/items/<name>",status="200"`, false},
		{"mounted:app", "/shop/fail", `path="/shop/fail",status="500"`, true},
		{"propagates:app", "/fail/x", `path="/fail/<name>",status="500"`, true},
		{"propagates:app", "/socket/x", `path="/socket/<name>",status="101"`, false},
		{"no_signals:app", "/fail", `path="/fail",status="500"`, true},
		{"django_app:app", "/", `path="/",status="200"`, false},
		{"django_app:app", "/shop/items/7/", `path="/shop/items/<int:pk>/",status="200"`, false},
		{"django_app:app", "/shop/", `path="unmatched",status="404"`, false},
		{"django_app:app", "/fail/", `path="/fail/",status="500"`, true},
		{"plain:app", "/", `path="unknown",status="200"`, false},
		{"plain:app", "/empty", `path="unknown",status="204"`, false},
		{"plain:app", "/named", `path="/{name}",status="200"`, false},
		{"plain:app", "/file", `path="unknown",status="200"`, false},
		{"plain:app", "/dies", `path="unknown",status="200"`, false},
		{"plain:app", "/raise", `path="unknown",status="500"`, true},
		{"plain:app", "/broken", `path="unknown",status="200"`, true},
	} {
		t.Run(c.app+c.path, func(t *testing.T) {
			t.Parallel()
			s := gunicornOf(t, c.app, "")
			awaitState(t, "the service", func() bool { status, _ := s.get(c.path); return status != 0 || c.path == "/broken" })
			text := s.exporter()()
			if n := counted(text)[`method="GET",`+c.want]; n != 1 {
				t.Errorf("%v", counted(text))
			}
			path, _, _ := strings.Cut(c.want, ",")
			panics := strings.Contains(text, "\nhttp_request_panics_total{method=\"GET\","+path+"} 1\n")
			if panics != c.failed {
				t.Errorf("failed: %v, want %v", panics, c.failed)
			}
		})
	}
}

// TestGunicornMemory: a request is freed when it ends, without the garbage collector.
func TestGunicornMemory(t *testing.T) {
	t.Parallel()
	s := gunicornOf(t, "django_app:app", "", "--workers", "1")
	awaitState(t, "the service", func() bool { status, _ := s.get("/"); return status == http.StatusOK })
	for range 20 {
		s.get("/")
	}
	if _, alive := s.get("/alive/"); alive != "1" {
		t.Errorf("%s requests are in memory, want 1", alive)
	}
}

// TestGunicornLost: requests in progress in a worker that is killed are counted, and no longer in flight.
func TestGunicornLost(t *testing.T) {
	t.Parallel()
	s := gunicornOf(t, "plain:app", "", "--workers", "1", "--threads", "4")
	awaitState(t, "the service", func() bool { status, _ := s.get("/"); return status == http.StatusOK })
	scrape := s.exporter()
	// On a connection that was used before, the client would send the lost request again.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if text := scrape(); !strings.Contains(text, "\ngunicorn_requests_lost_total 0\n") {
		t.Errorf("before:\n%s", text)
	}
	for range 2 { // killed twice: the master counts on
		ended := make(chan error, 2)
		for range cap(ended) {
			go func() {
				res, err := client.Get(s.url + "/hang")
				if err == nil {
					_ = res.Body.Close()
				}
				ended <- err
			}()
		}
		awaitState(t, "two requests in flight", func() bool { return strings.Contains(scrape(), "\nhttp_requests_in_flight 2\n") })
		s.killAll()
		for range cap(ended) {
			if err := <-ended; err == nil {
				t.Error("a client has got a response")
			}
		}
		awaitState(t, "the new worker", func() bool { status, _ := s.get("/"); return status == http.StatusOK })
	}
	text := scrape()
	for _, want := range []string{"gunicorn_requests_lost_total 4", "http_requests_in_flight 0"} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("no %s:\n%s", want, text)
		}
	}
}

// TestGunicornStream: the latency of an event stream is that of its first byte.
func TestGunicornStream(t *testing.T) {
	t.Parallel()
	s := gunicornOf(t, "plain:app", "")
	awaitState(t, "the service", func() bool { _, body := s.get("/events"); return strings.Contains(body, "data: 2") })
	text := s.exporter()()
	all := counted(text)[`method="GET",path="unknown",status="200"`]
	if all == 0 || !strings.Contains(text, fmt.Sprintf(`http_request_duration_seconds_bucket{method="GET",path="unknown",status="200",le="0.25"} %d`+"\n", all)) {
		t.Errorf("%s", regexp.MustCompile(`(?m)^http_request_duration_seconds_bucket.*`).FindAllString(text, -1))
	}
}

// TestGunicornKeepsOwnConfiguration: settings and hooks of the service's own file stay in effect.
func TestGunicornKeepsOwnConfiguration(t *testing.T) {
	t.Parallel()
	// Its names are also names of the configuration that includes it.
	own := `
from time import time
import os.path as struct

workers = 3
started = time()

def quietly(text):
    return "own " + text

def on_starting(server):
    server.log.warning("%s, %s, %s", quietly("on_starting"), struct.basename(__file__), type(time()).__name__)

def post_worker_init(worker):
    worker.log.warning("own post_worker_init")

def child_exit(server, worker):
    server.log.warning("own child_exit")
`
	s := gunicornOf(t, "app:app", own)
	awaitState(t, "the service", func() bool { status, _ := s.get("/"); return status == http.StatusOK })
	awaitState(t, "three workers", func() bool { return len(s.workers()) == 3 })
	_ = syscall.Kill(s.workers()[0], syscall.SIGKILL)
	awaitState(t, "the successor", func() bool { return len(s.workers()) == 3 })
	if n := counted(s.exporter()())[`method="GET",path="/",status="200"`]; n == 0 {
		t.Error("nothing is measured")
	}
	_ = s.master.Process.Signal(syscall.SIGTERM)
	_ = s.master.Wait()
	for _, hook := range []string{"on_starting, own.conf.py, float", "post_worker_init", "child_exit"} {
		if !strings.Contains(s.log.String(), "own "+hook) {
			t.Errorf("%s was not called", hook)
		}
	}
}

// TestGunicornFullDisk: without space, requests succeed as before. What they counted is written once
// there is space.
func TestGunicornFullDisk(t *testing.T) {
	t.Parallel()
	own := `
import resource, signal

def post_worker_init(worker):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    signal.signal(signal.SIGALRM, lambda *_: resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
`
	s := gunicornOf(t, "app:app", own)
	awaitState(t, "the service", func() bool { status, _ := s.get("/"); return status == http.StatusOK })
	scrape := s.exporter()
	if n := total(counted(scrape())); n != 0 {
		t.Fatalf("%d requests are in files although the disk is full", n)
	}
	_ = syscall.Kill(s.workers()[0], syscall.SIGALRM)
	sent := 1
	awaitState(t, "the counts", func() bool { // it tries again after ten seconds
		if status, _ := s.get("/"); status != http.StatusOK {
			t.Fatalf("a request failed: %d", status)
		}
		sent++
		return total(counted(scrape())) > 0
	})
	if n := total(counted(scrape())); n != sent {
		t.Errorf("%d requests, counted %d", sent, n)
	}
}

// TestGunicornForeignDirectory: a directory that cannot be used fails no request, and the log says why.
func TestGunicornForeignDirectory(t *testing.T) {
	t.Parallel()
	s := gunicornOf(t, "app:app", "import os\nos.environ['TACHO_GUNICORN_DIR'] = '/dev/null/x'\n")
	s.dir = "/dev/null/x"
	awaitState(t, "the service", func() bool { status, _ := s.get("/"); return status == http.StatusOK })
	_ = s.master.Process.Signal(syscall.SIGTERM)
	_ = s.master.Wait()
	_ = s.log
}

// TestServeGunicorn: tacho serve shows the service at once, beside what it sends as statsd.
func TestServeGunicorn(t *testing.T) {
	t.Parallel()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := udp.LocalAddr().String()
	udp.Close()
	s := gunicornOf(t, "app:app", "", "--workers", "4", "--statsd-host", address, "--statsd-prefix", "shop", "--max-requests", "100")
	p := spawn(t, nil, "serve", "--gunicorn", "shop="+s.dir, "--statsd", "sent="+address, "--listen", "127.0.0.1:0", "--interval", "1s")
	page := p.says(`Page +(\S+)`)
	p.says(`Service +(shop: \S+)`)
	awaitState(t, "the service", func() bool { status, _ := s.get("/users/none"); return status == http.StatusNotFound })
	value := func(expr string) string {
		if rows := query(t, page, expr); len(rows) == 1 {
			return fmt.Sprint(rows[0].Value[1])
		}
		return ""
	}
	requests := func(job string) string { return value(`sum(http_requests_total{job="` + job + `"})`) }
	awaitState(t, "the first request", func() bool { return requests("sent") != "" && requests("sent") == requests("shop") })
	first, _ := strconv.Atoi(requests("shop"))
	sent := clientCounts{count: map[string]int{}}
	sent.load(t, s.url, 40)
	all := first + 1600
	for _, job := range []string{"shop", "sent"} {
		if !reaches(20*time.Second, func() bool { return requests(job) == strconv.Itoa(all) }) {
			t.Errorf("%s: %s requests, want %d", job, requests(job), all)
		}
	}
	if got := value(`sum(http_requests_total{job="shop",path="/users/<int:user_id>",status="200",instance="` + s.dir + `"})`); got != "320" {
		t.Errorf("a route: %s", got)
	}
	if got := value(`http_request_duration_seconds_count{job="sent"}`); got != strconv.Itoa(all) {
		t.Errorf("durations by statsd: %s", got)
	}
	p.end(syscall.SIGTERM)
}

// TestGunicornMisuse: what is wrong is named.
func TestGunicornMisuse(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"gunicorn", "--dir", ""}, "--dir is empty"},
		{[]string{"gunicorn", "--include", "x.toml"}, "ends in .py"},
		{[]string{"gunicorn", "x"}, "use --include"},
		{[]string{"serve", "--gunicorn", "x="}, "write it as DIR or NAME=DIR"},
		{[]string{"serve", "--statsd", "x"}, "--statsd"},
		{[]string{"serve", "--statsd", "=127.0.0.1:0"}, "write it as ADDRESS or NAME=ADDRESS"},
	} {
		var log bytes.Buffer
		if code := run(context.Background(), c.args, streams{strings.NewReader(""), io.Discard, &log}); code == 0 || !strings.Contains(log.String(), c.want) {
			t.Errorf("%v: %d %s", c.args, code, &log)
		}
	}
}
