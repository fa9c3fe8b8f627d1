package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// calls are made of every shop.
var calls = []struct {
	request string
	body    string
	status  int
}{
	{"GET /items/7", "", 200},
	{"GET /items/8", "", 200},
	{"GET /items/0", "", 404},
	{"POST /orders", "two of 7", 201},
	{"GET /api/v1/stock", "", 200},
	{"GET /broken", "", 500},
	{"GET /panic", "", 500},
	{"GET /healthz", "", 200},
	{"GET /nowhere", "", 404},
	{"GET /nowhere/else", "", 404},
}

// TestSameMetrics: the same requests make the same metrics, byte for byte, whatever the framework. Only
// the syntax of its templates differs.
func TestSameMetrics(t *testing.T) {
	const golden = "testdata/metrics.txt"
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for name, serve := range shops {
		t.Run(name, func(t *testing.T) {
			got := drive(t, serve)
			if os.Getenv("UPDATE") != "" && name == "nethttp" {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got != string(want) {
				t.Errorf("the metrics differ:\n%s", difference(string(want), got))
			}
		})
	}
}

// drive serves a shop, makes all calls of it, and returns its metrics as they can be compared.
func drive(t *testing.T, serve func(net.Listener) error) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(ln) }()
	t.Cleanup(func() { _ = ln.Close() })
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	url := "http://" + ln.Addr().String()
	await(t, client, url+"/healthz")
	for _, c := range calls {
		method, path, _ := strings.Cut(c.request, " ")
		r, err := http.NewRequest(method, url+path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.body != "" {
			r.Header.Set("Content-Type", "text/plain") // ogen refuses others
		}
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if response.StatusCode != c.status {
			t.Errorf("%s is answered with %d, want %d", c.request, response.StatusCode, c.status)
		}
	}
	response, err := client.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return comparable(string(text))
}

// await waits until a service answers: some frameworks listen themselves.
func await(t *testing.T, client *http.Client, url string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		response, err := client.Get(url)
		if err == nil {
			_ = response.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

var (
	compared = regexp.MustCompile(`^(# (HELP|TYPE) )?(http_|shop_)`)
	timed    = regexp.MustCompile(`^http_request_duration_seconds_(bucket|sum)\{`)
	size     = regexp.MustCompile(`^http_response_size_bytes_(bucket|sum)\{.*path="(/items/[^"]*|/broken|/panic|unmatched)"`) // the texts of errors are the frameworks'
	untold   = regexp.MustCompile(`^http_response_size_bytes_count\{.*path="unmatched"`)                                      // Gin writes the body when all middleware has returned
	panics   = regexp.MustCompile(`http_request_panics_total`)                                                                // counts panics that no recovery inside of the measurement hides
	zero     = regexp.MustCompile(` 0$`)                                                                                      // some routers cannot list their routes
	param    = regexp.MustCompile(`path="/items/[^"]*"`)
)

// comparable leaves out what depends on time, on the texts of errors, and on whether the router can list
// its routes, and writes templates alike.
func comparable(metrics string) string {
	var lines []string
	for line := range strings.Lines(metrics) {
		line = strings.TrimSuffix(line, "\n")
		if compared.MatchString(line) && !timed.MatchString(line) && !size.MatchString(line) && !untold.MatchString(line) && !panics.MatchString(line) && !zero.MatchString(line) {
			lines = append(lines, param.ReplaceAllString(line, `path="/items/{id}"`))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out []string
	for _, l := range a {
		if !slices.Contains(b, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}
