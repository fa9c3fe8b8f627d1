package slo_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tacho-go/tacho/gen/slo"
)

// TestEveryAlert has texts in both languages and a page with the sections of the others; every page of an
// alert on SLOs belongs to one.
func TestEveryAlert(t *testing.T) {
	groups, err := slo.Rules(one, parse(t, short...)...)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, g := range groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			names[r.Alert] = true
			for _, text := range []string{"summary", "description"} {
				english, chinese := r.Annotations[text], r.Annotations[text+"_zh"]
				if !strings.HasSuffix(english, ".") || !strings.HasSuffix(chinese, "。") || !slices.Equal(templates(english), templates(chinese)) {
					t.Errorf("%s: its %s differs: %q, %q", r.Alert, text, english, chinese)
				}
			}
			if r.Labels["severity"] != "critical" && r.Labels["severity"] != "warning" {
				t.Errorf("%s has the severity %q", r.Alert, r.Labels["severity"])
			}
			if want := "docs/alerts/" + r.Alert + ".md"; r.Annotations["runbook_url"] != want {
				t.Errorf("%s: its page is %q", r.Alert, r.Annotations["runbook_url"])
			}
		}
	}
	files, _ := filepath.Glob("../../docs/alerts/TachoSLO*.md")
	if len(files) != len(names) {
		t.Errorf("%v are the pages of %v", files, names)
	}
	for _, f := range files {
		checkPage(t, f, names)
	}
}

var templated = regexp.MustCompile(`{{.*?}}`)

func templates(text string) []string {
	all := templated.FindAllString(text, -1)
	slices.Sort(all)
	return all
}

func checkPage(t *testing.T, file string, names map[string]bool) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSuffix(filepath.Base(file), ".md")
	english, chinese, _ := strings.Cut(string(text), "\n## 中文\n")
	for _, want := range []string{"\n## Why it matters\n", "\n## How to look\n", "\n## How to fix\n", "\n## How to tune\n", "\n## When it stays silent\n", `alertname="` + name + `"`} {
		if !strings.Contains(english, want) || !names[name] {
			t.Errorf("%s lacks %q, or belongs to no alert", file, want)
		}
	}
	for _, want := range []string{"\n### 影响\n", "\n### 排查\n", "\n### 处理方法\n", "\n### 调整\n", "\n### 不会触发的情况\n", `alertname="` + name + `"`} {
		if !strings.Contains(chinese, want) {
			t.Errorf("the Chinese half of %s lacks %q", file, want)
		}
	}
	code := regexp.MustCompile("(?s)```[a-z]+\n(.*?)```")
	if !slices.Equal(code.FindAllString(english, -1), code.FindAllString(chinese, -1)) {
		t.Errorf("the code of both halves of %s differs", file)
	}
	for _, block := range code.FindAllStringSubmatch(english, -1) {
		for line := range strings.Lines(block[1]) {
			if _, err := parser.NewParser(parser.Options{}).ParseExpr(line); err != nil {
				t.Errorf("%s: %s%v", file, line, err)
			}
		}
	}
}
