//lint:file-ignore SA1019 the SDK prefers its types for V2; classic JSON imports into every Grafana, see docs/design/016

package grafana_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"

	"github.com/tacho-go/tacho/gen/grafana"
	"github.com/tacho-go/tacho/gen/slo"
)

// TestObjectives: the dashboard decodes strictly, every panel is complete, and every metric is one that the
// rules of an objective record.
func TestObjectives(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	file, err := grafana.Objectives("tacho generate slo --as grafana")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard.Dashboard
	if problems := decode(&d, file.Content); problems != "" {
		t.Fatal(problems)
	}
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
	recorded := recordedNames(t)
	for _, p := range d.Panels {
		if p.Panel.Description == nil || p.Panel.FieldConfig == nil || p.Panel.FieldConfig.Defaults.Unit == nil || *p.Panel.Datasource.Uid != "${datasource}" {
			t.Errorf("%s: no description, unit or data source", *p.Panel.Title)
		}
		for _, target := range p.Panel.Targets {
			expr := exprOf(target)
			parse(t, *p.Panel.Title, expr)
			name := regexp.MustCompile(`tacho:\w+:\w+`).FindString(expr)
			if !slices.Contains(recorded, name) || !strings.Contains(expr, `{job=~"$job", slo=~"$slo"}`) {
				t.Errorf("%s: %s reads what no rule records, or not the chosen objectives", *p.Panel.Title, expr)
			}
		}
	}
	if len(d.Panels) < 6 {
		t.Errorf("%d panels", len(d.Panels))
	}
}

func exprOf(target any) string {
	switch q := target.(type) {
	case *prometheus.Dataquery:
		return q.Expr
	case prometheus.Dataquery:
		return q.Expr
	}
	return ""
}

func recordedNames(t *testing.T) (names []string) {
	t.Helper()
	o, err := slo.Parse("shop: 99.9% available")
	if err != nil {
		t.Fatal(err)
	}
	groups, err := slo.Rules(slo.Options{}, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		for _, r := range g.Rules {
			names = append(names, r.Record)
		}
	}
	return names
}
