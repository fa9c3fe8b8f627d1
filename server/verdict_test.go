package server_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/server"
	"github.com/tacho-go/tacho/verdict"
)

// TestVerdict: a target that goes down is found, with its start.
func TestVerdict(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x 1\n")) }))
	defer target.Close()
	address := strings.TrimPrefix(target.URL, "http://")
	o := options(t)
	o.Config = "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nscrape_configs: [{job_name: shop, static_configs: [{targets: ['" + address + "']}]}]\n"
	o.VerdictFunc = func(jobs []server.Job) verdict.Options {
		if jobs[0] != (server.Job{Name: "shop", Interval: time.Second}) {
			t.Errorf("the jobs are %v", jobs)
		}
		return verdict.Options{Interval: time.Second, Window: 4 * time.Second}
	}
	r := start(t, o)
	shop := func(is func(verdict.Service) bool) func() bool {
		return func() bool {
			code, body := r.get("/" + server.VerdictPath)
			var v verdict.Verdict
			if code != http.StatusOK || json.Unmarshal([]byte(body), &v) != nil {
				return false
			}
			for _, s := range v.Services {
				if s.Job == "shop" {
					return is(s)
				}
			}
			return false
		}
	}
	awaitThat(t, "a verdict of the target", shop(func(s verdict.Service) bool {
		return s.State == verdict.Idle && s.Targets == 1 && s.Up == 1 && len(s.Findings) == 0
	}))
	before := time.Now()
	target.Close()
	awaitThat(t, "the target to be found down", shop(func(s verdict.Service) bool {
		return s.State == verdict.Down && s.Up == 0 && len(s.Findings) == 1 && s.Findings[0].Kind == verdict.Target &&
			s.Findings[0].Instance == address && s.Findings[0].Since.After(before.Add(-2*time.Second)) && !s.Findings[0].AtLeast
	}))
	awaitThat(t, "a replay, which looks every four seconds, to be able to see it", shop(func(s verdict.Service) bool {
		return len(s.Findings) == 1 && time.Since(s.Findings[0].Since) > 8*time.Second
	}))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	again := httptest.NewUnstartedServer(target.Config.Handler)
	again.Listener = listener
	again.Start()
	defer again.Close()
	recovered := func(s verdict.Service) bool {
		return s.State == verdict.Idle && len(s.Findings) == 0 && len(s.Over) == 1 && s.Over[0].Instance == address && s.Over[0].Since.After(before.Add(-2*time.Second))
	}
	awaitThat(t, "the target to be found up again", shop(recovered))
	r.stop()
	r = start(t, o)
	awaitThat(t, "the finding from before the restart", shop(recovered))
}

// TestNoVerdict: without the built-in rules there is nothing to judge by, and the response says so.
func TestNoVerdict(t *testing.T) {
	r := start(t, options(t))
	if code, body := r.get("/" + server.VerdictPath); code != http.StatusNotFound || !strings.Contains(body, "built-in rules, which are off") {
		t.Errorf("%d %s", code, body)
	}
	if code, body := r.post("/" + server.VerdictPath); code != http.StatusMethodNotAllowed || !strings.Contains(body, "use GET") {
		t.Errorf("POST: %d %s", code, body)
	}
}
