package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestArchitecture: each file and directory that ARCHITECTURE.md names exists.
func TestArchitecture(t *testing.T) {
	text, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	path := regexp.MustCompile("`([a-z_]+(?:/[A-Za-z_]+)*(?:/|\\.go|\\.js|\\.md|\\.json)|(?:cmd|internal|adapter|dash|docs|gen|schema|server|multiproc)(?:/[a-z]+)+)`")
	found := path.FindAllStringSubmatch(string(text), -1)
	if len(found) < 50 {
		t.Fatalf("only %d paths are recognized", len(found))
	}
	for _, m := range found {
		if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
			t.Errorf("ARCHITECTURE.md names %s: %v", m[1], err)
		}
	}
}
