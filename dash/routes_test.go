package dash_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// asked collects the queries that contain a text.
type asked struct {
	mu   sync.Mutex
	part string
	all  []string
}

func (a *asked) add(query string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if strings.Contains(query, a.part) {
		a.all = append(a.all, query)
	}
}

func (a *asked) queries() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.all...)
}

// TestFewSparklines: of many routes only the first thirty have a line; one query has them all, and is the same in
// every round.
func TestFewSparklines(t *testing.T) {
	for routes, want := range map[int]int{20: 0, 200: 30} {
		samples := []sample{{"targets", job("shop"), "1"}}
		for i := range routes {
			samples = append(samples, sample{"rate", route("shop", "GET", fmt.Sprintf("/r%03d", i)), "1"})
		}
		lines := &asked{part: "sum by (method, path) (tacho:http_requests:rate{"}
		f := &fake{answer: always(vector(samples...)), alerts: "[]", ranges: func(query string, end int64) answer {
			lines.add(query)
			return matrix(end, curve{"path", "/r001", []string{"1", "2"}})
		}}
		page := browse(t, f.serve(t, ""), 2500*time.Millisecond)
		check(t, page.text(t), []string{"Routes All", "GET /r000 1.00"}, nil)
		queries := lines.queries()
		if len(queries) == 0 {
			t.Fatalf("%d routes: no line was queried", routes)
		}
		for _, query := range queries {
			if got := strings.Count(query, "/r"); got != want || query != queries[0] {
				t.Errorf("%d routes: a query names %d of them, want %d and the same query each round: %s", routes, got, want, query)
			}
		}
	}
}

// TestRouteFilter: the address keeps the filter and the kind of routes; statuses are queried only for a filter that
// names one.
func TestRouteFilter(t *testing.T) {
	for _, test := range []struct {
		fragment     string
		statuses     int
		want, absent []string
	}{
		{"#open=shop", 0, []string{"All 4", "Unhealthy 2", "/second_route 4.00", "/orders 1.00", "/api 20.0"}, []string{"Routes shown"}},
		{"#open=shop&filter=status:5xx", 1, []string{"Routes shown: 1 of 4", "/second_route 4.00"}, []string{"/orders 1.00", "/api 20.0"}},
		{"#open=shop&filter=p95%3E1s", 0, []string{"Routes shown: 1 of 4", "/orders 1.00"}, []string{"/second_route 4.00", "/api 20.0"}},
		{"#open=shop&only=unhealthy", 0, []string{"All 4", "Unhealthy 2", "/second_route 4.00", "/orders 1.00"}, []string{"/api 20.0"}},
		{"#open=shop&filter=rate%3E1e9&only=never", 0, []string{"No route matches. Show all"}, []string{"/api 20.0"}},
	} {
		statuses := &asked{part: `status=~"(?i:5..)"`}
		f := &fake{alerts: "[]", answer: func(_ int, query string) answer {
			statuses.add(query)
			if strings.Contains(query, statuses.part) {
				return vector(sample{"", map[string]string{"method": "GET", "path": "/second_route", "status": "503"}, "1"})
			}
			return vector(shop()...)
		}}
		page := browse(t, f.serve(t, "")+test.fragment, 1500*time.Millisecond)
		check(t, page.text(t), test.want, test.absent)
		if got := len(statuses.queries()) > 0; got != (test.statuses > 0) {
			t.Errorf("%s: statuses were queried: %v", test.fragment, got)
		}
	}
}

// TestRouteInCommon: the screen of a route says what its failing requests have in common, and which alerts look at it.
func TestRouteInCommon(t *testing.T) {
	f := &fake{
		answer: always(vector(shop()...)),
		alerts: `[{"state":"firing","activeAt":"2020-01-02T00:00:00Z","labels":{"alertname":"TachoErrorRatioHigh","job":"shop","path":"/second_route","severity":"critical"}},
			{"state":"firing","activeAt":"2020-01-02T00:00:00Z","labels":{"alertname":"TachoOther","job":"shop","path":"/api"}}]`,
		ranges: func(query string, end int64) answer {
			if strings.Contains(query, "by (instance, method, status)") {
				return matrix(end, curve{"status", "200", []string{"1", "1"}}, curve{"status", "503", []string{"3", "3"}})
			}
			return matrix(end)
		},
	}
	page := browse(t, f.serve(t, "")+"#open=shop&route=GET+%2Fsecond_route", 2*time.Second)
	check(t, page.text(t), []string{
		"What failing requests have in common", "No version, instance or method stands out.", "status 503 100% 0% overloaded, or not ready",
		"Alerts on this route", "TachoErrorRatioHigh is firing, critical",
	}, []string{"TachoOther", "What slow requests have in common"})
}
