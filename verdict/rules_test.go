package verdict

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestRuleOptions: the times are those of the rules that the server evaluates, as its API lists them.
func TestRuleOptions(t *testing.T) {
	const group = `{"status":"success","data":{"groups":[{"name":"other","interval":60,"rules":[{"name":"x","query":"rate(x[9m])"}]},{"name":"tacho","interval":%s,"rules":[%s]}]}}`
	rate := func(query string) string { return fmt.Sprintf(`{"name":"tacho:http_requests:rate","query":%q}`, query) }
	const alert = `{"name":"TachoErrorRatioHigh","query":"sum by (job, path) (sum_over_time(tacho:http_requests:rate{status=~\"5..\"}[15s])) / 2"}`
	for name, tt := range map[string]struct {
		status int
		answer string
		want   Options
		other  time.Duration // the window of another job than a or b
		errors string
	}{
		"the demo's": {200, fmt.Sprintf(group, "1", rate(`sum by (job) (rate(http_requests_total{status!=""}[10s]))`)+","+alert), Options{Interval: time.Second, LookBack: 15 * time.Second, Window: 10 * time.Second}, 10 * time.Second, ""},
		"jobs with windows of their own": {200, fmt.Sprintf(group, "0.5",
			rate(`(sum(rate(http_requests_total{job=~"a|b"}[1m30s])) or sum(rate(http_requests_total{job!~"a|b"}[1h])))`)+","+rate(`sum(rate(x{job=~"a|b"}[1m30s])) or sum(rate(x{job!~"a|b"}[1h]))`)),
			Options{Interval: 500 * time.Millisecond, Window: 90 * time.Second, LookBack: 5 * time.Minute}, time.Hour, ""},
		"no such rules":           {200, `{"status":"success","data":{"groups":[]}}`, Options{Interval: 15 * time.Second, Window: time.Minute, LookBack: 5 * time.Minute}, time.Minute, ""},
		"no rules API":            {404, "404 page not found", Options{Interval: 15 * time.Second, Window: time.Minute, LookBack: 5 * time.Minute}, time.Minute, ""},
		"no access":               {403, "no", Options{Interval: 15 * time.Second, Window: time.Minute, LookBack: 5 * time.Minute}, time.Minute, "403 Forbidden"},
		"a page instead of rules": {200, "<html>", Options{Interval: 15 * time.Second, Window: time.Minute, LookBack: 5 * time.Minute}, time.Minute, "is not that of a Prometheus API"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/p/api/v1/rules" || r.Header.Get("X-Tenant") != "a" || len(r.URL.Query()["rule_name[]"]) != 2 {
					t.Errorf("%s %v", r.URL, r.Header)
				}
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.answer)
			}))
			defer s.Close()
			got, err := API{URL: s.URL + "/p", Header: http.Header{"X-Tenant": {"a"}}}.RuleOptions(t.Context(), Options{ReadLimits: true})
			if text := fmt.Sprint(err); tt.errors == "" && err != nil || !strings.Contains(text, tt.errors) {
				t.Fatalf("%v, want %q", err, tt.errors)
			}
			got = got.filled()
			if got.Interval != tt.want.Interval || got.LookBack != tt.want.LookBack || got.windowOf("a") != tt.want.Window || got.windowOf("c") != tt.other || !got.ReadLimits {
				t.Errorf("interval %v, look-back %v, windows %v and %v; want %+v", got.Interval, got.LookBack, got.windowOf("a"), got.windowOf("c"), tt.want)
			}
		})
	}
}

func TestRangeOf(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"15s": 15 * time.Second, "1m30s": 90 * time.Second, "500ms": time.Second / 2, "1d": 24 * time.Hour, "2w": 14 * 24 * time.Hour, "1y": 365 * 24 * time.Hour, "1m5ms": time.Minute + 5*time.Millisecond,
	} {
		if got := rangeOf(text); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
