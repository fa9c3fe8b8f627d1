package verdict

import (
	"testing"
	"time"
)

func TestSentence(t *testing.T) {
	at := func(clock string) time.Time {
		m, err := time.Parse(time.DateTime, "2026-11-26 "+clock)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	before := func(v float64) *float64 { return &v }
	deployed := &Event{Kind: Deployment, At: at("01:48:56"), Version: "1.1.0"}
	for _, tt := range []struct {
		finding Finding
		want    string
	}{
		{
			Finding{Kind: Errors, Method: "GET", Path: "/second_route", Now: .712, Before: before(.004), Since: at("01:49:20"), After: deployed},
			"GET /second_route is failing: 71% errors (before: 0.4%) since 01:49:20, 24s after the deployment of 1.1.0.",
		},
		{
			Finding{Kind: Latency, Method: "GET", Path: "/api", Now: .7241, Before: before(.12), Since: at("01:49:21"), Where: Where{Instances: 2, Only: "b"}},
			"GET /api is slow: p95 724 ms (before: 120 ms), only on b since 01:49:21.",
		},
		{
			Finding{Kind: Errors, Path: "/", Now: .2, Before: before(0), Worst: .6, Since: at("01:49:20"), Until: at("01:50:05")},
			"/ was failing: 60% errors from 01:49:20 to 01:50:05.",
		},
		{
			Finding{Kind: Latency, Path: "/report", Now: 3.2, Since: at("01:00:00"), AtLeast: true},
			"/report is slow: p95 3.2 s since before 01:00:00.",
		},
		{
			Finding{Kind: Target, Instance: "images-2:8080", Now: 1, Since: at("01:12:40"), After: &Event{Kind: Restart, At: at("01:12:40"), Instance: "images-2:8080"}},
			"images-2:8080 is down since 01:12:40, at a restart of images-2:8080.",
		},
		{Finding{Kind: Alert, Alert: "TachoPanics", Path: "/", Since: at("01:12:40")}, "TachoPanics is firing since 01:12:40."},
	} {
		if got := tt.finding.Sentence(time.UTC); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestServiceSentence(t *testing.T) {
	f := Finding{Kind: Alert, Alert: "A", Since: time.Unix(0, 0)}
	for _, tt := range []struct {
		service Service
		want    string
	}{
		{Service{Job: "shop", State: Healthy, Rate: 40, Errors: .1}, "shop is healthy: 40 requests/s, 0.2% errors."},
		{Service{Job: "shop", State: Idle}, "shop is healthy and has no requests."},
		{Service{Job: "shop", State: Warning, Firing: []string{"A", "B"}}, "shop has recovered; still firing: A, B."},
		{Service{Job: "shop", State: Warning, Findings: []Finding{f, f, f}}, "A is firing since 00:00:00. 2 more findings."},
	} {
		if got := tt.service.Sentence(time.UTC); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
