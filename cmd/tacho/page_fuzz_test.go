package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chromedp/chromedp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tacho-go/tacho/dash"
)

// FuzzPageQueries: whatever a service writes into its labels, the page's queries are
// PromQL, and look for exactly that: no label gets out of its quotes.
func FuzzPageQueries(f *testing.F) {
	for _, s := range []string{
		"shop", `"`, `\`, `\\"`, "a\nb\r\t", `"} or vector(1) #`, "{{.}}", "$1${1}", "<img src=x onerror=alert(1)>", "\u202egnp.exe", "\x00\u2028\u2029\x7f", "مرحبا😀",
		strings.Repeat("x", 5000), "", "`", "a.b|c*(d)[e]{f}^$+?", "%s%d", "__proto__",
	} {
		f.Add(s, "GET", s)
		f.Add("shop", s, "/"+s)
	}
	build := pageBuilder(f)
	p := parser.NewParser(parser.Options{})
	f.Fuzz(func(t *testing.T, job, method, path string) {
		if !utf8.ValidString(job + method + path) {
			t.Skip("Prometheus refuses labels that are not UTF-8")
		}
		for _, q := range build(t, job, method, path) {
			expr, err := p.ParseExpr(q.text)
			if err != nil {
				t.Errorf("%s is no PromQL: %v\n%s", q.what, err, q.text)
				continue
			}
			checkMatchers(t, q.what, expr, job, method, path)
		}
	})
}

// A built query is one of the page's.
type built struct{ what, text string }

// pageBuilder opens the page's modules in Chromium and returns what builds its queries.
func pageBuilder(f testing.TB) func(t *testing.T, job, method, path string) []built {
	f.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		f.Fatal("chromium is missing: install the Debian package chromium")
	}
	mux := http.NewServeMux()
	mux.Handle("/", dash.Handler(dash.Options{}))
	mux.Handle("/build.html", http.StripPrefix("/", http.FileServer(http.Dir("../../dash/jstest"))))
	server := httptest.NewServer(mux)
	f.Cleanup(server.Close)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox)...)
	f.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	f.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/build.html")); err != nil {
		f.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](`typeof window.build === "function"`)); err != nil {
		f.Fatalf("the page's modules do not load: %v", err)
	}
	return func(t *testing.T, job, method, path string) (all []built) {
		t.Helper()
		subject, err := json.Marshal(map[string]string{"job": job, "method": method, "path": path})
		if err != nil {
			t.Fatal(err)
		}
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf("JSON.stringify(window.build(%s))", subject)))
		if err != nil {
			t.Fatal(err)
		}
		var pairs [][2]string
		if err := json.Unmarshal([]byte(text), &pairs); err != nil {
			t.Fatal(err)
		}
		for _, pair := range pairs {
			all = append(all, built{pair[0], pair[1]})
		}
		if len(all) < 100 {
			t.Fatalf("only %d queries are built", len(all))
		}
		return all
	}
}

// checkMatchers finds the job in every selector, and no method or path but the given ones.
func checkMatchers(t *testing.T, what string, expr parser.Expr, job, method, path string) {
	t.Helper()
	// The labels of RPCs hold the path as a whole, or its service and its method.
	rpc := []string{path, strings.TrimPrefix(path, "/")}
	if last := strings.LastIndex(path, "/"); last > 0 {
		rpc = append(rpc, path[1:last], path[last+1:])
	}
	ours := map[string][]string{
		"grpc_service": rpc, "grpc_method": rpc, "rpc_service": rpc, "rpc_method": rpc, "operation": rpc,
		"job": {job}, "method": append([]string{method, strings.ToLower(method)}, rpc...), "path": {path}, "http_request_method": {method}, "http_route": {path}, "url": {path}, "url_rule": {path}, "uri": {path}, "handler": {path},
	}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		s, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		found := false
		for _, m := range s.LabelMatchers {
			found = found || m.Name == "job"
			switch {
			case m.Name == "job" && m.Type == labels.MatchRegexp: // of notes: this service's, or nobody's
				if !m.Matches(job) || !m.Matches("") || m.Matches(job+"x") {
					t.Errorf("%s: %s is not %q or nothing", what, m, job)
				}
			case m.Type == labels.MatchEqual && ours[m.Name] != nil && !slices.Contains(ours[m.Name], m.Value):
				t.Errorf("%s: %s, want %q", what, m, ours[m.Name])
			}
		}
		if !found {
			t.Errorf("%s: %s is of every service", what, s)
		}
		return nil
	})
}
