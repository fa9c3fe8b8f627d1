package programs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tacho-go/tacho/internal/testfile"
)

// workspace writes a checkout with one program, hello, and enters a folder of it.
func workspace(t *testing.T) (dir string) {
	t.Helper()
	root := t.TempDir()
	testfile.Write(t, filepath.Join(root, "go.work"), "go 1.26\n\nuse ./examples\n")
	testfile.Write(t, filepath.Join(root, "examples/go.mod"), "module example\n\ngo 1.26\n")
	testfile.Write(t, filepath.Join(root, "examples/gin/main.go"), "package main\n\nfunc main() { print(\"one\") }\n")
	t.Chdir(filepath.Join(root, "examples"))
	t.Setenv("GOWORK", "")
	t.Setenv(Variable, "")
	return root
}

func prints(t *testing.T, file, want string) {
	t.Helper()
	if out, err := exec.Command(file).CombinedOutput(); err != nil || string(out) != want {
		t.Errorf("%s prints %q, %v; want %q", file, out, err, want)
	}
}

// TestBuild: a program is built, left alone while it is up to date, and rebuilt after a change
// of its source, also by several processes at once.
func TestBuild(t *testing.T) {
	root := workspace(t)
	dir := filepath.Join(root, "bin", "test")
	build := func() os.FileInfo {
		t.Helper()
		file, err := Build(dir, "gin")
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := build()
	prints(t, filepath.Join(dir, "gin"), "one")
	if again := build(); !os.SameFile(first, again) {
		t.Error("it was rebuilt although nothing has changed")
	}
	testfile.Write(t, filepath.Join(root, "examples/gin/main.go"), "package main\n\nfunc main() { print(\"two\") }\n")
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() { build() })
	}
	all.Wait()
	prints(t, filepath.Join(dir, "gin"), "two")
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("it left %q, %v", left, err)
	}
}

// TestFind: errors name the program and the fix.
func TestFind(t *testing.T) {
	root := workspace(t)
	if file, err := Find("gin"); err != nil || file != filepath.Join(root, "bin", "test", "gin") {
		t.Errorf("got %q, %v", file, err)
	}
	if _, err := Find("gni"); err == nil || !strings.Contains(err.Error(), `"gni" is not in the table`) {
		t.Errorf("an unknown program: %v", err)
	}
	testfile.Write(t, filepath.Join(root, "examples/nethttp/main.go"), "package main\n\nfunc main() { x }\n")
	if _, err := Find("nethttp"); err == nil || !strings.Contains(err.Error(), "programs: nethttp: go build") || !strings.Contains(err.Error(), "undefined: x") {
		t.Errorf("a program that does not build: %v", err)
	}
	t.Setenv(Variable, t.TempDir())
	if _, err := Find("gin"); err == nil || !strings.Contains(err.Error(), "make programs") {
		t.Errorf("a program that was not built before: %v", err)
	}
	t.Chdir(t.TempDir())
	t.Setenv(Variable, "")
	if _, err := Find("three-routes"); err == nil || !strings.Contains(err.Error(), "no go.work") {
		t.Errorf("outside of a checkout: %v", err)
	}
}
