// Package programs builds the programs that tests start. All of tacho's tests share them, so
// each program is built once per run.
//
// `make test` builds every program before the first test and sets Variable. Without it, as in a
// plain `go test ./deploy`, File builds the program that it returns; that takes a second if
// nothing has changed.
//
// Programs are built without cgo and with the flags of an ordinary build, so that programs and
// tests share compiled packages. A release is built differently; `make release-test` tests that.
//
// Only tests and the commands of the Makefile import this package.
package programs

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Variable is the environment variable for the folder of the programs that were built before the
// tests. If it is set, no test builds a program.
const Variable = "TACHO_TEST_PROGRAMS"

// A program is the result of one `go build` or `go install`.
type program struct {
	dir     string   // working directory of go, relative to the root of the repository
	pkg     string   // relative to dir, or an import path; one with @VERSION is installed
	tags    string   // build tags
	ldflags string   // linker flags
	env     []string // in addition to CGO_ENABLED=0
	large   bool     // is built only by name: it takes minutes with an empty cache, or no test needs it
}

// The Prometheus to compare with has the version that tacho embeds. It is built without service
// discovery, of which one kind needs a module that no proxy has.
var table = map[string]program{
	"tacho":            {dir: "cmd/tacho", pkg: ".", tags: "nomsgpack"},
	"tacho-kubernetes": {dir: "cmd/tacho", pkg: ".", tags: "nomsgpack,kubernetes"},
	"check":            {dir: "deploy/check", pkg: ".", env: []string{"GOWORK=off"}},
	"prometheus":       {dir: "server", pkg: "github.com/prometheus/prometheus/cmd/prometheus", tags: "remove_all_sd"},
	"promtool":         {dir: "server", pkg: "github.com/prometheus/prometheus/cmd/promtool", tags: "remove_all_sd"},
	"from-flask":       example("from-flask", 0),
	"gin":              example("gin", 0),
	"nethttp":          example("nethttp", 0),
	"prefork":          example("prefork", 0),
	"three-routes":     example("three-routes", 0),
	"restart-1":        example("restart", 1),
	"restart-2":        example("restart", 2),
	"restart-3":        example("restart", 3),
	"restart-4":        example("restart", 4),
	"victoria-metrics": {dir: "deploy/cluster/engines/victoriametrics", pkg: "github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics", env: []string{"GOWORK=off"}},
	"vmagent":          {dir: "deploy/cluster/engines/victoriametrics", pkg: "github.com/VictoriaMetrics/VictoriaMetrics/app/vmagent", env: []string{"GOWORK=off"}},
	"vmctl":            {dir: "deploy/cluster/engines/vmctl", pkg: "github.com/VictoriaMetrics/VictoriaMetrics/app/vmctl", env: []string{"GOWORK=off"}},
	"thanos":           {dir: "deploy/cluster/engines/thanos", pkg: "github.com/thanos-io/thanos/cmd/thanos", tags: "slicelabels", env: []string{"GOWORK=off"}, large: true},
	"staticcheck":      {dir: ".", pkg: "honnef.co/go/tools/cmd/staticcheck@v0.8.2"},
	"h2spec":           {dir: "internal/programs/h2spec", pkg: "github.com/summerwind/h2spec/cmd/h2spec", env: []string{"GOWORK=off"}},
	"kubeconform":      {dir: ".", pkg: "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0"},
}

// example is a program of examples/; a version other than 0 is linked in.
func example(name string, version int) program {
	p := program{dir: "examples", pkg: "./" + name}
	if version > 0 {
		p.ldflags = fmt.Sprintf("-X main.version=%d", version)
	}
	return p
}

// Names returns all programs but large ones, in alphabetical order.
func Names() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(table)), func(name string) bool { return table[name].large })
}

// File returns the path of a program. It fails the test, with the fix, if the
// program is unknown, was not built before, or does not build.
func File(t testing.TB, name string) string {
	t.Helper()
	file, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Find is File for callers that are not tests.
func Find(name string) (string, error) {
	if _, known := table[name]; !known {
		return "", fmt.Errorf("programs: %q is not in the table of internal/programs; known: %s", name, strings.Join(slices.Sorted(maps.Keys(table)), ", "))
	}
	dir := os.Getenv(Variable)
	if dir == "" {
		return buildOnce(name)
	}
	file := filepath.Join(dir, name)
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("programs: %w: build it with `make programs`, or `go run ./internal/programs/build %s`, or unset %s", err, name, Variable)
	}
	return file, nil
}

var (
	mu    sync.Mutex
	built = map[string]string{}
)

func buildOnce(name string) (string, error) {
	mu.Lock()
	defer mu.Unlock()
	if file := built[name]; file != "" {
		return file, nil
	}
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	file, err := Build(dir, name)
	if err == nil {
		built[name] = file
	}
	return file, err
}

// Dir returns the folder of the programs, bin/test, in the checkout around the working
// directory.
func Dir() (string, error) {
	root, err := Root()
	return filepath.Join(root, "bin", "test"), err
}

// Root returns the checkout around the working directory: the nearest folder with a go.work.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("programs: no go.work in %s or above: run this in a checkout of tacho", start)
		}
	}
}

// Build builds a program into dir, unless it is up to date there, and returns its path.
// Processes may build the same program at the same time: the file is replaced atomically, and a
// process that runs the old one keeps it.
func Build(dir, name string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(dir, "."+name+"-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	// go build does nothing if the existing file is up to date.
	file, next := filepath.Join(dir, name), filepath.Join(fresh, name)
	if err := os.Link(file, next); err != nil && !os.IsNotExist(err) {
		return "", err
	}
	if err := table[name].build(root, next); err != nil {
		return "", fmt.Errorf("programs: %s: %w", name, err)
	}
	return file, os.Rename(next, file)
}

func (p program) build(root, file string) error {
	args := []string{"build", "-o", file, "-tags", p.tags, "-ldflags", p.ldflags, p.pkg}
	env := append(os.Environ(), "CGO_ENABLED=0")
	if strings.Contains(p.pkg, "@") {
		args = []string{"install", p.pkg}
		env = append(env, "GOWORK=off", "GOFLAGS=", "GOBIN="+filepath.Dir(file))
	}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = filepath.Join(root, p.dir), append(env, p.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// OpenFolders opens every folder of the checkout. Go reuses the cached result of a test until a
// file that the test itself opened changes; it does not see what the programs read that the test
// runs.
func OpenFolders() error {
	root, err := Root()
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if path == filepath.Join(root, ".git") || path == filepath.Join(root, "bin") {
			return filepath.SkipDir
		}
		return err
	})
}
