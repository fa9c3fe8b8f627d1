package sidecar_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/sidecar"
)

// TestVarnishtest runs the scripts of testdata/varnishtest. Each has a service and its client. Those in same
// pass with the proxy between both and without it; those in different show what the proxy changes on
// purpose, as docs/sidecar.md describes.
func TestVarnishtest(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("varnishtest")
	if err != nil {
		t.Fatal("varnishtest is not in PATH: install Debian's package varnish (scripts/install-peers does)")
	}
	const most = 15 // fewer would mean that the pattern is wrong
	scripts, err := filepath.Glob("testdata/varnishtest/*/*.vtc")
	if err != nil || len(scripts) < most {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	for _, script := range scripts {
		kind, name := filepath.Base(filepath.Dir(script)), strings.TrimSuffix(filepath.Base(script), ".vtc")
		t.Run(kind+"/"+name+"/through", func(t *testing.T) {
			t.Parallel()
			dir := socketDir(t)
			playScript(t, program, script, dir, startBeforeService(t, dir+"/app").address)
		})
		if kind == "same" {
			t.Run(kind+"/"+name+"/around", func(t *testing.T) {
				t.Parallel()
				dir := socketDir(t)
				playScript(t, program, script, dir, dir+"/app")
			})
		}
	}
}

// socketDir returns a folder for sockets, whose paths have at most 107 bytes.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "p")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// startBeforeService starts a proxy whose service listens later, and serves one connection at a time: it must
// not get one of a health check, and not lose an idle one.
func startBeforeService(t *testing.T, socket string) *running {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	r := startFor(t, "unix://"+socket, func(o *sidecar.Options) {
		o.Upstreams[0].HealthInterval, o.KeepAlive = time.Hour, time.Hour
	})
	r.await(`tacho_proxy_upstream_up{upstream="app"} 1`)
	_ = l.Close() // with its socket
	return r
}

// playScript runs varnishtest. The script's service listens on dir/app, and its client connects to target.
func playScript(t *testing.T, program, script, dir, target string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "-t", "30", "-D", "service="+dir+"/app", "-D", "target="+target, script)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestHalfClose: varnishtest cannot close one direction of a connection. The proxy, as nginx and every server
// of net/http, takes a client for gone that does so before it has the response.
func TestHalfClose(t *testing.T) {
	t.Parallel()
	entered, canceled := make(chan struct{}), make(chan struct{})
	r := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(canceled)
	}))
	c := r.dial()
	defer c.Close()
	if _, err := io.WriteString(c, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-entered
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); len(got) > 0 || err != nil {
		t.Errorf("the client gets %q, %v", got, err)
	}
	<-canceled
	r.await(`tacho_proxy_client_errors_total{cause="gone"} 1`)
	r.await(`http_requests_total{method="GET",path="unknown",status="499"} 1`)
}

// TestEarlyResponse: a response that comes before the end of a request reaches the client, which may send the
// rest only then. The connection ends with it.
func TestEarlyResponse(t *testing.T) {
	t.Parallel()
	r := startFor(t, "http://"+listenRaw(t, func(c net.Conn) {
		in := bufio.NewReader(c)
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		_, _ = io.ReadFull(in, make([]byte, 4))
		_, _ = io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
		_, _ = io.Copy(io.Discard, in)
	}))
	c := r.dial()
	defer c.Close()
	in := bufio.NewReader(c)
	_, _ = io.WriteString(c, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\nhalf")
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(res.Body); res.StatusCode != 403 || string(body) != "no" || err != nil || !res.Close {
		t.Errorf("%s %q, %v, the connection ends: %v", res.Status, body, err, res.Close)
	}
	_, _ = io.WriteString(c, strings.Repeat("x", 3996)+"GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
	if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("then the client gets %q, %v", rest, err)
	}
}

// TestBothDirections: a service may respond to the pieces of a request while more of them come.
func TestBothDirections(t *testing.T) {
	t.Parallel()
	for _, chunked := range []bool{true, false} {
		r := startFor(t, "http://"+startService(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			control := http.NewResponseController(w)
			_ = control.EnableFullDuplex()
			for piece := make([]byte, 1); ; {
				if _, err := io.ReadFull(req.Body, piece); err != nil {
					return
				}
				_, _ = w.Write(piece)
				_ = control.Flush()
			}
		})))
		const pieces = "abcdef"
		from, to := io.Pipe()
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+r.address+"/a", from)
		if err != nil {
			t.Fatal(err)
		}
		if !chunked {
			req.ContentLength = int64(len(pieces))
		}
		go func() { _, _ = io.WriteString(to, pieces[:1]) }()
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got := make([]byte, 1)
		for i := range pieces {
			if _, err := io.ReadFull(res.Body, got); err != nil || got[0] != pieces[i] {
				t.Fatalf("piece %d is %q, %v", i, got, err)
			}
			if i+1 < len(pieces) {
				_, _ = io.WriteString(to, pieces[i+1:i+2])
			}
		}
		to.Close()
		if rest, err := io.ReadAll(res.Body); len(rest) > 0 || err != nil {
			t.Errorf("at the end %q, %v", rest, err)
		}
	}
}
