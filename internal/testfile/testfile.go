// Package testfile writes the files that tests read.
package testfile

import (
	"os"
	"path/filepath"
	"testing"
)

// Write writes a file, with the folders above it, and returns its name. It fails
// the test if that cannot be done.
func Write(t testing.TB, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}
