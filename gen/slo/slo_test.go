package slo_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/gen/slo"
	"github.com/tacho-go/tacho/internal/promtool"
	"github.com/tacho-go/tacho/internal/testfile"
	"github.com/tacho-go/tacho/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// short are objectives of each kind.
var short = []string{
	"shop: 99.9% of POST /orders below 300ms over 30d",
	"shop: 99.5% available",
	`shop{tenant="a"}: 99% of GET available over 7d as tenant-a`,
	"rpc: 99.95% of /shop.Shop/Buy available over 28d",
}

func parse(t *testing.T, texts ...string) (all []slo.Objective) {
	t.Helper()
	for _, text := range texts {
		o, err := slo.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		all = append(all, o)
	}
	return all
}

// one is a schema alone, so that the golden file can be read.
var one = slo.Options{Schemas: []schema.Schema{schema.Default(), schema.GoGRPCMiddleware()}}

func ruleFile(t testing.TB, o slo.Options, objectives ...slo.Objective) []byte {
	t.Helper()
	groups, err := slo.Rules(o, objectives...)
	if err != nil {
		t.Fatal(err)
	}
	file, err := rules.YAML(groups...)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestGolden: the rules and their tests are reviewed as text.
func TestGolden(t *testing.T) {
	all := parse(t, short...)
	testfile.Golden(t, *update, "testdata/short.rules.yml", ruleFile(t, one, all...))
	tests, err := slo.UnitTests(one, "short.rules.yml", all...)
	if err != nil {
		t.Fatal(err)
	}
	testfile.Golden(t, *update, "testdata/short.test.yml", tests)
}

// TestPromtool: promtool accepts the rules without any warning, and its tests of them pass.
func TestPromtool(t *testing.T) {
	t.Parallel()
	promtool.Check(t, "check", "rules", "--lint-fatal", "testdata/short.rules.yml")
	promtool.Check(t, "test", "rules", "testdata/short.test.yml")
}

// TestThresholds: the generated tests fail when a threshold changes by two percent, or what is counted.
func TestThresholds(t *testing.T) {
	for _, tt := range []struct{ objective, from, to string }{
		{short[0], "> 14.4\n", "> 14.7\n"}, {short[0], "> 14.4\n", "> 14.1\n"}, {short[0], "> 6\n", "> 6.12\n"},
		{short[0], "> 3\n", "> 2.94\n"}, {short[0], "> 1\n", "> 1.02\n"},
		{short[0], "/ 0.001\n", "/ 0.00102\n"}, {short[0], `le="0.3"`, `le="0.25"`}, {short[3], "> 13.44\n", "> 13.8\n"}, {short[3], `=~"5..|`, `=~"4..|`},
	} {
		t.Run(strings.TrimSpace(tt.from+tt.to), func(t *testing.T) {
			t.Parallel()
			o := parse(t, tt.objective)
			tests, err := slo.UnitTests(one, "rules.yml", o...)
			if err != nil {
				t.Fatal(err)
			}
			text := string(ruleFile(t, one, o...))
			changed := strings.ReplaceAll(text, tt.from, tt.to)
			if changed == text {
				t.Fatal("nothing changed")
			}
			dir := t.TempDir()
			for name, text := range map[string]string{"rules.yml": changed, "test.yml": string(tests)} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if promtool.Run(t, promtool.Debian(t), "test", "rules", filepath.Join(dir, "test.yml")) == "" {
				t.Error("the tests pass")
			}
		})
	}
}
