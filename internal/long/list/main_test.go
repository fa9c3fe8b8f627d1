package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/internal/testfile"
)

const test = `package p

import "testing"

func TestShort(t *testing.T) {}

func TestKilled(t *testing.T) { for range long.Form(t, 1, 2, "kills") {} }

func TestNested(t *testing.T) { t.Run("x", func(t *testing.T) { long.Form(t, 1, 2, "x") }) }
`

func TestList(t *testing.T) {
	t.Chdir(t.TempDir())
	testfile.Write(t, "multiproc/a_test.go", test)
	testfile.Write(t, "server/b_test.go", strings.Replace(test, "TestNested", "TestOther", 1))
	got, err := list(".")
	want := []string{
		"-- env GOGC=400 go test -race -timeout 30m -run ^(TestKilled|TestNested)$ ./multiproc",
		"-- env GOGC=400 go test -timeout 30m -run ^(TestKilled|TestOther)$ ./server",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
}

// TestHelper: make long would miss a call outside of a test, so it is refused.
func TestHelper(t *testing.T) {
	t.Chdir(t.TempDir())
	testfile.Write(t, "a_test.go", strings.Replace(test, "TestKilled", "helper", 1))
	if _, err := list("."); err == nil || !strings.Contains(err.Error(), "helper calls long.Form") {
		t.Errorf("got %v; want an error that names the helper", err)
	}
}
