package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const test = `package p

import "testing"

func TestShort(t *testing.T) {}

func TestKilled(t *testing.T) { for range long.Form(t, 1, 2, "kills") {} }

func TestNested(t *testing.T) { t.Run("x", func(t *testing.T) { long.Form(t, 1, 2, "x") }) }
`

func TestList(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "multiproc/a_test.go", test)
	write(t, "server/b_test.go", strings.Replace(test, "TestNested", "TestOther", 1))
	got, err := list(".")
	want := []string{
		"-- env GOGC=400 go test -race -timeout 30m -run ^(TestKilled|TestNested)$ ./multiproc",
		"-- env GOGC=400 go test -timeout 30m -run ^(TestKilled|TestOther)$ ./server",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
}

// TestHelper: a call outside of a test would be missed, so it is refused.
func TestHelper(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "a_test.go", strings.Replace(test, "TestKilled", "helper", 1))
	if _, err := list("."); err == nil || !strings.Contains(err.Error(), "helper calls long.Form") {
		t.Errorf("got %v; want an error that names the helper", err)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
