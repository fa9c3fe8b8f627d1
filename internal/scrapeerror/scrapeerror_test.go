package scrapeerror

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCases reads the cases that the page's own reader is held to as well, see
// dash/jstest/targets.test.js.
func TestCases(t *testing.T) {
	for _, c := range cases(t) {
		e := Explain(c.Error, Target{URL: c.URL, Final: c.Final, Timeout: time.Duration(c.Timeout * float64(time.Second))})
		if e.Cause != c.Cause {
			t.Errorf("%s: the cause is %q, want %q", c.Name, e.Cause, c.Cause)
		}
		if what := e.What(English); !strings.Contains(what, c.Says) || c.Not != "" && strings.Contains(what, c.Not) {
			t.Errorf("%s: %q, want %q in it and not %q", c.Name, what, c.Says, c.Not)
		}
	}
}

type testCase struct {
	Name, Error, URL, Final, Cause, Says, Not string
	Timeout                                   float64
}

func cases(t *testing.T) (all []testCase) {
	t.Helper()
	text, err := os.ReadFile("cases.json")
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestTable: every cause has an example that is taken for it, is met by a case, and has
// texts in both languages for everyone who could read them, with words that are filled in.
func TestTable(t *testing.T) {
	all := cases(t)
	for _, c := range table() {
		if e := Explain(c.Example, Target{URL: "http://HOST:80/PATH"}); c.Match != "" && e.Cause != c.Name {
			t.Errorf("%s: its example is taken for %q", c.Name, e.Cause)
		}
		if c.Match != "" && !slices.ContainsFunc(all, func(k testCase) bool { return k.Cause == c.Name }) {
			t.Errorf("%s: no case of cases.json meets it", c.Name)
		}
		e := Of(c.Name, c.Example, Target{URL: "http://shop:80/m", Timeout: time.Second})
		for _, text := range []string{
			e.What(English), e.What(Chinese), e.Fix(Config, English), e.Fix(Config, Chinese),
			e.Fix(Arguments, English), e.Fix(Arguments, Chinese), e.Fix(Once, English),
		} {
			if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "。") {
				t.Errorf("%s: %q is no sentence", c.Name, text)
			}
		}
		for _, m := range word.FindAllStringSubmatch(string(mustJSON(c)), -1) {
			if _, known := e.values[m[1]]; !known {
				t.Errorf("%s: nothing fills in %s", c.Name, m[0])
			}
		}
	}
}

// TestAdviceFitsTheReader: who has typed arguments is not told to change a key of a file
// that is not there, unless to write that file.
func TestAdviceFitsTheReader(t *testing.T) {
	keys := regexp.MustCompile(`metrics_path|scheme|scrape_interval|scrape_timeout|fallback_scrape_protocol|follow_redirects|proxy_url|server_name|ca_file|cert_file|basic_auth`)
	for _, c := range table() {
		e := Of(c.Name, c.Example, Target{URL: "http://shop:80/m"})
		for _, s := range []Setting{Arguments, Once} {
			for language := range 2 {
				text := e.Fix(s, language)
				if key := keys.FindString(text); key != "" && !strings.Contains(text, "prometheus.yml") {
					t.Errorf("%s, %s: %q names the key %s of a file", c.Name, s, text, key)
				}
			}
		}
	}
}

// TestNoPassword: an explanation never repeats the password of a URL.
func TestNoPassword(t *testing.T) {
	for _, c := range table() {
		e := Of(c.Name, c.Example, Target{URL: "http://ann:secret@shop/m", Final: "http://bob:secret@shop/n"})
		if text := e.Text(Once, English); strings.Contains(text, "secret") {
			t.Errorf("%s: %q", c.Name, text)
		}
	}
}

// TestChineseFollowsEnglish: the texts of both languages have the same words to fill in.
func TestChineseFollowsEnglish(t *testing.T) {
	words := func(text string) (all []string) {
		for _, m := range word.FindAllStringSubmatch(text, -1) {
			all = append(all, m[1])
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	for _, c := range table() {
		for _, texts := range append([][]string{c.What}, c.Fix[Config], c.Fix[Arguments], c.Fix[anywhere]) {
			if len(texts) > 0 && !slices.Equal(words(texts[English]), words(texts[Chinese])) {
				t.Errorf("%s: %q and %q have other words", c.Name, texts[English], texts[Chinese])
			}
		}
	}
}

func mustJSON(c cause) []byte {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return text
}

var update = flag.Bool("update", false, "write the table of the alert's page anew")

// heads are the first lines of the table in each language.
var heads = []string{
	English: "| the error has | what is wrong | how to fix it |\n|---|---|---|\n",
	Chinese: "| 错误信息包含 | 问题 | 处理方法 |\n|---|---|---|\n",
}

// TestAlertPage: the page of the alert has the table in both languages, for
// those who have Prometheus's error and nothing else.
func TestAlertPage(t *testing.T) {
	const file = "../../docs/alerts/TachoScrapeFailing.md"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := string(page)
	for language, head := range heads {
		before, rest, found := strings.Cut(want, head)
		_, after, ends := strings.Cut(rest, "\n\n")
		if !found || !ends {
			t.Fatalf("%s has no table %q", file, head)
		}
		want = before + head + strings.TrimSuffix(rows(language), "\n") + "\n\n" + after
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(page) != want {
		t.Errorf("%s is not what causes.json has: run go test ./internal/scrapeerror -run TestAlertPage -update", file)
	}
}

// rows are the table for a target http://shop:8080/metrics in a prometheus.yml.
func rows(language int) string {
	var b strings.Builder
	for _, c := range table() {
		if c.Match == "" {
			continue
		}
		e := Explain(c.Example, Target{URL: "http://shop:8080/metrics"})
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.NewReplacer("|", "\\|", "`", "'").Replace(c.Example), e.What(language), e.Fix(Config, language))
	}
	return b.String()
}
