package dash_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
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
	got := items(page)
	for i, w := range want {
		if i >= len(got) || got[i] != w {
			t.Fatalf("step %d: want %q in\n%s\n%s", i, w, strings.Join(got, "\n"), page.console)
		}
	}
}
