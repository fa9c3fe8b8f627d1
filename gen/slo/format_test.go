package slo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/gen/slo"
	"github.com/tacho-go/tacho/internal/promtool"
	"github.com/tacho-go/tacho/internal/testfile"
	"github.com/tacho-go/tacho/schema"
)

func read(t *testing.T, file string) []slo.Objective {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all, err := slo.Read(file, text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestFormats: the files of OpenSLO, Sloth and Pyrra become rules that promtool accepts, and whose
// generated tests pass.
func TestFormats(t *testing.T) {
	for _, format := range []string{"sloth", "pyrra", "openslo"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			all := read(t, "testdata/"+format+".yml")
			dir := t.TempDir()
			file, tests := filepath.Join(dir, "rules.yml"), filepath.Join(dir, "test.yml")
			text := ruleFile(t, slo.Options{}, all...)
			testfile.Golden(t, *update, "testdata/"+format+".rules.yml", text)
			unit, err := slo.UnitTests(slo.Options{}, "rules.yml", all...)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(string(unit), "#") && format != "pyrra" {
				t.Errorf("it has no tests of some:\n%.300s", unit)
			}
			for name, text := range map[string][]byte{file: text, tests: unit} {
				if err := os.WriteFile(name, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, args := range [][]string{{"check", "rules", file}, {"test", "rules", tests}} {
				promtool.Check(t, args...)
			}
		})
	}
}

// TestFormatsHold: what is read is what was written.
func TestFormatsHold(t *testing.T) {
	sloth := read(t, "testdata/sloth.yml")[0]
	if sloth.Target.String() != "0.999" || sloth.Service != "myservice" || !sloth.Events.Bad.PerSecond || sloth.Labels["owner"] != "myteam" || !sloth.Alerting.Ticket.Disable {
		t.Errorf("Sloth: %+v", sloth)
	}
	pyrra := read(t, "testdata/pyrra.yml")
	if pyrra[0].Period != 14*24*time.Hour || pyrra[0].Service != "prometheus" || pyrra[0].Labels["team"] != "operations" || pyrra[1].Alerting.Name != "QueriesSlow" || !pyrra[1].Alerting.NoMissing {
		t.Errorf("Pyrra: %+v", pyrra)
	}
	open := read(t, "testdata/openslo.yml")
	if len(open) != 1 || open[0].Target.String() != "0.9995" || open[0].Service != "web" || open[0].Events.Good.Template == "" {
		t.Errorf("OpenSLO: %+v", open)
	}
}

// TestWritten: what is written is read back with the same rules.
func TestWritten(t *testing.T) {
	o := slo.Options{Schemas: []schema.Schema{schema.Default()}}
	for name, write := range slo.Formats {
		for _, objectives := range [][]slo.Objective{parse(t, "shop: 99.9% of POST /orders below 250ms over 30d", "shop: 99.5% available"), read(t, "testdata/"+name+".yml")[:1]} {
			text, err := write(o, objectives...)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			again, err := slo.Read("written.yml", text)
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, text)
				continue
			}
			for i, a := range again {
				if b := objectives[i]; a.Target != b.Target || a.Name != b.Name || a.Period != b.Period || a.Service != b.Service {
					t.Errorf("%s: %+v became %+v", name, b, a)
				}
			}
			second, err := write(o, again...)
			if err != nil || string(second) != string(text) {
				t.Errorf("%s: written twice, it is\n%s\nand then (%v)\n%s", name, text, err, second)
			}
		}
	}
}

// TestRefused: what cannot be honored, and what does not exist, is named with its line.
func TestRefused(t *testing.T) {
	sloth := "version: prometheus/v1\nservice: a\nslos:\n  - name: x\n    objective: 99\n    sli:\n"
	pyrra := "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\nmetadata: {name: x}\nspec:\n  target: \"99\"\n  window: 30d\n"
	open := "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: x}\nspec:\n  service: a\n"
	for _, tt := range []struct{ text, want string }{
		{sloth + "      raw: {error_ratio_query: 'a[{{.window}}]'}\n", "f.yml:7:12: sli.raw cannot be honored: it is a ratio"},
		{sloth + "      events: {error_query: a, total_query: b}\n", "f.yml:7:29: error_query: it has no {{.window}}"},
		{sloth + "      events: {error_query: 'sum(rate(a[{{.window}}])', total_query: b}\n", "f.yml:7:29: error_query: "},
		{sloth + "      event: {}\n", "f.yml:7:7: there is no field slos.sli.event"},
		{strings.Replace(sloth, "99", "100", 1) + "      events: {error_query: a, total_query: b}\n", "f.yml:5:16: objective: a target is above 0% and below 100%"},
		{sloth + "      plugin: {id: x}\n", "f.yml:7:15: sli.plugin cannot be honored"},
		{pyrra + "  indicator: {ratio: {errors: {metric: a}, total: {metric: b}, grouping: [c]}}\n", "f.yml:7:74: spec.indicator.ratio.grouping cannot be honored"},
		{pyrra + "  indicator: {ratio: {errors: {metric: 'rate(a[5m])'}, total: {metric: b}}}\n", "f.yml:7:14: spec.indicator: \"rate(a[5m])\" must be a metric"},
		{pyrra + "  indicator: {}\n", "f.yml:7:14: spec.indicator: it must have exactly one"},
		{pyrra + "  indicators: {}\n", "f.yml:7:3: there is no field spec.indicators"},
		{open + "  timeWindow: [{duration: 30d, isRolling: false}]\n", "f.yml:6:15: spec.timeWindow must be exactly one rolling window"},
		{open + "  alertPolicies: [a]\n", "f.yml:6:18: spec.alertPolicies cannot be honored"},
		{open + "  budgetingMethod: Timeslices\n  timeWindow: [{duration: 30d, isRolling: true}]\n", "f.yml:6:20: spec.budgetingMethod Timeslices cannot be honored"},
		{open + "  timeWindow: [{duration: 30d, isRolling: true}]\n  objectives: [{target: 0.99, timeSliceTarget: 0.9}]\n", "f.yml:7:48: timeSliceTarget cannot be honored"},
		{open + "  timeWindow: [{duration: 30d, isRolling: true}]\n  objectives: [{target: 0.99}]\n  indicatorRef: y\n", "the SLI y is not in the file"},
		{"apiVersion: openslo/v1\nkind: AlertPolicy\n", "f.yml:1:1: OpenSLO's AlertPolicy is not read"},
		{"apiVersion: openslo/v2\nkind: SLO\n", "f.yml:1:1: it is neither OpenSLO"},
		{open + "  timeWindow: {duration: 30d}\n", "f.yml:6:15: spec.timeWindow must be a list"},
		{open + "  timeWindow: [30d]\n", "f.yml:6:16: spec.timeWindow must have fields"},
		{"apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: [x]}\n", "f.yml:3:18: metadata.name must be a text"},
		{pyrra + "  indicator: {latency: {success: {metric: 'a_bucket{job=\"b\"}'}, total: {metric: a_count}}}\n", "f.yml:7:14: spec.indicator: a_bucket{job=\"b\"} selects every bucket"},
		{sloth + "      events: {error_query: 'a[{{.window}}]', total_query: 'b[{{.window}}]'}\n    labels: {a b: c}\n", "f.yml:4: the alert TachoSLOBudgetBurn: invalid label name: a b"},
		{sloth + "      events: {error_query: 'a[{{.window}}]', total_query: 'b[{{.window}}]'}\n    alerting: {name: Burns, annotations: {summary: '{{ .Foo'}}\n", "f.yml:4: the alert Burns: "},
		{sloth + "      events: {error_query: 'a[{{.window}}]', total_query: 'b[{{.window}}]'}\n    labels: {a: [b]}\n", "f.yml:8:17: slos.labels.a must be a text"},
		{"version: prometheus/v1\n---\n- a\n", "f.yml:3:1: it is no objective"},
		{"text\n", "f.yml:1:1: it is no objective"},
		{"a: [\n", "f.yml: line 1: "},
		{"", "f.yml: it has no objective"},
	} {
		if _, err := slo.Read("f.yml", []byte(tt.text)); err == nil || !strings.HasPrefix(err.Error(), tt.want) && !strings.Contains(err.Error(), ": "+tt.want) {
			t.Errorf("%s\n%v, want %q", tt.text, err, tt.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"sloth", "pyrra", "openslo"} {
		text, err := os.ReadFile("testdata/" + name + ".yml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := slo.Read("f.yml", text)
		if err != nil {
			return
		}
		if _, err := slo.Rules(one, all...); err != nil {
			t.Errorf("%q is accepted, but %v", text, err)
		}
	})
}
