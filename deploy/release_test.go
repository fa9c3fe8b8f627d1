//go:build linux && release

package deploy

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// With the tag release, every test of this package runs the output of scripts/build: make
// release-test.

// A build is a program of a release, built when the first test needs it.
type build func() (file string, err error)

var (
	release    = newBuild("tacho", "")
	kubernetes = newBuild("tacho-kubernetes", "TAGS=kubernetes")
)

func newBuild(name, env string) build {
	return sync.OnceValues(func() (string, error) {
		file, err := filepath.Abs(filepath.Join("..", "bin", "test", "release", name))
		if err != nil {
			return "", err
		}
		cmd := exec.Command("../scripts/build")
		cmd.Env = append(os.Environ(), env, "OUT="+file, "VERSION=v1.2.3")
		if text, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("scripts/build: %w\n%s", err, text)
		}
		return file, nil
	})
}

func (b build) file(t *testing.T) string {
	t.Helper()
	file, err := b()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func tachoProgram(t *testing.T) string    { return release.file(t) }
func tachoKubernetes(t *testing.T) string { return kubernetes.file(t) }

// TestRelease: the program is static and stripped, and prints its version.
func TestRelease(t *testing.T) {
	file := tachoProgram(t)
	info := string(check(t, "go", "version", "-m", file))
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath=true", "-tags=nomsgpack", "vcs.revision="} {
		if !strings.Contains(info, want) {
			t.Errorf("the build information lacks %s", want)
		}
	}
	version := string(check(t, file, "version"))
	if !regexp.MustCompile(`^tacho 1\.2\.3 \([0-9a-f]{12}`).MatchString(version) {
		t.Errorf("tacho version prints %q; want tacho 1.2.3 and a commit", version)
	}
	static(t, file)
}

// static checks that a program needs no system library and has no symbol table.
func static(t *testing.T, file string) {
	t.Helper()
	program, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP {
			t.Errorf("%s is linked dynamically", file)
		}
	}
	if program.Section(".symtab") != nil {
		t.Errorf("%s has symbols", file)
	}
}
