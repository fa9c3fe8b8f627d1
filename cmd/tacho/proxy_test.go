package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/testfile"
)

// tutorial is the Flask tutorial's service, with three routes and without any metrics.
const tutorial = `
import time
from flask import Flask, abort

app = Flask(__name__)

@app.route("/")
def hello():
    return "<p>Hello, World!</p>"

@app.route("/users/<int:user_id>")
def user(user_id):
    if user_id > 90:
        abort(404)
    return {"id": user_id}

@app.post("/orders")
def order():
    begin = time.perf_counter()
    time.sleep(0.03)
    return "", 201, {"X-Took": time.perf_counter() - begin}
`

// startTutorial runs the tutorial's service under Gunicorn, and returns its URL and the master.
func startTutorial(t *testing.T, args ...string) (url string, master *exec.Cmd) {
	t.Helper()
	dir := t.TempDir()
	testfile.Write(t, filepath.Join(dir, "app.py"), tutorial)
	cmd := exec.Command(flaskPython(t), append([]string{"-m", "gunicorn.app.wsgiapp", "app:app", "--bind", "fd://3", "--workers", "4", "--log-level", "critical"}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	url = startListening(t, cmd)
	awaitState(t, "the service", func() bool { status, _ := get(t, http.DefaultClient, url); return status == http.StatusOK })
	return url, cmd
}

// flaskList is what flask routes prints for the service.
const flaskList = `
Endpoint  Methods  Rule
--------  -------  -----------------------
hello     GET      /
order     POST     /orders
static    GET      /static/<path:filename>
user      GET      /users/<int:user_id>
`

// A clientCounts counts responses as a client has seen them, by the labels of a request.
type clientCounts struct {
	mu    sync.Mutex
	count map[string]int
	lost  int       // without a response
	took  []float64 // by the service's own clock, in seconds
}

// send sends a request, and counts its response. A connection that ends without one counts as none.
func (c *clientCounts) send(t *testing.T, base, method, path, template string) {
	r, err := http.NewRequestWithContext(context.Background(), method, base+path, nil)
	if err != nil {
		t.Error(err)
		return
	}
	res, err := http.DefaultClient.Do(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		t.Logf("%s %s: %v", method, path, err)
		c.lost++
		return
	}
	defer res.Body.Close()
	c.count[fmt.Sprintf(`method="%s",path="%s",status="%d"`, method, template, res.StatusCode)]++
	if seconds, err := strconv.ParseFloat(res.Header.Get("X-Took"), 64); err == nil {
		c.took = append(c.took, seconds)
	}
}

// load sends the same mix of requests from several clients.
func (c *clientCounts) load(t *testing.T, base string, rounds int) {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range rounds {
				c.send(t, base, "GET", "/", "/")
				c.send(t, base, "GET", fmt.Sprintf("/users/%d", i), "/users/<int:user_id>")
				c.send(t, base, "POST", "/orders", "/orders")
				c.send(t, base, "GET", "/users/x", "unmatched")
				c.send(t, base, "DELETE", "/", "unmatched")
			}
		})
	}
	all.Wait()
}

var requestsLine = regexp.MustCompile(`(?m)^http_requests_total\{(.*)\} ([1-9]\d*)$`)

// counted returns the counts of http_requests_total above zero, by labels.
func counted(text string) map[string]int {
	all := map[string]int{}
	for _, m := range requestsLine.FindAllStringSubmatch(text, -1) {
		all[m[1]], _ = strconv.Atoi(m[2])
	}
	return all
}

// TestProxyFlask: the proxy counts exactly what its clients saw, while workers of the unchanged
// service are killed and recycled. The latency is that of the service, and the page has its routes.
func TestProxyFlask(t *testing.T) {
	t.Parallel()
	upstream, master := startTutorial(t, "--max-requests", "60", "--max-requests-jitter", "30")
	list := testfile.Write(t, filepath.Join(t.TempDir(), "routes.txt"), flaskList)
	p := spawn(t, nil, "proxy", "--upstream", upstream, "--routes", list, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--serve", "--serve-listen", "127.0.0.1:0", "--service", "tutorial")
	base, metrics, page := p.says(`Proxy +(\S+)`), p.says(`Metrics +(\S+)`), p.says(`Page +(\S+)`)

	sent := clientCounts{count: map[string]int{}}
	stop := killWorkers(t, master)
	sent.load(t, base, 100)
	stop()
	_, text := get(t, http.DefaultClient, metrics)
	for labels, n := range sent.count {
		if strings.Contains(labels, `status="502"`) { // of a killed worker: the service did not say whether it has the route
			t.Logf("%s: %d", labels, n)
		}
	}
	if got := counted(text); total(got) != 4000 || apartBy(byStatus(got), byStatus(sent.count)) > sent.lost || apartBy(without502(got), without502(sent.count)) > sent.lost {
		t.Errorf("the proxy counted\n%v\nits clients\n%v", got, sent.count)
	}
	checkLatency(t, text, sent.took)
	awaitState(t, "the routes on the page", func() bool {
		return len(query(t, page, `http_requests_total{job="tutorial",path="/users/<int:user_id>",status="404"}`)) == 1
	})
	p.end(syscall.SIGTERM)
}

// killWorkers kills a worker now and then, until stop is called.
func killWorkers(t *testing.T, master *exec.Cmd) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(300 * time.Millisecond):
				out, err := exec.Command("pgrep", "-P", strconv.Itoa(master.Process.Pid)).Output()
				if pid, bad := strconv.Atoi(strings.TrimSpace(strings.SplitN(string(out), "\n", 2)[0])); err == nil && bad == nil {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		}
	}()
	return func() { close(done); <-ended }
}

var statusLabel = regexp.MustCompile(`status="\d+"`)

func byStatus(counts map[string]int) map[string]int {
	all := map[string]int{}
	for labels, n := range counts {
		all[statusLabel.FindString(labels)] += n
	}
	return all
}

func without502(counts map[string]int) map[string]int {
	all := maps.Clone(counts)
	maps.DeleteFunc(all, func(labels string, _ int) bool { return strings.Contains(labels, `status="502"`) })
	return all
}

// apartBy returns the sum of the differences between counts.
func apartBy(a, b map[string]int) (sum int) {
	for key, n := range a {
		sum += max(n-b[key], b[key]-n)
	}
	for key, n := range b {
		if _, both := a[key]; !both {
			sum += n
		}
	}
	return sum
}

func total(counts map[string]int) (sum int) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

var bucketLine = regexp.MustCompile(`(?m)^http_request_duration_seconds_bucket\{method="POST",path="/orders",status="201",le="([^"]+)"\} (\d+)$`)

// A latencyBound is an upper bound of the latency of POST /orders, with the requests within it.
type latencyBound struct {
	seconds float64
	counted int // by tacho
	own     int // by the service's own clock
}

func latencyBounds(text string, took []float64) (all []latencyBound) {
	for _, m := range bucketLine.FindAllStringSubmatch(text, -1) {
		b := latencyBound{}
		b.seconds, _ = strconv.ParseFloat(m[1], 64) // +Inf as well
		b.counted, _ = strconv.Atoi(m[2])
		for _, s := range took {
			if s <= b.seconds {
				b.own++
			}
		}
		all = append(all, b)
	}
	return all
}

// checkLatency: no request is faster than by the service's own clock. It may be slower: a request
// waits for one of four workers, which the service cannot see.
func checkLatency(t *testing.T, text string, took []float64) {
	t.Helper()
	bounds := latencyBounds(text, took)
	for _, b := range bounds {
		if b.counted > b.own {
			t.Errorf("%d requests took at most %v s, of which the service itself measured %d", b.counted, b.seconds, b.own)
		}
	}
	if len(bounds) == 0 || bounds[len(bounds)-1].own != len(took) || len(took) < 700 {
		t.Errorf("%d bounds, %d times of the service", len(bounds), len(took))
	}
}

// TestProxyLatency: with one request at a time, the latency is that of the service, in its bucket or
// the next one.
func TestProxyLatency(t *testing.T) {
	t.Parallel()
	upstream, _ := startTutorial(t)
	p := spawn(t, nil, "proxy", "--upstream", upstream, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	base, metrics := p.says(`Proxy +(\S+)`), p.says(`Metrics +(\S+)`)
	sent := clientCounts{count: map[string]int{}}
	for range 40 {
		sent.send(t, base, "POST", "/orders", "/orders")
	}
	_, text := get(t, http.DefaultClient, metrics)
	// The service sleeps for 30 ms: bucket .05, or the next one, .1, but for a few on a busy machine.
	of := map[string]int{}
	for _, m := range bucketLine.FindAllStringSubmatch(text, -1) {
		of[m[1]], _ = strconv.Atoi(m[2])
	}
	if of["0.025"] != 0 || of["0.1"] < 36 || of["+Inf"] != 40 {
		t.Errorf("the buckets are %v", of)
	}
}

// TestProxyReload: SIGHUP applies the file without losing a request, and a bad file changes nothing.
func TestProxyReload(t *testing.T) {
	t.Parallel()
	var names [2]string
	for i, name := range []string{"old", "new"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) }))
		defer s.Close()
		names[i] = s.URL
	}
	file := filepath.Join(t.TempDir(), "proxy.yml")
	write := func(text string) { testfile.Write(t, file, text) }
	write("upstreams: [{name: app, url: " + names[0] + "}]\nlisten: 127.0.0.1:0\nadmin-listen: 127.0.0.1:0\n")
	p := spawn(t, nil, "proxy", "--config", file)
	base := p.says(`Proxy +(\S+)`)
	if _, body := get(t, http.DefaultClient, base); body != "old" {
		t.Errorf("%s", body)
	}
	write("upstreams: [{name: app, ur: x}]\n")
	_ = p.cmd.Process.Signal(syscall.SIGHUP)
	awaitState(t, "the log of the bad file", func() bool { return strings.Contains(p.log.String(), file+":1:25: there is no setting") })
	if _, body := get(t, http.DefaultClient, base); body != "old" {
		t.Errorf("a bad file has an effect: %s", body)
	}
	write("upstreams: [{name: app, url: " + names[1] + "}]\n")
	_ = p.cmd.Process.Signal(syscall.SIGHUP)
	awaitState(t, "the new service", func() bool {
		status, body := get(t, http.DefaultClient, base)
		if status != http.StatusOK {
			t.Fatalf("a request failed: %d %s", status, body)
		}
		return body == "new"
	})
	p.end(syscall.SIGTERM)
}

// TestProxyState: what was learned is there after a kill, and printed as a list of routes.
func TestProxyState(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	state := filepath.Join(t.TempDir(), "routes.json")
	args := []string{"proxy", "--upstream", s.URL, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--state", state}
	p := spawn(t, nil, args...)
	get(t, http.DefaultClient, p.says(`Proxy +(\S+)`)+"/users/7")
	awaitState(t, "the state file", func() bool {
		text, _ := os.ReadFile(state)
		return bytes.Contains(text, []byte("/users/{id}"))
	})
	_ = p.cmd.Process.Kill()
	again := spawn(t, nil, args...)
	admin := strings.TrimSuffix(again.says(`Metrics +(\S+)`), "/metrics")
	for _, from := range [][]string{{"--state", state}, {"--admin", admin}} {
		var out, log bytes.Buffer
		code := run(context.Background(), append([]string{"proxy", "routes"}, from...), streams{strings.NewReader(""), &out, &log})
		if code != 0 || !strings.HasSuffix(out.String(), "\n/users/{id}\n") {
			t.Errorf("%v: %d %s %s", from, code, &out, &log)
		}
	}
}

// TestProxyMisuse: what is wrong is named, before anything listens.
func TestProxyMisuse(t *testing.T) {
	dir := t.TempDir()
	bad := testfile.Write(t, filepath.Join(dir, "bad.yml"), "upstreams:\n  - {url: 'ftp://x', nam: 3}\nmax-queue: 5\nmetrics: {series-limit: -4, schema: foo}\nroutes: ['/a/{b']\nroutes-file: none.txt\ntrusted: x\nlearn: {}\nlisten: [a]\nmax-concurrent: -1\nlearn: true\n")
	routes := testfile.Write(t, filepath.Join(dir, "routes.txt"), "GET /a\nb\n")
	broken := testfile.Write(t, filepath.Join(dir, "state.json"), "{")
	const upstream = "--upstream=http://127.0.0.1:1"
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"nothing", nil, []string{"--upstream is missing"}},
		{"an argument", []string{"http://127.0.0.1:5000"}, []string{"use --upstream for the service"}},
		{"a URL of another scheme", []string{"--upstream", "ftp://x"}, []string{`"ftp://x" does not begin with http://`}},
		{"trusted", []string{upstream, "--trusted", "x"}, []string{`--trusted: "x" is not an address`}},
		{"schema", []string{upstream, "--schema", "x"}, []string{"--schema x: there are default, flask and otel"}},
		{"routes", []string{upstream, "--routes", routes}, []string{"--routes: " + routes + `: line 2: "b" has no path`}},
		{"one half of TLS", []string{upstream, "--tls-key", "x"}, []string{"set both Certificate and Key"}},
		{"state", []string{upstream, "--state", broken}, []string{"--state: " + broken, "remove it to learn again"}},
		{"listen", []string{upstream, "--listen", "x"}, []string{"--listen"}},
		{"file", []string{"--config", bad, "--check"}, []string{
			bad + `:2:11: url: "ftp://x" does not begin with http://`, bad + `:2:22: there is no setting "nam" here`, bad + ":3:12: this must be a time", bad + ":4:25: series-limit: ",
			bad + `:4:37: "foo" is not a schema`, bad + `:5:10: "/a/{b" is not a route`, bad + ":6:14: open ", bad + `:7:10: "x" is not an address`, bad + ":8:8: this must be true or false", bad + ":9:9: this must be a text",
			bad + ":10:17: max-concurrent: ", bad + ":11:1: learn is set twice",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, log bytes.Buffer
			code := run(context.Background(), append([]string{"proxy"}, c.args...), streams{strings.NewReader(""), &out, &log})
			for _, want := range c.want {
				if code == 0 || !strings.Contains(log.String(), want) {
					t.Errorf("%d %s\nwant %s", code, &log, want)
				}
			}
		})
	}
}
