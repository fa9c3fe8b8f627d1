package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestMain lets the test program be a demo of its own, for a test to kill.
func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		beVictim(dir)
		return
	}
	os.Exit(m.Run())
}

// soon is how long anything may take before a test calls it broken.
const soon = 40 * time.Second

func eventually(t *testing.T, what string, reached func() bool) {
	t.Helper()
	if !await(context.Background(), soon, reached) {
		t.Fatalf("waited %s for %s", soon, what)
	}
}

// freePort is one from which ports are likely to be free.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return min(ln.Addr().(*net.TCPAddr).Port, 60000)
}

// made makes a demo with what tests do not care about filled in.
func made(t *testing.T, o Options) *Demo {
	t.Helper()
	if o.Port == 0 {
		o.Port = freePort(t)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// run runs the demo until the test ends, or stop is called.
func run(t *testing.T, d *Demo) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	var stopped atomic.Bool
	stop = func() {
		t.Helper()
		if stopped.Swap(true) {
			return
		}
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(soon):
			t.Fatal("Run does not end")
		}
	}
	t.Cleanup(stop)
	return stop
}

// hand is a script clock that a test sets.
type hand struct{ at atomic.Int64 }

func (h *hand) set(d time.Duration)    { h.at.Store(int64(d)) }
func (h *hand) elapsed() time.Duration { return time.Duration(h.at.Load()) }

// fetch sends a request to instance i and returns status and body.
func fetch(t *testing.T, d *Demo, i int, method, path string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+d.Targets()[i].Address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// sample finds the value of one line of the text format.
func sample(t *testing.T, text, series string) string {
	t.Helper()
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return fmt.Sprintf("no %s", series)
}
