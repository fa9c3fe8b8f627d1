package dash_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/scrapeerror"
)

var update = flag.Bool("update", false, "write the generated modules anew")

// TestCauses: the page and its tests have the table and the texts of package scrapeerror.
func TestCauses(t *testing.T) {
	for file, want := range map[string]string{
		"static/causes.js":     scrapeerror.Module(),
		"jstest/causecases.js": causeCases(t),
	} {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is not what internal/scrapeerror has: run go test ./dash -run TestCauses -update", file)
		}
	}
}

// causeCases are the test cases of package scrapeerror with its texts, as a module. Cases
// that need more than Prometheus's error are left out.
func causeCases(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../internal/scrapeerror/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Error, URL, Final string
		Timeout                 float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("// Code generated from internal/scrapeerror/cases.json by go test ./dash -run TestCauses -update; DO NOT EDIT.\n\nexport const causeCases = [\n")
	for _, c := range cases {
		e := scrapeerror.Explain(c.Error, scrapeerror.Target{URL: c.URL, Timeout: time.Duration(c.Timeout * float64(time.Second))})
		if c.Final != "" || e.What(scrapeerror.English) == c.Error {
			continue
		}
		texts := map[scrapeerror.Setting][]string{}
		for _, s := range []scrapeerror.Setting{scrapeerror.Config, scrapeerror.Arguments} {
			texts[s] = []string{e.Text(s, scrapeerror.English), e.Text(s, scrapeerror.Chinese)}
		}
		line, err := json.Marshal(map[string]any{"name": c.Name, "error": c.Error, "url": c.URL, "timeout": c.Timeout, "cause": e.Cause, "texts": texts})
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("  " + string(line) + ",\n")
	}
	return b.String() + "];\n"
}

// TestAdviceFitsTheReader: in both languages, advice differs between
// targets given as arguments and targets of a prometheus.yml; after a redirect it names the
// machine that failed.
func TestAdviceFitsTheReader(t *testing.T) {
	const targets = `[
		{"labels":{"job":"shop","instance":"10.0.0.1:80"},"scrapeUrl":"http://10.0.0.1:80/m","health":"down","lastError":"server returned HTTP status 404 Not Found"},
		{"labels":{"job":"shop","instance":"10.0.0.2:80"},"scrapeUrl":"http://10.0.0.2:80/m","health":"down","lastError":"Get \"http://sso:99/x\": dial tcp 10.0.0.9:99: connect: connection refused"}]`
	for _, test := range []struct {
		name, fragment string
		arguments      bool
		want, absent   []string
	}{
		{"typed", "#page=targets", true, []string{"Name the path of the metrics after 10.0.0.1:80", "It redirects to http://sso:99/x. Nothing listens on port 99 of sso"}, []string{"metrics_path"}},
		{"a file", "#page=targets", false, []string{"Set metrics_path"}, nil},
		{"a file, in Chinese", "#page=targets&lang=zh-CN", false, []string{"请将 metrics_path 设为指标的路径", "目标重定向到 http://sso:99/x。sso 的端口 99 没有程序监听"}, nil},
		{"typed, in Chinese", "#page=targets&lang=zh-CN", true, []string{"请在 10.0.0.1:80 之后写明指标的路径"}, []string{"metrics_path"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := fake{targets: targets, alerts: "[]", arguments: test.arguments, answer: always(vector(
				sample{"rate", route("shop", "GET", "/"), "1"}, sample{"targets", job("shop"), "2"},
				sample{"down", map[string]string{"job": "shop", "instance": "10.0.0.1:80"}, "0"}, sample{"down", map[string]string{"job": "shop", "instance": "10.0.0.2:80"}, "0"}))}
			check(t, browse(t, f.serve(t, "")+test.fragment, 1500*time.Millisecond).text(t), test.want, test.absent)
		})
	}
}
