package sidecar_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/long"
	"github.com/tacho-go/tacho/sidecar"
)

// slowClients is how many connections slowhttptest opens.
const slowClients = 50

// slowness is what slowhttptest does. $ is longer than a client may be silent.
var slowness = []struct {
	name, args, path string
	status           string // of all slow requests, "" if there is none
	recorded         bool   // as the cause timeout; otherwise slowhttptest finds all of its connections closed
}{
	{"the header drips", "-H -i 1 -x 8", "/small", "", false},
	{"the body drips", "-B -i $ -s 4096 -t POST", "/small", "408", true},
	{"the response is not read", "-X -n $ -w 512 -y 1024 -z 32 -k 1", "/large", "", true}, // 200, as for others
}

// TestSlowClients: clients that take too long are cut, and recorded as docs/sidecar.md describes, while others get
// their responses in time. The long form has the proxy's default limits.
func TestSlowClients(t *testing.T) {
	seconds := long.Form(t, 2, 60, "seconds of silence")
	t.Parallel()
	program, err := exec.LookPath("slowhttptest")
	if err != nil {
		t.Fatal("slowhttptest is not in PATH: install Debian's package slowhttptest (scripts/install-peers does)")
	}
	for _, c := range slowness {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := start(t, http.HandlerFunc(smallAndLarge), func(o *sidecar.Options) {
				if seconds < 60 {
					o.ClientTimeout, o.HeaderTimeout = time.Duration(seconds)*time.Second, time.Duration(seconds)*time.Second
				}
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(2*seconds+30)*time.Second)
			defer cancel()
			args := strings.Fields(strings.ReplaceAll(c.args, "$", fmt.Sprint(2*seconds)))
			args = append(args, "-c", fmt.Sprint(slowClients), "-r", "200", "-l", "600", "-u", "http://"+r.address+c.path)
			ended := make(chan string, 1)
			go func() { ended <- output(ctx, program, args...) }()
			served := r.serveOthers(ctx, t)
			if c.recorded {
				r.awaitTimeouts(ctx, c.status)
			} else if out := <-ended; !strings.Contains(out, "No open connections left") {
				t.Errorf("slowhttptest:\n%s", out)
			}
			cancel()
			if n := <-served; n == 0 {
				t.Error("no other client was served")
			} else {
				t.Logf("%d requests of others", n)
			}
		})
	}
}

// smallAndLarge is a service whose response depends on the path. A large one does not fit in the buffers of
// sockets.
func smallAndLarge(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	if r.URL.Path != "/large" {
		_, _ = io.WriteString(w, "small")
		return
	}
	for range 1024 {
		if _, err := w.Write(make([]byte, 32<<10)); err != nil {
			return
		}
	}
}

// output returns what a program prints until it ends or is stopped.
func output(ctx context.Context, program string, args ...string) string {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return fmt.Sprintf("%s\n%v", out.String(), err)
}

// serveOthers sends one request after another until the context ends, and returns how many there were. Each
// must have its response within a few seconds.
func (r *running) serveOthers(ctx context.Context, t *testing.T) <-chan int {
	served := make(chan int, 1)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	go func() {
		n := 0
		defer func() { served <- n }()
		for tick := time.NewTicker(20 * time.Millisecond); ; n++ {
			res, err := client.Get("http://" + r.address + "/others")
			if err != nil {
				t.Errorf("another client: %v", err)
				return
			}
			_ = res.Body.Close()
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	}()
	return served
}

// awaitTimeouts waits until all slow clients are recorded, with a status if there is one.
func (r *running) awaitTimeouts(ctx context.Context, status string) {
	r.t.Helper()
	cause := fmt.Sprintf(`tacho_proxy_client_errors_total{cause="timeout"} %d`, slowClients)
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		counted := strings.Contains(r.metrics("tacho_proxy_client_errors_total")+"\n", cause+"\n")
		if counted && (status == "" || r.byStatus()[status] == slowClients) {
			tick.Stop()
			return
		}
		select {
		case <-ctx.Done():
			r.t.Errorf("metrics:\n%s\n%v\nwant %s, status %s", r.metrics("tacho_proxy_client_errors_total"), r.byStatus(), cause, status)
			return
		case <-tick.C:
		}
	}
}

// TestUnreadResponse: a client that stops reading is cut, with both protocols, and its response has the status that
// was sent.
func TestUnreadResponse(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			r := start(t, http.HandlerFunc(smallAndLarge), func(o *sidecar.Options) { o.ClientTimeout = 300 * time.Millisecond })
			res, err := protocolClient(t, http2).Get("http://" + r.address + "/large")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			r.await(`tacho_proxy_client_errors_total{cause="timeout"} 1`)
			r.await(`http_requests_total{method="GET",path="/large",status="200"} 1`)
			if n, err := io.Copy(io.Discard, res.Body); err == nil {
				t.Errorf("the response seems complete, with %d bytes", n)
			}
		})
	}
}

// TestUnreadRequest: a service that does not read a request's body has as much time for each piece as for the
// response, whichever transport sends it.
func TestUnreadRequest(t *testing.T) {
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	r := startFor(t, "http://"+listenRaw(t, func(net.Conn) { <-done }), func(o *sidecar.Options) {
		o.ResponseTimeout = 100 * time.Millisecond
	})
	const size = 64 << 20
	for i, header := range []string{"", "Expect: 100-continue\r\n"} {
		c := r.dial()
		fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n", header, size)
		go func() { _, _ = io.CopyN(c, zeros{}, size) }()
		r.await(fmt.Sprintf(`tacho_proxy_upstream_errors_total{cause="response_timeout",upstream="app"} %d`, i+1))
		_ = c.Close()
	}
	r.await("http_requests_in_flight 0")
}

// zeros is a body without end.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) { return len(p), nil }
