package main

import (
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/server"
)

// TestRuleWindows: the windows of the built-in rules hold four scrapes of each
// job, and of what is pushed.
func TestRuleWindows(t *testing.T) {
	minute, quick := server.Job{Name: "minute", Interval: time.Minute}, server.Job{Name: "quick", Interval: 15 * time.Second}
	for _, tt := range []struct {
		name    string
		receive bool
		jobs    []server.Job
		want    string
	}{
		{"every minute", false, []server.Job{minute}, `(rate(http_requests_total{path!="",status!=""}[4m]))`},
		{"every 15 seconds", false, []server.Job{quick}, `(rate(http_requests_total{path!="",status!=""}[1m]))`},
		{"both", false, []server.Job{minute, quick}, `(rate(http_requests_total{path!="",status!="",job!~"quick"}[4m]))`},
		{"pushed besides", true, []server.Job{quick}, `(rate(http_requests_total{path!="",status!="",job!~"quick"}[4m]))`},
	} {
		f := &serveFlags{interval: 15 * time.Second}
		f.options.RemoteWriteReceiver = tt.receive
		files, err := f.rules(tt.jobs)
		if err != nil {
			t.Fatal(err)
		}
		if text := string(files[0].YAML); !strings.Contains(text, tt.want) {
			t.Errorf("%s: no rule with %s:\n%.500s", tt.name, tt.want, text)
		}
	}
}
