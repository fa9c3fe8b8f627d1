package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/locked"
	"github.com/tacho-go/tacho/server"
)

// A running is a server under test, ended at the test's end.
type running struct {
	*server.Server
	t    *testing.T
	log  *locked.Buffer
	end  context.CancelFunc
	done chan error
}

// quick is a configuration for tests: everything happens within a second.
const quick = "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n"

// options returns those of a server on a free port with a folder of its own.
func options(t *testing.T) server.Options {
	return server.Options{
		Config: quick, DataDir: t.TempDir(), Listen: "127.0.0.1:0",
		DiscoveryInterval: 50 * time.Millisecond, FlushDeadline: time.Second,
	}
}

// start runs a server and waits until it is ready.
func start(t *testing.T, o server.Options) *running {
	t.Helper()
	r := launch(t, o)
	r.await("readiness", func() bool { return r.Ready() })
	return r
}

// launch runs a server, after what is to happen before.
func launch(t *testing.T, o server.Options, before ...func(*server.Server)) *running {
	t.Helper()
	text := &locked.Buffer{}
	o.Logger = slog.New(slog.NewTextHandler(text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, do := range before {
		do(s)
	}
	ctx, end := context.WithCancel(context.Background())
	r := &running{s, t, text, end, make(chan error, 1)}
	go func() { r.done <- s.Run(ctx) }()
	t.Cleanup(func() {
		end()
		if err := r.wait(); err != nil {
			t.Errorf("the server ended with: %v", err)
		}
		if t.Failed() {
			t.Logf("its log:\n%s", text)
		}
	})
	return r
}

// wait returns the error of Run, once and again.
func (r *running) wait() error {
	err := <-r.done
	r.done <- err
	return err
}

// stop ends the server in order.
func (r *running) stop() {
	r.t.Helper()
	r.end()
	if err := r.wait(); err != nil {
		r.t.Errorf("the server ended with: %v", err)
	}
}

// await waits for a state, at most a minute.
func (r *running) await(what string, reached func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(time.Minute); !reached(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("waited a minute for %s; the log:\n%s", what, r.log)
		}
	}
}

// get returns the status and the body of a page.
func (r *running) get(path string) (int, string) {
	r.t.Helper()
	resp, err := http.Get(strings.TrimSuffix(r.URL(), "/") + path)
	if err != nil {
		r.t.Fatal(err)
	}
	return status(r.t, resp)
}

func (r *running) post(path string) (int, string) {
	r.t.Helper()
	resp, err := http.Post(strings.TrimSuffix(r.URL(), "/")+path, "text/plain", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return status(r.t, resp)
}

func status(t *testing.T, resp *http.Response) (int, string) {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// A sample is one result of an instant query.
type sample struct {
	Metric map[string]string
	Value  [2]any
}

func (s sample) String() string { return fmt.Sprint(s.Value[1]) }

// query asks for an instant vector.
func (r *running) query(expr string) []sample {
	r.t.Helper()
	code, body := r.get("/api/v1/query?query=" + url.QueryEscape(expr))
	var answer struct {
		Data struct{ Result []sample }
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || code != http.StatusOK {
		r.t.Fatalf("query %s: %d %s", expr, code, body)
	}
	return answer.Data.Result
}

// one returns the value of a query with one result, "" for none.
func (r *running) one(expr string) string {
	r.t.Helper()
	switch all := r.query(expr); len(all) {
	case 0:
		return ""
	case 1:
		return all[0].String()
	default:
		r.t.Fatalf("%s has %d results", expr, len(all))
		return ""
	}
}

// target serves a fixed exposition.
func target(t *testing.T, text string) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		io.WriteString(w, text)
	}))
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://")
}

func scraping(addresses ...string) string {
	return quick + "scrape_configs: [{job_name: shop, static_configs: [{targets: ['" + strings.Join(addresses, "', '") + "']}]}]\n"
}

// TestScrapesAndAnswers: a target is scraped, queries see it, and the server
// is a target of its own.
func TestScrapesAndAnswers(t *testing.T) {
	o := options(t)
	o.Config = scraping(target(t, "things 42\n"))
	r := start(t, o)
	r.await("the target", func() bool { return r.one(`things{job="shop"}`) == "42" })
	r.await("the own job", func() bool { return r.one(`up{job="tacho"}`) == "1" })
	r.await("the own metrics", func() bool { return r.one(`tacho_server_storage_full`) == "0" })
}
