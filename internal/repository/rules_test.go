package repository_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/filegraph"
	"github.com/tacho-go/tacho/schema"
)

const module = "github.com/tacho-go/tacho"

// inRoot runs the rest of a test in the module's root.
func inRoot(t *testing.T) {
	t.Helper()
	t.Chdir(filepath.Join("..", ".."))
	if text, err := os.ReadFile("go.mod"); err != nil || !strings.HasPrefix(string(text), "module "+module+"\n") {
		t.Fatalf("this is not the module's root: %v", err)
	}
}

// TestImports: what each package may import besides the standard library and what
// lies below its own folder, and why nothing more.
func TestImports(t *testing.T) {
	inRoot(t)
	for _, row := range []struct {
		pkg     string
		allowed []string
		why     string
	}{
		{".", []string{
			module + "/schema", module + "/multiproc", module + "/internal/names", module + "/internal/engine", module + "/internal/netacl", module + "/internal/guard", module + "/internal/index", module + "/internal/hist", module + "/internal/expo", module + "/internal/labelvalue", module + "/internal/store", module + "/internal/labelset", module + "/internal/scan",
			module + "/internal/deepcopy", module + "/internal/outgoing", module + "/internal/drain",
			"github.com/prometheus/client_golang/prometheus",
			"github.com/prometheus/client_golang/prometheus/collectors",
			"github.com/prometheus/client_golang/prometheus/promhttp",
			"github.com/prometheus/client_model/go",
			"github.com/prometheus/common/expfmt",
			"github.com/prometheus/common/model",
		}, "every service imports it: client_golang and the modules that it brings along, and no framework and no TSDB"},
		{"./internal/connectrpc", []string{module + "/adapter"}, "adapters of Connect share it: what it needs, an adapter outside of this project can have as well"},
		{"./internal/connwatch", []string{module + "/adapter"}, "adapters share it: what it needs, an adapter outside of this project can have as well"},
		{"./internal/deepcopy", nil, "a configuration is copied in the same way whatever it is for"},
		{"./internal/drain", nil, "ending in order has nothing to do with metrics"},
		{"./internal/expiry", nil, "a test of any package can use up a request's time"},
		{"./internal/expo", []string{
			module + "/schema", module + "/internal/hist", module + "/internal/names",
			"github.com/prometheus/client_golang/prometheus",
			"github.com/prometheus/client_model/go",
			"github.com/prometheus/common/expfmt",
			"github.com/prometheus/common/model",
			"github.com/klauspost/compress/gzip",
			"github.com/klauspost/compress/zstd",
			"google.golang.org/protobuf/types/known/timestamppb",
		}, "a format does not depend on where values come from"},
		{"./internal/fiberapp", []string{module + "/adapter", module + "/internal/routefinder"}, "adapters of Fiber share it: what it needs, an adapter outside of this project can have as well"},
		{"./internal/grpcfamilies", []string{module, "github.com/prometheus/client_golang/prometheus"}, "the families are those of another library, whatever tacho records besides"},
		{"./internal/guard", []string{
			"github.com/prometheus/client_golang/prometheus", "github.com/prometheus/client_model/go",
		}, "a faulty collector is dealt with in the same way whatever tacho itself counts"},
		{"./internal/hist", []string{
			"github.com/prometheus/client_model/go", "google.golang.org/protobuf/types/known/timestamppb",
		}, "counting costs the same whatever is counted, and is read as client_model has it"},
		{"./internal/index", nil, "a map does not depend on what is in it"},
		{"./internal/labelset", []string{
			module + "/schema", module + "/internal/index", module + "/internal/labelvalue", "github.com/prometheus/client_golang/prometheus",
		}, "a metric of the service's own has label sets, whatever sets it"},
		{"./internal/labelvalue", []string{module + "/internal/index"}, "a text is limited in the same way wherever it comes from"},
		{"./internal/metertest", []string{
			module, module + "/schema", module + "/internal/engine", module + "/internal/hist", module + "/internal/labelvalue", module + "/internal/store",
			"github.com/klauspost/compress/zstd", "github.com/prometheus/client_golang/prometheus", "github.com/prometheus/client_golang/prometheus/testutil",
			"github.com/prometheus/client_model/go", "github.com/prometheus/common/expfmt", "google.golang.org/protobuf/proto",
		}, "tests of several packages read a Meter in the same way; only tests import it"},
		{"./internal/netacl", nil, "who may read something does not depend on what it is"},
		{"./internal/outgoing", []string{module + "/schema", module + "/internal/labelset", module + "/internal/labelvalue"}, "a client's requests are measured without a server"},
		{"./internal/plan", nil, "it calculates, and its tests compare it with what is measured"},
		{"./internal/routefinder", []string{module}, "adapters share it: what it needs, an adapter outside of this project can have as well"},
		{"./internal/scan", []string{
			module + "/schema", module + "/internal/expo", module + "/internal/hist", module + "/internal/labelvalue", module + "/internal/names", module + "/internal/store",
		}, "what is exported depends on schemas and counts, and not on who scrapes or how"},
		{"./internal/store", []string{
			module + "/multiproc", module + "/internal/hist", module + "/internal/index", module + "/internal/labelvalue",
		}, "it is told strings and numbers, so that options, requests and formats can change without it"},
		{"./tachotest", []string{module, module + "/schema", "github.com/prometheus/client_model/go"}, "users' tests should not get heavier than their services"},
		{"./multiproc", []string{
			module + "/internal/names",
			"github.com/prometheus/client_golang/prometheus",
			"github.com/prometheus/client_model/go",
			"github.com/prometheus/common/model",
			"github.com/prometheus/procfs",
			"golang.org/x/sys/unix",
		}, "it reads the files of any service, so that it must not know how tacho counts; its modules are client_golang's"},
		{"./push", []string{
			"github.com/prometheus/client_golang/exp/api/remote", "github.com/prometheus/client_golang/prometheus", "github.com/prometheus/client_model/go",
			"google.golang.org/protobuf/encoding/protowire", "google.golang.org/protobuf/types/known/timestamppb",
		}, "any registry can be sent; a module of its own spares others the client of remote write"},
		{"./sidecar", []string{module, module + "/adapter", module + "/internal/copybuffer", module + "/internal/netacl", module + "/sidecar/http1", module + "/sidecar/routes", "github.com/prometheus/client_golang/prometheus"}, "it is an adapter for services in any language: what it needs, any program can have"},
		{"./sidecar/http1", []string{module + "/internal/copybuffer"}, "it knows HTTP, and nothing of what is measured"},
		{"./sidecar/routes", nil, "how a path is matched does not depend on the caller"},
		{"./web", []string{"github.com/prometheus/exporter-toolkit/web"}, "a module of its own spares others exporter-toolkit"},
		{"./schema", nil, "names are data, for whoever reads metrics"},
		{"./dash", []string{module + "/schema", module + "/verdict", module + "/internal/capability", module + "/internal/redact", module + "/internal/relay"}, "the page reads any Prometheus, with or without tacho"},
		{"./docs", nil, "the pages are text"},
		{"./internal/engine", []string{
			module + "/internal/store", module + "/internal/reqcopy", module + "/internal/slab", "github.com/prometheus/client_golang/prometheus",
		}, "what happens to a request does not depend on options, formats or frameworks; client_golang has the Gauge"},
		{"./adapter", []string{module, module + "/internal/engine", module + "/internal/outgoing", module + "/internal/reqcopy"}, "it shows the engine to authors of adapters, and adds no framework"},
		{"./adapter/adaptertest", []string{
			module, module + "/internal/expiry", "github.com/prometheus/client_golang/prometheus", "github.com/prometheus/client_model/go", "github.com/prometheus/common/expfmt",
		}, "the rules hold for any adapter, so that the suite knows none"},
	} {
		for _, imported := range importsOf(t, row.pkg) {
			standard := !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".")
			if !standard && !slices.Contains(row.allowed, imported) {
				t.Errorf("%s imports %s: besides the standard library it may import %v only, since %s", row.pkg, imported, row.allowed, row.why)
			}
		}
	}
}

// sharedByAdapters are internal packages for adapters of one family of frameworks. Each stands for
// itself, and needs only public packages, so that an adapter outside of this project can have its own.
var sharedByAdapters = []string{module + "/internal/connectrpc", module + "/internal/connwatch", module + "/internal/fiberapp", module + "/internal/grpcfamilies", module + "/internal/routefinder"}

// TestAdapterImports: an adapter knows its framework, client_golang, the public packages and what is
// shared within its family, so that anybody can write one. Its framework is what its own go.mod requires.
func TestAdapterImports(t *testing.T) {
	inRoot(t)
	for _, a := range adapters(t) {
		for _, imported := range importsOf(t, "./"+a.dir+"/...") {
			ours := within(imported, module) && imported != module && imported != module+"/adapter" && !slices.Contains(sharedByAdapters, imported)
			unknown := slices.Contains(a.imports, imported) && !slices.ContainsFunc(a.framework, func(m moduleVersion) bool { return within(imported, m.Path) })
			if ours || unknown {
				t.Errorf("%s imports %s: besides the standard library it may import its framework, client_golang, tacho and package adapter", a.dir, imported)
			}
		}
	}
}

// TestArrows: rooms know each other in one direction. Each row says what a
// room, with all below it and without its tests, may know of this project and
// which heavy packages are its alone.
func TestArrows(t *testing.T) {
	inRoot(t)
	const engine = "github.com/prometheus/prometheus/"
	for _, room := range []struct {
		packages string
		own      []string // of this project, besides what lies in the room itself
		heavy    []string // below Prometheus's module
	}{
		{"./server", []string{"", "/internal/capability", "/internal/handoff", "/internal/origin", "/internal/redact", "/internal/relay", "/internal/scrapeerror", "/verdict"}, nil}, // all of Prometheus: it is the only one
		{"./gen/...", []string{"/schema", "/verdict"}, []string{"model/rulefmt", "promql/parser", "model/labels"}},
		{"./dash", []string{"/schema", "/verdict", "/internal/capability", "/internal/relay"}, nil},
		{"./verdict", []string{"/schema"}, nil}, // it reads what any Prometheus server returns
		{"./tachotest", []string{"", "/schema"}, nil},
		{"./multiproc", []string{"/internal/names"}, nil},
		{"./sidecar/...", []string{"", "/adapter", "/internal/copybuffer", "/internal/netacl"}, nil},
		{"./web", nil, nil},
		{"./cmd/tacho/...", []string{"", "/schema", "/server", "/gen/rules", "/gen/slo", "/gen/compose", "/gen/grafana", "/gen/kubernetes", "/gen/live", "/gen/markdown", "/gen/output", "/gen/scrape", "/gen/setup", "/dash", "/docs", "/adapter/tachogin", "/internal/handoff", "/internal/lazyregexp", "/internal/netacl", "/internal/origin", "/internal/plan", "/internal/redact", "/internal/relay", "/internal/scrapeerror", "/multiproc", "/sidecar", "/sidecar/routes", "/verdict", "/web"}, []string{"model/labels", "model/rulefmt", "model/textparse", "model/exemplar", "model/histogram"}},
		{"./adapter", []string{"", "/internal/engine", "/internal/outgoing", "/internal/reqcopy"}, nil},
		{"./adapter/adaptertest", []string{"", "/internal/expiry"}, nil},
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

// TestCycles: a file can be read with few others. In a cycle each file reaches all
// others, so that all of them must be understood at once.
func TestCycles(t *testing.T) {
	inRoot(t)
	const aim, dependencies = 8, 4.0
	for _, dir := range moduleDirs(t) {
		packages, err := filegraph.Load(dir, "./...")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range packages {
			if n := p.Dependencies(); p.Path == module && n > dependencies {
				t.Errorf("a file of the root uses %.2f others on average, at most %v it may: move what many files use below internal/", n, dependencies)
			}
			cycles := p.Cycles()
			if len(cycles) == 0 {
				continue
			}
			largest := cycles[0]
			t.Logf("%s: %d files, %.1f dependencies a file, largest cycle %d", p.Path, len(p.Files), p.Dependencies(), len(largest))
			if len(largest) > aim {
				t.Errorf("%s: %d files use each other, at most %d may: %v; move what they share into a file of its own, or below internal/", p.Path, len(largest), aim, largest)
			}
		}
	}
}

// moduleDirs are the directories of all modules of the workspace.
func moduleDirs(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// TestRoot: the root shows at a glance where to start.
func TestRoot(t *testing.T) {
	inRoot(t)
	out, err := exec.Command("git", "ls-files").Output()
	if err != nil {
		t.Fatal(err)
	}
	entries, files := map[string]bool{}, 0
	for _, path := range strings.Fields(string(out)) {
		entry, _, below := strings.Cut(path, "/")
		entries[entry] = true
		if !below && strings.HasSuffix(entry, ".go") && !strings.HasSuffix(entry, "_test.go") {
			files++
		}
	}
	if len(entries) > 57 || files > 30 {
		t.Errorf("the root has %d entries, %d of them Go files without tests; at most 57 and 30 it may: merge files of one subject, or move them below internal/", len(entries), files)
	}
}

// TestMeterIsForServices: the documentation of Meter lists what a service's author calls,
// and nothing that only adapters need.
func TestMeterIsForServices(t *testing.T) {
	inRoot(t)
	out, err := exec.Command("go", "doc", ".", "Meter").CombinedOutput()
	if err != nil {
		t.Fatalf("go doc: %v\n%s", err, out)
	}
	method := regexp.MustCompile(`(?m)^func \(m \*Meter\) (\w+)`)
	var got []string
	for _, m := range method.FindAllStringSubmatch(string(out), -1) {
		got = append(got, m[1])
	}
	want := []string{
		"Collect", "Counter", "Describe", "DoNotTrack", "ExcludeAll", "Flush", "Gatherer", "Gauge", "Handler", "Histogram", "Info", "Metrics", "MetricsPath",
		"NewMetric", "RegisterDefault", "Registerer", "Render", "Serve", "Shutdown", "Summary", "Transport",
	}
	if !slices.Equal(got, want) {
		t.Errorf("go doc lists the methods\n%v, want\n%v; what adapters call belongs in package adapter", got, want)
	}
}

// TestModuleGraph: whoever imports tacho gets no more modules than whoever
// imports client_golang's promhttp.
func TestModuleGraph(t *testing.T) {
	inRoot(t)
	theirs := moduleGraph(t, []moduleVersion{{Path: clientGolang, Version: "v1.25.0"}}, clientGolang+"/prometheus/promhttp")
	ours := tachoAlone(t)
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
	inRoot(t)
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
	inRoot(t)
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
	image := regexp.MustCompile(`docs/img/\w+\.png`) // each README shows the page in its language
	if !slices.Equal(links(image.ReplaceAllString(english, "image")), links(image.ReplaceAllString(chinese, "image"))) {
		t.Errorf("their links differ:\n%v\n%v", links(english), links(chinese))
	}
	for _, target := range append(links(english), image.FindAllString(chinese, -1)...) {
		file, _, _ := strings.Cut(target, "#")
		if _, err := os.Stat(file); err != nil && !strings.HasPrefix(target, "http") {
			t.Errorf("a link leads nowhere: %s", target)
		}
	}
	if x, y := len(heading.FindAllString(english, -1)), len(heading.FindAllString(chinese, -1)); x != y {
		t.Errorf("%d headings in English, %d in Chinese", x, y)
	}
}

// TestUnracedTests: make test runs tests that are not built with -race. Those of the packages that run
// without it anyway need nothing.
func TestUnracedTests(t *testing.T) {
	inRoot(t)
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	counts := regexp.MustCompile(`(?m)^COUNTS := (.*)$`).FindSubmatch(makefile)
	names := regexp.MustCompile(`-run '\^Test\(([^)]*)\)\$\$' \$\(COUNTS\)`).FindSubmatch(makefile)
	if counts == nil || names == nil {
		t.Fatal("the Makefile runs no COUNTS")
	}
	unraced, test := regexp.MustCompile(`(?m)^//go:build .*!race`), regexp.MustCompile(`(?m)^func Test(\w+)\(`)
	heavy := regexp.MustCompile(`^(server|gen|cmd)/`)
	for _, file := range strings.Fields(run(t, ".", "git", "ls-files", "*_test.go")) {
		text, err := os.ReadFile(file)
		if err != nil || heavy.MatchString(file) || !unraced.Match(text) {
			continue // deleted, or run without -race
		}
		if !slices.Contains(strings.Fields(string(counts[1])), "./"+path.Dir(file)) {
			t.Errorf("%s: add its package to COUNTS in the Makefile, or no test of it runs", file)
		}
		for _, name := range test.FindAllSubmatch(text, -1) {
			if !slices.Contains(strings.Split(string(names[1]), "|"), string(name[1])) {
				t.Errorf("%s: the Makefile does not run Test%s", file, name[1])
			}
		}
	}
}
