package main

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/verdict"
)

func TestParseLimit(t *testing.T) {
	for text, want := range map[string]rules.Limit{
		"shop latency-limit=500ms":                       {Job: "shop", Latency: 500 * time.Millisecond},
		"shop /export error-limit=20% latency-limit=10s": {Job: "shop", Path: "/export", ErrorRatio: .2, Latency: 10 * time.Second},
		"shop unmatched  min-requests=7":                 {Job: "shop", Path: "unmatched", MinRequests: 7},
		`"my shop" "/a b" error-limit=0.5`:               {Job: "my shop", Path: "/a b", ErrorRatio: .5},
	} {
		if got, err := parseLimit(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                                    "it sets no limit: write it as",
		"shop":                                "it sets no limit",
		"shop latency=1s":                     `there is no limit "latency=1s": use latency-limit`,
		"latency-limit=1s":                    "the service is missing",
		"shop GET /a latency-limit=1s":        `"/a" is one word too many`,
		"shop latency-limit=0":                "it must be above 0",
		"shop latency-limit=5":                "latency-limit: write a time such as",
		"shop error-limit=200%":               "error-limit: write a ratio above 0% and below 100%",
		"shop min-requests=no":                "min-requests: write a whole number",
		"shop min-requests=1 min-requests=2":  "min-requests is there twice",
		"shop min-requests=1 error-limits=2%": `there is no limit "error-limits=2%"`,
		`"shop min-requests=1`:                "a quote is not closed",
	} {
		if got, err := parseLimit(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v; want %q", text, got, err, want)
		}
	}
}

func TestRatio(t *testing.T) {
	for text, want := range map[string]string{"5%": "5%", "0.05": "5%", " 7 % ": "7%", "0.1%": "0.1%"} {
		if r := new(ratio); r.Set(text) != nil || r.String() != want {
			t.Errorf("%s: %v, want %s", text, r, want)
		}
	}
	for _, text := range []string{"", "5", "0", "100%", "-1%", "NaN", "x%"} {
		if r := new(ratio); r.Set(text) == nil {
			t.Errorf("%q is %v", text, r)
		}
	}
}

// TestLimitsInSettings: an invalid limit is named with its line and column.
func TestLimitsInSettings(t *testing.T) {
	for text, want := range map[string]string{
		"serve:\n  limit:\n    - shop latency-limit=1s\n    - shop latency=1s\n": `settings.yml:4:7: "shop latency=1s" is not a valid value for --limit: there is no limit "latency=1s"`,
		"serve:\n  limit: [a latency-limit=1s, a error-limit=1%]\n":              `settings.yml:2:31: "a error-limit=1%" is not a valid value for --limit: a has limits already`,
		"serve: {error-limit: 105%}":                                             `settings.yml:1:22: "105%" is not a valid value for --error-limit: write a ratio above 0% and below 100%`,
	} {
		cmd := findCommand(newRoot(streams{strings.NewReader(""), io.Discard, io.Discard}), "serve")
		if err := fillFlags(cmd, settings(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
	for _, args := range [][]string{{"--latency-limit", "0s"}, {"--min-requests", "0"}, {"--error-limit", "5"}} {
		if code := run(t.Context(), append([]string{"serve"}, args...), streams{strings.NewReader(""), io.Discard, io.Discard}); code != exitUsage {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
}

// TestLimitsAgree: with flags, everything that users see has the same numbers: the rules, the recorded
// series, the verdict and the runbook.
func TestLimitsAgree(t *testing.T) {
	t.Parallel()
	service := newService(t, (&shop{}).ServeHTTP)
	p := spawn(t, nil, "serve", "shop="+service, "--listen", "127.0.0.1:0", "--interval", "1s",
		"--latency-limit", "300ms", "--error-limit", "2%", "--min-requests", "40", "--limit", "shop /b latency-limit=5s error-limit=90%")
	page := p.says(pageLine)
	for series, want := range map[string]string{
		`tacho:http_error_ratio:limit{job="shop",path="/a"}`: "0.02", `tacho:http_error_ratio:limit{job="shop",path="/b"}`: "0.9",
		`tacho:http_error_ratio:limit{job="shop",path=""}`: "0.02", `tacho:http_errors:min{job="shop",path="/a"}`: "10",
		`tacho:http_requests:min{job="shop",path=""}`: "40", `tacho:http_request_duration_seconds:limit{job="shop",path=""}`: "0.3",
	} {
		p.await(series, 60*time.Second, func() bool { return value(t, page, series) == want })
	}
	want := verdict.Limits{ErrorRatio: .02, MinErrors: 10, Latency: .3, MinRequests: 40}
	b := verdict.Limits{ErrorRatio: .9, MinErrors: 10, Latency: 5, MinRequests: 40}
	var v verdict.Verdict
	p.await("the verdict", 30*time.Second, func() bool {
		code, body := get(t, http.DefaultClient, page+"api/tacho/verdict")
		v = verdict.Verdict{}
		return code == http.StatusOK && json.Unmarshal([]byte(body), &v) == nil &&
			slices.ContainsFunc(v.Services, func(s verdict.Service) bool { return s.Job == "shop" && s.LimitsOf("/b") == b })
	})
	for _, s := range v.Services {
		if s.Limits != want {
			t.Errorf("%s: the verdict's limits are %+v", s.Job, s.Limits)
		}
	}
	for path, wants := range map[string][]string{
		"alerts/TachoLatencyHigh.md":    {"\nThreshold on this server: 300ms; shop /b 5s.\n", "\n本服务器的阈值：300ms；shop /b 5s。\n"},
		"alerts/TachoErrorRatioHigh.md": {"\nThreshold on this server: 2%; shop /b 90%.\n"},
		"api/v1/rules":                  {`on (job, path) tacho:http_error_ratio:limit`, `* 0.3`, `tacho:http_request_duration_seconds:limit{job=%q,path=%q}`},
	} {
		_, text := get(t, http.DefaultClient, page+path)
		for _, want := range wants {
			if !strings.Contains(strings.NewReplacer(`\"`, `"`, `\u003e`, ">").Replace(text), want) {
				t.Errorf("%s lacks %q:\n%.3000s", path, want, text)
			}
		}
	}
	p.end(syscall.SIGTERM)
}
