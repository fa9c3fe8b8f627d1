package sidecar_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/sidecar"
)

// A running proxy, in front of a service.
type running struct {
	*sidecar.Proxy
	t       testing.TB
	address string
	service string // its URL
}

// upstream returns the URL of the service behind the proxy.
func (r *running) upstream() string { return r.service }

// start starts a proxy in front of a handler.
func start(t *testing.T, service http.Handler, change ...func(*sidecar.Options)) *running {
	t.Helper()
	return startFor(t, "http://"+startService(t, service), change...)
}

// startService starts net/http's server, with HTTP/1.1 and with HTTP/2 without TLS.
func startService(t testing.TB, service http.Handler) (address string) {
	t.Helper()
	upstream := httptest.NewUnstartedServer(service)
	upstream.Config.ErrorLog = quiet
	upstream.Config.DisableGeneralOptionsHandler = true
	upstream.Config.Protocols = new(http.Protocols)
	upstream.Config.Protocols.SetHTTP1(true)
	upstream.Config.Protocols.SetUnencryptedHTTP2(true)
	upstream.Start()
	t.Cleanup(upstream.Close)
	return upstream.Listener.Addr().String()
}

func startFor(t testing.TB, upstream string, change ...func(*sidecar.Options)) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, l, upstream, change...)
}

func startOn(t testing.TB, l net.Listener, upstream string, change ...func(*sidecar.Options)) *running {
	t.Helper()
	o := sidecar.Options{
		Upstreams: []sidecar.Upstream{{Name: "app", URL: upstream}},
		Meter:     tacho.Options{OmitRuntime: true, Status: tacho.Status{Initial: []int{}}},
		Logger:    discard,
	}
	for _, c := range change {
		c(&o)
	}
	p, err := sidecar.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return &running{p, t, l.Addr().String(), upstream}
}

// raw sends bytes, and returns everything that comes back until the connection ends or is quiet.
func (r *running) raw(text string) string {
	r.t.Helper()
	c := r.dial()
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		r.t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "no response: " + err.Error()
	}
	body, _ := io.ReadAll(res.Body)
	return fmt.Sprintf("%d %s", res.StatusCode, body)
}

func (r *running) dial() net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// metrics returns the metrics' lines that begin with a prefix.
func (r *running) metrics(prefix string) string {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.Admin().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	var lines []string
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, prefix) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n")
}

// await waits until the metrics have a line.
func (r *running) await(line string) {
	r.t.Helper()
	prefix, _, _ := strings.Cut(line, "{")
	prefix, _, _ = strings.Cut(prefix, " ")
	deadline := time.Now().Add(10 * time.Second)
	for {
		got := r.metrics(prefix)
		if strings.Contains("\n"+got+"\n", "\n"+line+"\n") {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("metrics:\n%s\nwant\n%s", got, line)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func get(r *running, path string) string {
	r.t.Helper()
	res, err := http.Get("http://" + r.address + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return fmt.Sprintf("%d %s", res.StatusCode, body)
}

// TestProxy: routes are learned, and what is not served is unmatched.
func TestProxy(t *testing.T) {
	r := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, r.URL.RequestURI())
	}))
	for path, want := range map[string]string{"/users/1": "200 /users/1", "/users/2?a=1;b=%zz": "200 /users/2?a=1;b=%zz", "/no": "404 404 page not found\n"} {
		if got := get(r, path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	r.await(`http_requests_total{method="GET",path="/users/{id}",status="200"} 2`)
	r.await(`http_requests_total{method="GET",path="unmatched",status="404"} 1`)
	r.await(`tacho_proxy_overhead_seconds_count 3`)
	r.await(`tacho_proxy_upstream_response_seconds_count{upstream="app"} 3`)
}
