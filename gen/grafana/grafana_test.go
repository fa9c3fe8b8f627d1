//lint:file-ignore SA1019 the SDK prefers its types for V2; classic JSON imports into every Grafana, see docs/design/016

package grafana_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tacho-go/tacho/gen/grafana"
	"github.com/tacho-go/tacho/gen/live"
	"github.com/tacho-go/tacho/gen/output"
	"github.com/tacho-go/tacho/internal/testfile"
	"github.com/tacho-go/tacho/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// registry is a service with metrics of every kind.
var registry = live.Registry{
	{Name: "http_requests_total", Kind: schema.Counter, Labels: []string{"method", "path", "status"}, Series: 2},
	{Name: "http_request_duration_seconds", Kind: schema.Histogram, Labels: []string{"method", "path", "status"}, Series: 9, Native: true},
	{Name: "go_goroutines", Kind: schema.Gauge, Series: 1},
	{Name: "orders_total", Kind: schema.Counter, Help: "Orders placed.", Labels: []string{"kind"}, Series: 2},
	{Name: "basket_value_ratio", Kind: schema.Histogram, Series: 4, Classic: true},
	{Name: "stock", Kind: schema.Gauge, Help: "Items in stock.", Labels: []string{"item"}, Series: 3},
	{Name: "import_seconds", Kind: schema.Summary, Help: "Imports.", Series: 2},
	{Name: "shop_info", Kind: schema.Gauge, Series: 1},
	{Name: "tacho_multiproc_workers", Kind: schema.Gauge, Labels: []string{"state"}, Series: 1},
}

// everything are the options of dashboards of every schema, in every form of histogram, and of a service.
func everything() map[string]grafana.Options {
	all := map[string]grafana.Options{"live": {Schema: registry.Schemas()[0], Live: registry}}
	for _, s := range schema.Known() {
		for _, form := range []grafana.Histograms{grafana.Both, grafana.Classic, grafana.Native} {
			all[s.Name+" "+string(form)] = grafana.Options{Schema: s, Histograms: form}
		}
	}
	return all
}

func dashboards(t *testing.T, o grafana.Options, names ...string) []output.File {
	t.Helper()
	files, err := grafana.Dashboards(o, names...)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestDashboards: every dashboard decodes strictly, is valid, and follows the rules of Grafana's linter:
// see check.
func TestDashboards(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	for name, o := range everything() {
		files := dashboards(t, o)
		if len(files) < 4 {
			t.Errorf("%s: only %d dashboards", name, len(files))
		}
		ids := map[string]bool{}
		for _, f := range files {
			var d dashboard.Dashboard
			if problems := decode(&d, f.Content); problems != "" {
				t.Errorf("%s: %s: %s", name, f.Name, problems)
				continue
			}
			if err := d.Validate(); err != nil {
				t.Errorf("%s: %s: %v", name, f.Name, err)
			}
			if ids[*d.Uid] || len(*d.Uid) > 40 {
				t.Errorf("%s: %s: its UID %s is not its own, or too long", name, f.Name, *d.Uid)
			}
			ids[*d.Uid] = true
			check(t, name+": "+f.Name, d)
		}
	}
}

// TestStrict: the decoder that the test above relies on refuses a field that Grafana does not have.
func TestStrict(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	text := dashboards(t, grafana.Options{}, "overview")[0].Content
	var d dashboard.Dashboard
	if problems := decode(&d, bytes.Replace(text, []byte(`"legendFormat"`), []byte(`"legend"`), 1)); !strings.Contains(problems, "legend") {
		t.Errorf("a query with the unknown field legend is accepted: %q", problems)
	}
}

// decode returns what the strict decoder objects to. Its error is never nil, but without a text if there is
// nothing; and then the panels are missing, so that they are decoded again.
func decode(d *dashboard.Dashboard, text []byte) string {
	if err := d.UnmarshalJSONStrict(text); err != nil && err.Error() != "" {
		return err.Error()
	}
	if err := json.Unmarshal(text, d); err != nil {
		return err.Error()
	}
	return ""
}

func check(t *testing.T, name string, d dashboard.Dashboard) {
	t.Helper()
	if *d.Editable || d.SchemaVersion != 42 {
		t.Errorf("%s: editable, or of the schema version %d", name, d.SchemaVersion)
	}
	variables := []string{}
	for _, v := range d.Templating.List {
		variables = append(variables, v.Name)
		if v.Type != dashboard.VariableTypeQuery {
			continue
		}
		if !*v.Multi || !*v.IncludeAll || *v.AllValue != ".+" && *v.AllValue != ".*" ||
			*v.Refresh != dashboard.VariableRefreshOnTimeRangeChanged || *v.Datasource.Uid != "${datasource}" {
			t.Errorf("%s: the variable %s does not select several or all, or is not read again", name, v.Name)
		}
		of, _, ok := strings.Cut(strings.TrimPrefix(*v.Query.String, "label_values("), ", "+labelAtEnd(*v.Query.String)+")")
		if !ok {
			t.Errorf("%s: the variable %s has the query %s", name, v.Name, *v.Query.String)
		}
		parse(t, name+": variable "+v.Name, of)
	}
	if variables[0] != "datasource" || !slices.Contains(variables, "job") || !slices.Contains(variables, "instance") {
		t.Errorf("%s has the variables %q", name, variables)
	}
	if len(d.Links) == 0 || !d.Links[0].IncludeVars {
		t.Errorf("%s has no link to the other dashboards that keeps the variables", name)
	}
	if len(d.Panels) == 0 {
		t.Errorf("%s has no panel", name)
	}
	for _, p := range d.Panels {
		checkPanel(t, name+": "+*p.Panel.Title, p.Panel)
	}
}

var lastLabel = regexp.MustCompile(`, (\w+)\)$`)

func labelAtEnd(query string) string {
	if m := lastLabel.FindStringSubmatch(query); m != nil {
		return m[1]
	}
	return ""
}

func checkPanel(t *testing.T, name string, p *dashboard.Panel) {
	t.Helper()
	if p.Title == nil || *p.Title == "" || p.Description == nil || *p.Description == "" {
		t.Errorf("%s: no title or description", name)
	}
	if p.FieldConfig == nil || p.FieldConfig.Defaults.Unit == nil || *p.FieldConfig.Defaults.Unit == "" {
		t.Errorf("%s: no unit", name)
	}
	if *p.Datasource.Uid != "${datasource}" || len(p.Targets) == 0 || p.Id == nil {
		t.Errorf("%s: another data source than the variable, no query, or no ID", name)
	}
	for _, target := range p.Targets {
		q, ok := target.(*prometheus.Dataquery)
		if !ok {
			q2, isValue := target.(prometheus.Dataquery)
			if q = &q2; !isValue {
				t.Fatalf("%s: the query is a %T", name, target)
			}
		}
		checkQuery(t, name, q.Expr)
	}
}

// checkQuery: valid PromQL in which every selector has both matchers, every range is Grafana's, and no
// counter is shown as it is.
func checkQuery(t *testing.T, name, expr string) {
	t.Helper()
	for _, selector := range regexp.MustCompile(`\{[^{}]*\}`).FindAllString(strings.ReplaceAll(expr, "${errors:raw}", "5.."), -1) {
		if !strings.Contains(selector, `job=~"$job",instance=~"$instance"`) {
			t.Errorf("%s: %s lacks a matcher of the variables", name, selector)
		}
	}
	for _, window := range regexp.MustCompile(`\[[^]"]*\]`).FindAllString(expr, -1) {
		if window != "[$__rate_interval]" {
			t.Errorf("%s: the range %s is fixed", name, window)
		}
	}
	counter := regexp.MustCompile(`(?:^|[^\w])(\w+(?:_total|_bucket|_sum|_count))\{[^{}]*\}(?:[^\[]|$)`)
	for _, m := range counter.FindAllStringSubmatch(strings.ReplaceAll(expr, "${errors:raw}", "5.."), -1) {
		gauge := slices.Contains([]string{"http_requests_in_progress_total", "nodejs_active_handles_total"}, m[1])
		if !gauge && !regexp.MustCompile(`unless on \([a-z, ]+\) `+m[1]).MatchString(expr) {
			t.Errorf("%s: the counter %s is shown as it is: %s", name, m[1], expr)
		}
	}
	parse(t, name, expr)
}

func parse(t *testing.T, name, expr string) {
	t.Helper()
	filled := strings.NewReplacer("$__rate_interval", "1m", "${errors:raw}", "5..").Replace(expr)
	if _, err := parser.NewParser(parser.Options{}).ParseExpr(filled); err != nil {
		t.Errorf("%s: %v\n%s", name, err, expr)
	}
}

// TestLive: of a service there are only panels of what it has, and one for each metric of its own.
func TestLive(t *testing.T) {
	text := map[string]string{}
	for _, f := range dashboards(t, grafana.Options{Schema: registry.Schemas()[0], Live: registry}) {
		text[f.Name] = string(f.Content)
	}
	for file, want := range map[string][]string{
		"own-default.json":       {"sum by (kind) (rate(orders_total{", `"Orders placed."`, "sum by (item) (stock{", "basket_value_ratio_bucket", "import_seconds_sum"},
		"runtime-default.json":   {"go_goroutines"},
		"processes-default.json": {"tacho_multiproc_workers"},
		"overview-default.json":  {"histogram_quantile(0.95, sum(rate(http_request_duration_seconds{"},
	} {
		for _, w := range want {
			if !strings.Contains(text[file], strings.ReplaceAll(w, `"`, `"`)) {
				t.Errorf("%s lacks %s", file, w)
			}
		}
	}
	for file, refused := range map[string]string{
		"own-default.json": "shop_info", "runtime-default.json": "process_cpu", "overview-default.json": "in_flight", "route-default.json": "_bucket",
	} {
		if strings.Contains(text[file], refused) {
			t.Errorf("%s has %s", file, refused)
		}
	}
}

// TestGolden: the dashboards of the default schema are reviewed as text, and of all others, their queries.
func TestGolden(t *testing.T) {
	for _, f := range dashboards(t, grafana.Options{Command: "tacho generate grafana --output dashboards/"}) {
		testfile.Golden(t, *update, filepath.Join("testdata", f.Name), f.Content)
	}
	for _, s := range schema.Known()[1:] {
		var b strings.Builder
		for _, f := range dashboards(t, grafana.Options{Schema: s}) {
			fmt.Fprintf(&b, "%s\n", f.Name)
			for _, q := range queriesIn(t, f.Content) {
				fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(q, "\n", "\n  "))
			}
		}
		testfile.Golden(t, *update, filepath.Join("testdata", "queries-"+s.Name+".txt"), []byte(b.String()))
	}
}

func queriesIn(t *testing.T, text []byte) (all []string) {
	t.Helper()
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Panels {
		all = append(all, "# "+p.Title)
		for _, q := range p.Targets {
			all = append(all, q.Expr)
		}
	}
	return all
}
