package dash_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestPureModules runs jstest/ in the browser that the page is made for. The
// same files run under node --test jstest/.
func TestPureModules(t *testing.T) {
	tests, err := filepath.Glob("jstest/*.test.js")
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests in jstest: %v", err)
	}
	runner, err := os.ReadFile("jstest/run.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tests {
		if short := strings.TrimSuffix(filepath.Base(name), ".test.js"); !strings.Contains(string(runner), `"`+short+`"`) {
			t.Errorf("jstest/run.html does not run %s", name)
		}
	}
	server := httptest.NewServer(http.FileServer(http.Dir(".")))
	defer server.Close()
	results := items(browse(t, server.URL+"/jstest/run.html", 5*time.Second))
	for _, line := range results {
		if strings.HasPrefix(line, "fail") {
			t.Error(line)
		}
	}
	if len(results) < 2 || results[len(results)-1] != "finished" {
		t.Errorf("the tests did not finish: %q", results)
	}
}

// TestTypes: the types in the modules' comments hold, checked by the TypeScript
// compiler; nothing of it reaches the page.
func TestTypes(t *testing.T) {
	tsc, err := exec.LookPath("tsc")
	if err != nil {
		t.Fatal("tsc is not in PATH: install Debian's package node-typescript (scripts/install-peers does)")
	}
	if out, err := exec.CommandContext(t.Context(), tsc, "-p", "jstest").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// items returns the texts of a dump's list.
func items(d dump) []string {
	var texts []string
	for _, m := range regexp.MustCompile(`(?s)<li>(.*?)</li>`).FindAllStringSubmatch(d.html, -1) {
		texts = append(texts, strings.ReplaceAll(m[1], "&lt;", "<"))
	}
	return texts
}

// TestUse sorts, filters, follows the address, and looks away for a while.
func TestUse(t *testing.T) {
	snapshot := withVersion(always(vector(shop()...)), "1.1.0", 1.7e9-90)
	f := fake{alerts: "[]", answer: func(round int, query string) answer {
		switch {
		case strings.HasPrefix(query, `topk (20, count by (__name__) ({job="shop"}))`):
			return vector(sample{"", map[string]string{"__name__": "orders"}, "30"}, sample{"", map[string]string{"__name__": "waits"}, "90"})
		case strings.Contains(query, `count (count by (kind) ({job="shop",kind!=""}))`):
			return vector(sample{"", nil, "120"}, sample{"kind", nil, "2"})
		}
		return snapshot(round, query)
	}, labels: `["__name__","job","kind"]`, ranges: func(query string, end int64) answer {
		switch query {
		case "orders":
			return matrix(end, curve{"kind", "pen", []string{"1", "2"}}, curve{"kind", "book", []string{"1", "3"}})
		case "waits":
			return matrix(end, curve{"__name__", "x", []string{"1", "2"}})
		}
		return matrix(end)
	}}
	page := browse(t, f.serve(t, "")+"jstest/drive.html", 60*time.Second)
	want := []string{
		"at first: Route, worst first ascending | /second_route /orders /api unmatched | ",
		"click on rate: Rate /s descending | /api /second_route /orders unmatched | #sort=-rate",
		"and again: Rate /s ascending | /orders /second_route /api unmatched | #sort=rate",
		"after two refreshes the focus is on: Rate /s",
		"the row is the same element: true",
		"filter: Rate /s ascending | /orders | #sort=rate&amp;filter=orders",
		`new fragment: p95 descending | /orders /api /second_route unmatched | #sort=-p95 filter is ""`,
		"crosshair in the lanes: 1 in each at 50% with its time",
		"crosshair beside them: 0 in each at % with its time",
		"a click on the axis: 1 in each at 25% with its time pinned",
		"a click on a lane: #open=shop&amp;route=POST+%2Forders",
		"back again: 1 in each at 25% with its time pinned",
		"after Escape: 0 in each at % with its time",
		"a drag over a lane: true #span=… 0",
		"Escape goes back: live",
		"Escape during a drag: 1 0 live",
		"ranges of the version: Since 1.1.0, 1.1.0 against before",
		"since the version: #span=150",
		"against before it: #compare=before&amp;span=90",
		"one query: kind=book, kind=pen |  | #page=explore&amp;span=900&amp;expr=orders",
		"height of its chart: 300 and of the drawing: true",
		`two: A kind=book, A kind=pen, B x | AB | #page=explore&amp;expr=orders&amp;also=["waits"]`,
		`the first hidden: B x | A-B | #page=explore&amp;expr=orders&amp;also=["waits"]&amp;hide=A`,
		"the first removed: x |  | #page=explore&amp;expr=waits",
		"history: waits",
		"cleared:  ",
		"counted before it was asked: 0",
		"counted: Series: 120. Metrics Series Share, waits 90 75.0%, orders 30 25.0%, Label Values, kind 2",
		"rounds while hidden: 0",
		"rounds when seen again: 1",
		"slow rounds in 25 s: 3 at a time: 1",
		"finished",
	}
	compareSteps(t, page, want)
}

// compareSteps compares what a driven page has shown, step by step.
func compareSteps(t *testing.T, page dump, want []string) {
	t.Helper()
	got := items(page)
	for i, w := range want {
		if i >= len(got) || got[i] != w {
			t.Fatalf("step %d: want %q in\n%s\n%s", i, w, strings.Join(got, "\n"), page.console)
		}
	}
}

// TestServiceTable sorts and filters the table of all services, and reads its cells.
func TestServiceTable(t *testing.T) {
	snapshot := always(vector(append(shop(),
		sample{"rate", route("pay", "POST", "/charge"), "12"}, sample{"errors", route("pay", "POST", "/charge"), "0.012"},
		sample{"p50Of", of("pay"), "0.02"}, sample{"p95Of", of("pay"), "0.04"}, sample{"p99Of", of("pay"), "0.2"}, sample{"targets", job("pay"), "3"},
		sample{"rate", route("mail", "GET", "/"), "0"}, sample{"targets", job("mail"), "1"})...))
	var failed atomic.Int64
	f := fake{alerts: "[]", labels: "[]", names: map[string]string{`{job="shop"}`: "sales_total", `{job="pay"}`: "charges_total"}, answer: func(round int, query string) answer {
		switch {
		case strings.Contains(query, "_build_info"):
			return vector(sample{"", map[string]string{"job": "shop", "version": "1.1.0"}, "1699999910"}, sample{"", map[string]string{"job": "pay", "version": "4.8.2"}, "1699990000"})
		case strings.Contains(query, "slo_objective"):
			return vector(sample{"", map[string]string{"method": "POST", "path": "/orders"}, "0.4"}, sample{"", map[string]string{"path": "/api"}, "-0.1"}, sample{"", map[string]string{"method": "GET"}, "0.97"}, sample{"", nil, "0.2"})
		case strings.Contains(query, "slo_error_budget"):
			return vector(sample{"", job("pay"), "0.63"}, sample{"", job("shop"), "-0.2"})
		}
		return snapshot(round, query)
	}, ranges: func(query string, end int64) answer {
		switch {
		case strings.HasPrefix(query, "max by (job, schema)") && failed.Add(1) <= 4:
			return failure(422, "execution", "too many samples")
		case strings.Contains(query, "quantile"):
			return matrix(end, curve{"job", "shop", []string{"0.1", "0.3"}}, curve{"job", "pay", []string{"0.04", "0.04"}})
		}
		return matrix(end, curve{"job", "shop", []string{"20", "1259.5"}}, curve{"job", "pay", []string{"12", "12"}})
	}}
	page := browse(t, f.serve(t, "")+"jstest/drivetable.html", 60*time.Second)
	want := []string{
		"failing shop | 1,260 | 0.08% | 300 ms | 0% | 1.1.0 · 1 min | GET /second_route is failing: 25.0% errors, 1 more",
		"idle mail | 0 | – | – | – | no requests in the window",
		"pay | 12.0 | 0.10% | 40 ms | 63.0% | 4.8.2 · 2 h 46 min",
		"heads: Service, worst first, Rate /s, Rate over time, Errors, Errors over time, p95, Latency, 1 ms to 2 s, Budget left, Instances, Version, Since, why",
		"without its curves: The curves cannot be read: The query failed: too many samples Retry",
		"after Retry: 101",
		"the limit in each row: 90.9% 90.9% 90.9% | p95: 75% 48.5% | before: 60.6% 48.5%",
		"why: GET /second_route is failing: 25.0% errors, 1 more to #show=table&amp;open=shop&amp;route=GET+%2Fsecond_route",
		"at first: Service, worst first ascending | shop mail pay | #show=table",
		"click 1 on Service, worst first: Service ascending | mail pay shop | #sort=service&amp;show=table",
		"click 2 on Service, worst first: Service descending | shop pay mail | #sort=-service&amp;show=table",
		"click 3 on Service, worst first: Service, worst first ascending | shop mail pay | #show=table",
		"click 4 on Service, worst first: Service ascending | mail pay shop | #sort=service&amp;show=table",
		"click 1 on Rate /s: Rate /s descending | shop pay mail | #sort=-rate&amp;show=table",
		"click 2 on Rate /s: Rate /s ascending | mail pay shop | #sort=rate&amp;show=table",
		"click 1 on Errors: Errors descending | pay shop mail | #sort=-errorRatio&amp;show=table",
		"click 1 on p95: p95 descending | shop pay mail | #sort=-p95&amp;show=table",
		"click 1 on Budget left: Budget left ascending | shop pay mail | #sort=budget&amp;show=table",
		"click 1 on Instances: Instances descending | pay shop mail | #sort=-targets&amp;show=table",
		"click 1 on Version: Version descending | shop pay mail | #sort=-version&amp;show=table",
		"click 1 on Since, why: Since, why descending | shop mail pay | #sort=-since&amp;show=table",
		"nothing found: 0 0 No service matches. Show all",
		"all again: shop mail pay",
		"an address: p95 descending | shop pay mail | #show=table&amp;sort=-p95",
		"its routes: p95 descending",
		"their budgets: POST /orders 40.0% #page=slos&amp;filter=POST+%2Forders, GET /api 0% #page=slos&amp;filter=%2Fapi, GET /second_route 97.0% #page=slos&amp;filter=GET, GET unmatched 97.0% #page=slos&amp;filter=GET",
		"routes have no versions: Route, worst first ascending",
		"Explore of a service: shop | sales_total | #page=explore&amp;open=shop",
		"of another: pay | charges_total | #page=explore&amp;open=pay",
		"of all: All services | orders_total | #page=explore&amp;open=-",
		"finished",
	}
	compareSteps(t, page, want)
}
