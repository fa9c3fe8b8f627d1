// Package testfile writes files for tests. Only tests import it.
package testfile

import (
	"bytes"
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

// Golden fails the test if a file does not hold what was generated. With update, it writes the file.
func Golden(t testing.TB, update bool, name string, got []byte) {
	t.Helper()
	if update {
		Write(t, name, string(got))
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the package writes: look at the difference, and run go test -update if it is meant", name)
	}
}
