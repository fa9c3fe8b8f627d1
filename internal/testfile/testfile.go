// Package testfile writes files for tests. Only tests import it.
package testfile

import (
	"os"
	"path/filepath"
	"testing"
)

// Write writes a file, creates its folders, and returns its name. It fails the test on an error.
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
