package rules_test

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/internal/testfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden: the rules with default options are reviewed as text.
func TestGolden(t *testing.T) {
	for name, o := range map[string]rules.Options{
		"tacho.rules.yml": {},
		"demo.rules.yml":  demo,
	} {
		got, err := rules.YAML(rules.Recording(o), rules.Means(o), rules.Alerts(o))
		if err != nil {
			t.Fatal(err)
		}
		testfile.Golden(t, *update, filepath.Join("testdata", name), got)
	}
}
