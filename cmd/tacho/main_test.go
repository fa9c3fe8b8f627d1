package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test program be the command tacho, for scripts and for
// tests that need a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("TACHO_TEST_MAIN") != "" {
		tachoMain()
	}
	testscript.Main(m, map[string]func(){"tacho": tachoMain})
}

func tachoMain() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// TestScripts runs testdata/script: commands and their expected output.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		// All scripts are short; a hanging one should fail soon.
		Deadline: time.Now().Add(90 * time.Second),
		Setup: func(env *testscript.Env) error {
			good := httptest.NewServer(http.HandlerFunc(goodService))
			bad := httptest.NewServer(http.HandlerFunc(badService))
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Defer(func() { good.Close(); bad.Close(); taken.Close() })
			env.Setenv("GOOD", strings.TrimPrefix(good.URL, "http://"))
			env.Setenv("BAD", strings.TrimPrefix(bad.URL, "http://"))
			env.Setenv("TAKEN", taken.Addr().String())
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs tacho and expects an exit code: exits 64 serve --port x.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE ARGS…")
	}
	err := ts.Exec("tacho", args[1:]...)
	code := 0
	if err != nil {
		if _, scanErr := fmt.Sscanf(err.Error(), "exit status %d", &code); scanErr != nil {
			ts.Fatalf("%v", err)
		}
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d; want %s", code, args[0])
	}
}

func goodService(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/metrics" {
		http.NotFound(w, r)
		return
	}
	fmt.Fprint(w, `# HELP http_requests_total HTTP requests served.
# TYPE http_requests_total counter
http_requests_total{method="GET",path="/",status="200"} 1
# HELP http_request_duration_seconds Latency in seconds.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{method="GET",path="/",status="200",le="0.1"} 1
http_request_duration_seconds_bucket{method="GET",path="/",status="200",le="+Inf"} 1
http_request_duration_seconds_sum{method="GET",path="/",status="200"} 0.05
http_request_duration_seconds_count{method="GET",path="/",status="200"} 1
# HELP http_requests_in_flight HTTP requests being served now.
# TYPE http_requests_in_flight gauge
http_requests_in_flight 1
`)
}

// badService has order numbers in its paths.
func badService(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, "# HELP http_requests_total HTTP requests served.\n# TYPE http_requests_total counter\n")
	for id := range 40 {
		fmt.Fprintf(w, "http_requests_total{method=\"GET\",path=\"/orders/%d\",status=\"200\"} 1\n", 10_000+id*7)
	}
}

// newService serves a handler and returns its host and port.
func newService(t *testing.T, h http.HandlerFunc) string {
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://")
}
