//go:build linux

// Package deploy holds what tacho is installed with. The tests here read every
// file with the program that it is meant for, and run what it says: on Linux,
// which systemd and containers need.
package deploy

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// built is where programs for the tests are, as long as they run.
var built string

func TestMain(m *testing.M) {
	code := 1
	defer func() { os.Exit(code) }()
	var err error
	if built, err = os.MkdirTemp("", "tacho-deploy-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer os.RemoveAll(built)
	code = m.Run()
}

// lookAtEverything opens every folder of the repository. Go repeats an old
// result as long as what a test itself opened is unchanged, and knows nothing
// of what the programs read that it runs.
func lookAtEverything() error {
	return filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if path == "../.git" || path == "../bin" {
			return filepath.SkipDir
		}
		return err
	})
}

// A build is a program that is built when the first test needs it.
type build func() (file string, err error)

// The release as scripts/build makes it, without and with Kubernetes
// discovery, and the checker of the other files.
var (
	release    = newBuild("tacho", "../scripts/build", nil)
	kubernetes = newBuild("tacho-kubernetes", "../scripts/build", []string{"TAGS=kubernetes"})
	checker    = newBuild("check", "go build -C check -o $OUT .", []string{"GOWORK=off"})
)

func newBuild(name, command string, env []string) build {
	return sync.OnceValues(func() (string, error) {
		if err := lookAtEverything(); err != nil {
			return "", err
		}
		file := filepath.Join(built, name)
		cmd := exec.Command("sh", "-c", command)
		cmd.Env = append(append(os.Environ(), env...), "OUT="+file, "VERSION=v1.2.3")
		if text, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w\n%s", command, err, text)
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

// tool returns a program of the system, or says which package has it.
func tool(t *testing.T, name, pack string) string {
	t.Helper()
	file, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: install Debian's package %s (scripts/install-peers does)", name, pack)
	}
	return file
}

// check runs a program that must end well and returns its standard output.
func check(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(program, args...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(program), strings.Join(args, " "), err, &out, &log)
	}
	return out.Bytes()
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestRelease: the program is static, stripped of symbols and says what it is.
func TestRelease(t *testing.T) {
	info := string(check(t, "go", "version", "-m", release.file(t)))
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath=true", "-tags=nomsgpack", "vcs.revision="} {
		if !strings.Contains(info, want) {
			t.Errorf("the build information lacks %s", want)
		}
	}
	version := string(check(t, release.file(t), "version"))
	if !regexp.MustCompile(`^tacho 1\.2\.3 \([0-9a-f]{12}`).MatchString(version) {
		t.Errorf("tacho version prints %q; want tacho 1.2.3 and a commit", version)
	}
	static(t, release.file(t))
}

// static wants a program that asks the system for no library and has no table
// of symbols.
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
