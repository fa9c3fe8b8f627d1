package tacho_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/schema"
)

const module = "github.com/tacho-go/tacho"

// TestImports holds the rule that lets everybody import the root package: it
// knows the standard library and client_golang (with the modules of its data
// types), and no framework, no TSDB, nothing heavier.
func TestImports(t *testing.T) {
	allowed := map[string][]string{
		".": {
			module + "/schema", module + "/multiproc", module + "/internal/names", module + "/internal/engine",
			"github.com/prometheus/client_golang/prometheus",
			"github.com/prometheus/client_golang/prometheus/collectors",
			"github.com/prometheus/client_golang/prometheus/promhttp",
			// Modules that client_golang brings along.
			"github.com/prometheus/client_model/go",
			"github.com/prometheus/common/expfmt",
			"github.com/prometheus/common/model",
			"github.com/klauspost/compress/gzip",
			"github.com/klauspost/compress/zstd",
			"google.golang.org/protobuf/types/known/timestamppb",
		},
		"./tachotest": {
			module, module + "/schema",
			"github.com/prometheus/client_model/go",
		},
		"./multiproc": {
			"github.com/prometheus/client_golang/prometheus",
			"github.com/prometheus/client_model/go",
			"github.com/prometheus/common/model",
			"github.com/prometheus/procfs",
			module + "/internal/names",
			"golang.org/x/sys/unix", // a module that client_golang brings along
		},
		"./web": {
			"github.com/prometheus/exporter-toolkit/web",
		},
		"./schema": nil,
		"./dash":   {module + "/schema"},
		"./docs":   nil,
		"./internal/engine": { // no series, no histograms, no formats
			module + "/internal/reqcopy",
			"github.com/prometheus/client_golang/prometheus", // for its Gauge
		},
		"./adapter":          {module, module + "/internal/engine", module + "/internal/reqcopy"},
		"./adapter/tachogin": {module, module + "/adapter", "github.com/gin-gonic/gin"},
	}
	for pkg, others := range allowed {
		for _, imported := range importsOf(t, pkg) {
			standard := !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".")
			if !standard && !slices.Contains(others, imported) {
				t.Errorf("%s imports %s: it may know the standard library and %v only", pkg, imported, others)
			}
		}
	}
}

// TestArrows: rooms know each other in one direction. Each row says what a
// room, with all below it and without its tests, may know of this project and
// which heavy packages are its alone.
func TestArrows(t *testing.T) {
	const engine = "github.com/prometheus/prometheus/"
	for _, room := range []struct {
		packages string
		own      []string // of this project, besides what lies in the room itself
		heavy    []string // below Prometheus's module
	}{
		{"./server", []string{"", "/internal/handoff", "/internal/origin", "/internal/scrapeerror"}, nil}, // all of Prometheus: it is the only one
		{"./gen/...", []string{"/schema"}, []string{"model/rulefmt", "promql/parser", "model/labels"}},
		{"./dash", []string{"/schema"}, nil},
		{"./tachotest", []string{"", "/schema"}, nil},
		{"./multiproc", []string{"/internal/names"}, nil},
		{"./web", nil, nil},
		{"./cmd/tacho/...", []string{"", "/schema", "/server", "/gen/rules", "/dash", "/docs", "/adapter/tachogin", "/internal/handoff", "/internal/origin", "/internal/scrapeerror", "/multiproc", "/web"}, []string{"model/labels", "model/textparse", "model/exemplar", "model/histogram"}},
		{"./adapter", []string{"", "/internal/engine", "/internal/reqcopy"}, nil},
		{"./adapter/adaptertest", []string{""}, nil},
		{"./adapter/tachogin", []string{"", "/adapter"}, nil}, // what any adapter may know
	} {
		root := module + strings.TrimSuffix(strings.TrimPrefix(room.packages, "."), "/...")
		for _, imported := range importsOf(t, room.packages) {
			if rest, ours := strings.CutPrefix(imported, module); ours && !strings.HasPrefix(imported, root) && !slices.Contains(room.own, rest) {
				t.Errorf("%s imports %s: it may know %q of this project", room.packages, imported, room.own)
			}
			if rest, heavy := strings.CutPrefix(imported, engine); heavy && room.packages != "./server" && !slices.Contains(room.heavy, rest) {
				t.Errorf("%s imports %s: storage and engine are package server's; it may know %q", room.packages, imported, room.heavy)
			}
		}
	}
}

func importsOf(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=Imports", pkg).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", pkg, err)
	}
	var all []string
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ Imports []string }
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Imports...)
	}
}

// TestModuleGraph: whoever imports tacho gets no more modules than whoever
// imports client_golang's promhttp.
func TestModuleGraph(t *testing.T) {
	graph := func(requirement, imported string) []string {
		dir := t.TempDir()
		root, err := filepath.Abs(".")
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, "go.mod", "module example\n\ngo 1.26.0\n\nrequire "+requirement+"\n\nreplace "+module+" => "+root+"\n")
		write(t, dir, "main.go", "package main\n\nimport _ \""+imported+"\"\n\nfunc main() {}\n")
		run(t, dir, "go", "mod", "tidy")
		modules := strings.Fields(run(t, dir, "go", "list", "-m", "-f", "{{.Path}}", "all"))
		return slices.DeleteFunc(modules, func(m string) bool { return m == "example" || m == module })
	}
	theirs := graph("github.com/prometheus/client_golang v1.25.0", "github.com/prometheus/client_golang/prometheus/promhttp")
	ours := graph(module+" v0.0.0", module)
	for _, m := range ours {
		if !slices.Contains(theirs, m) {
			t.Errorf("tacho brings %s, which promhttp does not", m)
		}
	}
	t.Logf("%d modules besides tacho; promhttp alone brings %d", len(ours), len(theirs))
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%s %v: %s", name, args, exit.Stderr)
		}
		t.Fatal(err)
	}
	return string(out)
}

// TestMetricsPage: docs/metrics.md lists exactly the families of the schema,
// with their types, labels and help texts, and the defaults of the options.
func TestMetricsPage(t *testing.T) {
	page, err := os.ReadFile("docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range slices.Concat(schema.Default().Families(), schema.Default().Client.Families(), schema.SelfFamilies()) {
		want = append(want, "| `"+f.Name+"` | "+string(f.Kind)+" | "+labelList(f)+" | "+f.Help+" |")
	}
	row := regexp.MustCompile("(?m)^\\| `(?:http|tacho)_.*\\|$")
	got := row.FindAllString(string(page), -1)
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("docs/metrics.md lacks the row\n%s", w)
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("docs/metrics.md has a row that no family matches\n%s", g)
		}
	}
	for _, text := range []string{numbers(tacho.DefaultBuckets()), strings.Join(tacho.DefaultExclude(), "` `")} {
		if !strings.Contains(string(page), text) {
			t.Errorf("docs/metrics.md does not state the default %s", text)
		}
	}
}

func labelList(f schema.Family) string {
	if len(f.Labels) == 0 {
		return "–"
	}
	return "`" + strings.Join(f.LabelNames(), "`, `") + "`"
}

func numbers(list []float64) string {
	texts := make([]string, len(list))
	for i, n := range list {
		b, _ := json.Marshal(n)
		texts[i] = string(b)
	}
	return strings.Join(texts, " ")
}

// TestReadmes: the Chinese README has the same headings, code and links as the
// English one.
func TestReadmes(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	english, chinese := read("README.md"), read("README.zh-CN.md")
	code := regexp.MustCompile("(?s)```[a-z]*\n.*?```")
	link := regexp.MustCompile(`\]\(([^)]+)\)`)
	heading := regexp.MustCompile(`(?m)^#+ `)
	a, b := code.FindAllString(english, -1), code.FindAllString(chinese, -1)
	if !slices.Equal(a, b) {
		t.Error("the code blocks of README.md and README.zh-CN.md differ")
	}
	links := func(s string) (all []string) {
		for _, m := range link.FindAllStringSubmatch(s, -1) {
			if !strings.HasPrefix(m[1], "README") {
				all = append(all, m[1])
			}
		}
		slices.Sort(all)
		return all
	}
	if !slices.Equal(links(english), links(chinese)) {
		t.Errorf("their links differ:\n%v\n%v", links(english), links(chinese))
	}
	for _, target := range links(english) {
		file, _, _ := strings.Cut(target, "#")
		if _, err := os.Stat(file); err != nil && !strings.HasPrefix(target, "http") {
			t.Errorf("a link leads nowhere: %s", target)
		}
	}
	if x, y := len(heading.FindAllString(english, -1)), len(heading.FindAllString(chinese, -1)); x != y {
		t.Errorf("%d headings in English, %d in Chinese", x, y)
	}
}
