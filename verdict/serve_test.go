package verdict

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestServe(t *testing.T) {
	v := &Verdict{At: time.Date(2026, 11, 26, 8, 50, 0, 0, time.UTC), Services: []Service{{Job: "shop", State: Down, Findings: []Finding{
		{Kind: Target, Job: "shop", Instance: "a", Since: time.Date(2026, 11, 26, 8, 49, 0, 0, time.UTC)},
	}}}}
	for _, tt := range []struct {
		query, want string
		status      int
	}{
		{"?tz=UTC", `"sentence":"a is down since 08:49:00."`, http.StatusOK},
		{"?lang=zh-CN&tz=Asia/Shanghai", `"sentence":"a 自 16:49:00 起无法抓取。"`, http.StatusOK},
		{"?lang=fr", `"error":"lang=\"fr\": use en or zh"`, http.StatusBadRequest},
		{"?tz=Nowhere", `"error":"tz=\"Nowhere\": write a time zone`, http.StatusBadRequest},
	} {
		w := httptest.NewRecorder()
		v.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+tt.query, nil))
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %d %s; want %s", tt.query, w.Code, w.Body, tt.want)
		}
	}
}

// TestServiceSince: a state begins with its first finding, or with the end of the last one.
func TestServiceSince(t *testing.T) {
	at := func(minutes int) time.Time { return time.Unix(0, 0).Add(time.Duration(minutes) * time.Minute) }
	failing := func(since int) Finding { return Finding{Kind: Errors, Since: at(since)} }
	for name, tt := range map[string]struct {
		now  Service
		last *Service
		want time.Time
	}{
		"healthy from the start":   {Service{State: Healthy}, nil, time.Time{}},
		"still":                    {Service{State: Healthy}, &Service{State: Healthy}, time.Time{}},
		"the first finding":        {Service{State: Failing, Findings: []Finding{failing(5), failing(3)}}, &Service{State: Healthy}, at(3)},
		"seen at the start":        {Service{State: Failing, Findings: []Finding{failing(5)}}, nil, at(5)},
		"one of two is over":       {Service{State: Failing, Findings: []Finding{failing(5)}}, &Service{State: Failing, Since: at(3)}, at(3)},
		"a finding of other kinds": {Service{State: Failing, Findings: []Finding{failing(5), {Kind: Latency, Since: at(1)}}}, &Service{State: Slow, Since: at(1)}, at(5)},
		"recovered":                {Service{State: Warning, Over: []Finding{{Until: at(8)}}}, &Service{State: Failing, Since: at(3)}, at(8)},
		"idle":                     {Service{State: Idle, Over: []Finding{{Until: at(2)}}}, &Service{State: Healthy, Since: at(2)}, at(9)},
	} {
		if got := tt.now.since(tt.last, at(9)); !got.Equal(tt.want) {
			t.Errorf("%s: since %v, want %v", name, got, tt.want)
		}
	}
}
