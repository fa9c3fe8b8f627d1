package rules_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/schema"
)

const pages = "../../docs/alerts"

func defaults(t *testing.T) []rulefmt.Rule {
	t.Helper()
	all := slices.Concat(rules.Recording(rules.Options{}).Rules, rules.Alerts(rules.Options{}).Rules)
	if len(all) < 20 {
		t.Fatalf("only %d rules", len(all))
	}
	return all
}

// templates are what Prometheus fills in.
var templates = regexp.MustCompile(`{{.*?}}`)

// templatesIn lists the templates of a text, which may be in another order in another language.
func templatesIn(text string) []string {
	all := templates.FindAllString(strings.ReplaceAll(text, `"text_zh"`, `"text"`), -1)
	slices.Sort(all)
	return all
}

// TestEveryAlert has a severity, texts for people, and a page with the
// sections that a person on call looks for; every page belongs to an alert.
func TestEveryAlert(t *testing.T) {
	var names []string
	for _, r := range rules.Alerts(rules.Options{}).Rules {
		names = append(names, r.Alert)
		if s := r.Labels["severity"]; s != rules.Critical && s != rules.Warning {
			t.Errorf("%s has the severity %q", r.Alert, s)
		}
		for _, text := range []string{"summary", "description"} {
			if a := r.Annotations[text]; !strings.HasSuffix(a, ".") || !strings.Contains(a, "{{ $labels.") {
				t.Errorf("%s: its %s is no sentence that names what it is about: %q", r.Alert, text, a)
			}
		}
		for _, text := range []string{"summary", "description"} {
			a := r.Annotations[text+"_zh"]
			if !strings.HasSuffix(a, "。") || !slices.Equal(templatesIn(a), templatesIn(r.Annotations[text])) {
				t.Errorf("%s: its Chinese %s is no sentence with the values of the English one: %q", r.Alert, text, a)
			}
			if wrong := regexp.MustCompile(`[,;:!?]|\p{Han}[.]|[0-9}] %|[0-9] +[秒分小]`).FindString(templates.ReplaceAllString(a, "}")); wrong != "" {
				t.Errorf("%s: its Chinese %s has %q: use full-width punctuation, and no space before %%, 秒 or 分钟: %q", r.Alert, text, wrong, a)
			}
		}
		if want := "docs/alerts/" + r.Alert + ".md"; r.Annotations["runbook_url"] != want {
			t.Errorf("%s: its page is %q, want %q", r.Alert, r.Annotations["runbook_url"], want)
		}
		checkPage(t, r)
	}
	files, err := filepath.Glob(filepath.Join(pages, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		// Those of package slo are tested there.
		if name := strings.TrimSuffix(filepath.Base(f), ".md"); !slices.Contains(names, name) && !strings.HasPrefix(name, "TachoSLO") {
			t.Errorf("%s belongs to no alert", f)
		}
	}
}

func checkPage(t *testing.T, r rulefmt.Rule) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(pages, r.Alert+".md"))
	if err != nil {
		t.Errorf("%s has no page: %v", r.Alert, err)
		return
	}
	for _, want := range []string{
		"# " + r.Alert + "\n", "Severity: " + r.Labels["severity"] + ".",
		"\n## Why it matters\n", "\n## How to look\n", "\n## How to fix\n", "\n## How to tune\n",
		`alertname="` + r.Alert + `"`,
	} {
		if !strings.Contains(strings.ReplaceAll(string(page), ". Severity", ".\nSeverity"), want) {
			t.Errorf("the page of %s lacks %q", r.Alert, want)
		}
	}
	checkQueries(t, r.Alert, string(page))
	checkChinese(t, r, string(page))
}

// checkChinese: the Chinese half of a page has the sections of the English one,
// and the same commands.
func checkChinese(t *testing.T, r rulefmt.Rule, page string) {
	t.Helper()
	english, chinese, found := strings.Cut(page, "\n## 中文\n")
	if !found || !strings.HasPrefix(english, "# "+r.Alert+"\n\n[中文](#中文)\n") {
		t.Errorf("the page of %s has no Chinese half, or no link to it", r.Alert)
	}
	for _, want := range []string{
		"严重级别：" + r.Labels["severity"] + "。",
		"\n### 影响\n", "\n### 排查\n", "\n### 处理方法\n", "\n### 调整\n",
		`alertname="` + r.Alert + `"`,
	} {
		if !strings.Contains(chinese, want) {
			t.Errorf("the Chinese half of the page of %s lacks %q", r.Alert, want)
		}
	}
	code := regexp.MustCompile("(?s)```[a-z]+\n.*?```")
	if !slices.Equal(code.FindAllString(english, -1), code.FindAllString(chinese, -1)) {
		t.Errorf("the code of both halves of the page of %s differs", r.Alert)
	}
}

// checkQueries: what a page tells to ask Prometheus can be asked.
func checkQueries(t *testing.T, alert, page string) {
	t.Helper()
	for _, block := range regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(page, -1) {
		for line := range strings.Lines(block[1]) {
			if _, err := parser.NewParser(parser.Options{}).ParseExpr(line); err != nil {
				t.Errorf("the page of %s: %s%v", alert, line, err)
			}
		}
	}
}

// TestRunbookURL: the pages may be served elsewhere.
func TestRunbookURL(t *testing.T) {
	got := rules.Alerts(demo).Rules[0].Annotations["runbook_url"]
	if want := "http://127.0.0.1:9600/alerts/TachoErrorRatioHigh.md"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestEverySelectorNamesItsMetric: a schema that nobody speaks costs a look-up
// of a name in the index, which finds nothing. Micrometer's gauge has one of
// three names.
func TestEverySelectorNamesItsMetric(t *testing.T) {
	p := parser.NewParser(parser.Options{})
	for _, r := range defaults(t) {
		expr, err := p.ParseExpr(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
			if s, ok := n.(*parser.VectorSelector); ok && s.Name == "" && r.Labels["schema"] != schema.Micrometer().Name {
				t.Errorf("%s reads metrics of any name: %s", r.Record+r.Alert, s)
			}
			return nil
		})
	}
}

// TestAlertsReadWhatIsRecorded: an alert on a recorded metric asks for one
// that a rule writes.
func TestAlertsReadWhatIsRecorded(t *testing.T) {
	written := map[string]bool{}
	for _, r := range rules.Recording(rules.Options{}).Rules {
		written[r.Record] = true
	}
	read := 0
	for _, r := range rules.Alerts(rules.Options{}).Rules {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		for _, selector := range parser.ExtractSelectors(expr) {
			name := nameOf(selector)
			if !strings.HasPrefix(name, "tacho:") {
				continue
			}
			if read++; !written[name] {
				t.Errorf("%s reads %s, which no rule writes", r.Alert, name)
			}
		}
	}
	if read == 0 {
		t.Error("no alert reads a recorded metric")
	}
}

// TestPageReadsWhatIsRecorded: every recorded metric in the page's queries is
// one that a rule writes, and every one that only the page can want is read.
func TestPageReadsWhatIsRecorded(t *testing.T) {
	queries := read(t, "../../dash/static/queries.js")
	asked := regexp.MustCompile(`tacho:\w+:\w+`).FindAllString(queries, -1)
	var written []string
	for _, r := range rules.Recording(rules.Options{}).Rules {
		written = append(written, r.Record)
	}
	for _, name := range asked {
		if !slices.Contains(written, name) {
			t.Errorf("the page reads %s, which no rule writes", name)
		}
	}
	for _, name := range []string{rules.Quantiles, rules.JobQuantiles, rules.JobBuckets, rules.Seconds, rules.InFlight} {
		if !slices.Contains(asked, name) {
			t.Errorf("%s is recorded for the page, which does not read it", name)
		}
	}
}

// TestPageReadsTheInterval: of the rules that the page asks for by group and name there is
// one, in the group whose interval it wants to know.
func TestPageReadsTheInterval(t *testing.T) {
	main := read(t, "../../dash/static/main.js")
	asked := regexp.MustCompile(`"rule_group\[\]": "([^"]+)", "rule_name\[\]": "([^"]+)"`).FindStringSubmatch(main)
	if asked == nil {
		t.Fatal("main.js asks for no rule by group and name")
	}
	group := rules.Recording(rules.Options{})
	named := slices.DeleteFunc(slices.Clone(group.Rules), func(r rulefmt.Rule) bool { return r.Record != asked[2] })
	if group.Name != asked[1] || len(named) != 1 || !strings.Contains(main, `g.name === "`+asked[1]+`"`) {
		t.Errorf("the page asks for %q of %q: %d of the rules in %q have that name, want one", asked[2], asked[1], len(named), group.Name)
	}
}

func nameOf(selector []*labels.Matcher) string {
	for _, m := range selector {
		if m.Name == model.MetricNameLabel {
			return m.Value
		}
	}
	return ""
}

// TestOldPrometheus: nothing is written that Prometheus 2.42 does not know.
func TestOldPrometheus(t *testing.T) {
	file, err := rules.YAML(rules.Recording(rules.Options{}), rules.Alerts(rules.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"query_offset:", "\n    labels:", "limit:"} {
		if strings.Contains(string(file), field) {
			t.Errorf("the file has the field %q of a newer Prometheus", field)
		}
	}
}

// TestBadOptions: options that make no rule are an error that says why.
func TestBadOptions(t *testing.T) {
	for name, o := range map[string]rules.Options{
		"a negative window":                     {Window: -time.Second},
		"a schema with an impossible name":      {Schemas: []schema.Schema{{Name: "x", InFlight: schema.Family{Name: "in flight", Kind: schema.Gauge}}}},
		"a schema with an impossible label too": {Schemas: []schema.Schema{{Name: "x", Duration: schema.Family{Name: "x", Kind: schema.Histogram, Labels: []schema.LabelName{{Name: "a-b", Value: schema.Route}}}}}},
	} {
		if _, err := rules.YAML(rules.Recording(o), rules.Alerts(o)); err == nil || !strings.Contains(err.Error(), "rules") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNoSchemas: an empty list is no schema, not all of them.
func TestNoSchemas(t *testing.T) {
	o := rules.Options{Schemas: []schema.Schema{}}
	for _, r := range slices.Concat(rules.Recording(o).Rules, rules.Alerts(o).Rules) {
		if strings.Contains(r.Expr, "http_request_duration_seconds_count") || r.Alert == "TachoPanics" {
			t.Errorf("a rule without a schema: %s", r.Expr)
		}
	}
	if _, err := rules.YAML(rules.Recording(o), rules.Alerts(o)); err != nil {
		t.Error(err)
	}
}
