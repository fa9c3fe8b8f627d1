package rules_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/tacho-go/tacho/gen/rules"
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
		golden(t, filepath.Join("testdata", name), got)
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the package writes: look at the difference, and run go test -update if it is meant", file)
	}
}
