package repository_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const clientGolang = "github.com/prometheus/client_golang"

// A moduleVersion is a line of a go.mod.
type moduleVersion struct {
	Path, Version string
	Indirect      bool
}

// An adapterModule is an adapter with a module of its own.
type adapterModule struct {
	name      string // tachogin
	dir       string // adapter/tachogin
	imports   []string
	framework []moduleVersion // what it measures
}

// adapters lists the modules of adapters. The framework is what the code imports besides the
// standard library, tacho and client_golang.
func adapters(t *testing.T) (all []adapterModule) {
	t.Helper()
	files, err := filepath.Glob("adapter/tacho*/go.mod")
	if err != nil || len(files) == 0 {
		t.Fatalf("no adapters: %v", err)
	}
	for _, file := range files {
		a := adapterModule{dir: filepath.Dir(file), name: filepath.Base(filepath.Dir(file))}
		for _, imported := range importsOf(t, "./"+a.dir+"/...") {
			if root, _, _ := strings.Cut(imported, "/"); strings.Contains(root, ".") && !within(imported, module) && !within(imported, clientGolang) {
				a.imports = append(a.imports, imported)
			}
		}
		a.framework = slices.DeleteFunc(requirements(t, a.dir), func(m moduleVersion) bool {
			return m.Indirect || !slices.ContainsFunc(a.imports, func(imported string) bool { return within(imported, m.Path) })
		})
		if len(a.framework) == 0 {
			t.Fatalf("%s imports no framework", a.dir)
		}
		all = append(all, a)
	}
	return all
}

// within reports whether a package or module lies below a path.
func within(path, below string) bool { return path == below || strings.HasPrefix(path, below+"/") }

func requirements(t *testing.T, dir string) []moduleVersion {
	t.Helper()
	out, err := exec.Command("go", "mod", "edit", "-json", filepath.Join(dir, "go.mod")).Output()
	if err != nil {
		t.Fatalf("go mod edit %s: %v", dir, err)
	}
	var mod struct{ Require []moduleVersion }
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	return mod.Require
}

// moduleGraph returns the modules of a program with these requirements and imports, without the
// project's own.
func moduleGraph(t *testing.T, required []moduleVersion, imports ...string) []string {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	mod, main := "module example\n\ngo 1.26.0\n\n", "package main\n\n"
	for _, r := range required {
		mod += "require " + r.Path + " " + r.Version + "\n"
		if within(r.Path, module) {
			mod += "replace " + r.Path + " => " + root + strings.TrimPrefix(r.Path, module) + "\n"
		}
	}
	for _, imported := range imports {
		main += "import _ \"" + imported + "\"\n"
	}
	write(t, dir, "go.mod", mod)
	write(t, dir, "main.go", main+"\nfunc main() {}\n")
	run(t, dir, "go", "mod", "tidy")
	modules := strings.Fields(run(t, dir, "go", "list", "-m", "-f", "{{.Path}}", "all"))
	return slices.DeleteFunc(modules, func(m string) bool { return m == "example" || within(m, module) })
}

// ownModule is what go.mod requires for a module of this project.
func ownModule(dir string) moduleVersion {
	return moduleVersion{Path: strings.TrimSuffix(module+"/"+dir, "/"), Version: "v0.0.0"}
}

// An added is what importing an adapter adds to a program.
type added struct {
	besides []string // what neither the framework nor tacho brings
	modules int      // besides those of tacho
}

// addedBy has what is known of each adapter: tidying takes seconds.
var addedBy sync.Map

func (a adapterModule) adds(t *testing.T, tacho []string) added {
	t.Helper()
	if known, ok := addedBy.Load(a.name); ok {
		return known.(added)
	}
	own := ownModule(a.dir)
	whole := moduleGraph(t, []moduleVersion{own, ownModule("")}, own.Path)
	alone := moduleGraph(t, a.framework, a.imports...)
	in := func(list []string) func(string) bool { return func(m string) bool { return slices.Contains(list, m) } }
	beyond := slices.DeleteFunc(whole, in(tacho))
	result := added{modules: len(beyond), besides: slices.DeleteFunc(slices.Clone(beyond), in(alone))}
	addedBy.Store(a.name, result)
	return result
}

func tachoAlone(t *testing.T) []string {
	t.Helper()
	return moduleGraph(t, []moduleVersion{ownModule("")}, module)
}

// TestAdapterModules: a program that imports an adapter gets the modules that it would get from the
// framework and from tacho, and no other one.
func TestAdapterModules(t *testing.T) {
	inRoot(t)
	tacho := tachoAlone(t)
	for _, a := range adapters(t) {
		t.Run(a.name, func(t *testing.T) {
			adds := a.adds(t, tacho)
			if len(adds.besides) > 0 {
				t.Errorf("importing %s brings %v, which neither %v nor tacho brings; tests may use the framework, tacho and client_golang only", a.dir, adds.besides, a.framework)
			}
			t.Logf("it adds %d modules to tacho's %d", adds.modules, len(tacho))
		})
	}
}

// TestAdapterSizes: an adapter is short, or the seam is wrong. Counted are the lines with code.
func TestAdapterSizes(t *testing.T) {
	inRoot(t)
	const aim, most = 150, 250
	above := map[string]int{"tachogrpc": 500} // adapters that have not reached it
	var sizes []int
	for _, a := range adapters(t) {
		files, err := filepath.Glob(filepath.Join(a.dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		lines := 0
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				lines += linesOfCode(t, file)
			}
		}
		t.Logf("%s: %d lines", a.name, lines)
		if sizes = append(sizes, lines); lines > max(most, above[a.name]) {
			t.Errorf("%s has %d lines without comments, at most %d may be: move what other adapters need as well to package adapter", a.dir, lines, max(most, above[a.name]))
		}
	}
	slices.Sort(sizes)
	t.Logf("the median is %d lines; the aim is %d", sizes[len(sizes)/2], aim)
}

// linesOfCode counts the lines of a file that have more than comments.
func linesOfCode(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var s scanner.Scanner
	f := set.AddFile(file, -1, len(text))
	s.Init(f, text, nil, 0) // skips comments
	lines := map[int]bool{}
	for {
		pos, tok, literal := s.Scan()
		switch {
		case tok == token.EOF:
			return len(lines)
		case tok == token.SEMICOLON && literal == "\n": // which the scanner has added
		default:
			for i := range 1 + strings.Count(literal, "\n") {
				lines[f.Line(pos)+i] = true
			}
		}
	}
}

var update = flag.Bool("update", false, "write the tables of docs/frameworks.md anew")

// measuredFrameworks are the rows of the tables: all adapters, and the routers that need none.
func measuredFrameworks(t *testing.T) (rows []frameworkRow) {
	t.Helper()
	tacho, features := tachoAlone(t), featureNames(t)
	const suite = "adapter/adaptertest"
	standard := frameworkRow{name: "net/http", adapter: "`Meter.Handler`"}
	standard.lacks = lacksIn(t, features, suite+"/nethttp.go")
	rows = append(rows, standard)
	for _, a := range adapters(t) {
		tests, err := filepath.Glob(filepath.Join(a.dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		row := rowOf(a.framework, "`"+a.name+"`")
		row.modules, row.lacks = a.adds(t, tacho).modules, lacksIn(t, features, tests...)
		rows = append(rows, row)
	}
	lacks := lacksIn(t, features, suite+"/routers/routers_test.go")
	for _, router := range requirements(t, suite+"/routers") {
		if !router.Indirect && !within(router.Path, module) {
			row := rowOf([]moduleVersion{router}, "`adapter.Middleware`")
			row.modules, row.lacks = 1, lacks
			rows = append(rows, row)
		}
	}
	return rows
}

// A frameworkRow is a row of the first table of docs/frameworks.md.
type frameworkRow struct {
	name, version, adapter string
	modules                int
	lacks                  map[string]string // the reason by feature
}

func rowOf(framework []moduleVersion, adapter string) frameworkRow {
	var names, versions []string
	for _, m := range framework {
		names, versions = append(names, "`"+strings.TrimPrefix(m.Path, "github.com/")+"`"), append(versions, strings.TrimPrefix(m.Version, "v"))
	}
	return frameworkRow{name: strings.Join(names, ", "), version: strings.Join(versions, ", "), adapter: adapter}
}

// TestFrameworksPage: docs/frameworks.md lists the frameworks with their versions, the features that
// each cannot have as its conformance test declares them, and the modules that each adapter adds.
func TestFrameworksPage(t *testing.T) {
	inRoot(t)
	const file = "docs/frameworks.md"
	first, second := "| framework | version | adapter | cannot report | modules added |\n|---|---|---|---|---|\n", "| adapter | cannot report | because |\n|---|---|---|\n"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rows, reasons strings.Builder
	for _, f := range measuredFrameworks(t) {
		features := slices.Sorted(maps.Keys(f.lacks))
		fmt.Fprintf(&rows, "| %s | %s | %s | %s | %d |\n", f.name, f.version, f.adapter, strings.Join(features, ", "), f.modules)
		for _, feature := range features {
			line := fmt.Sprintf("| %s | %s | %s |\n", cell(f), feature, f.lacks[feature])
			reasons.WriteString(line)
		}
	}
	want := withTable(t, withTable(t, string(page), first, rows.String()), second, reasons.String())
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Errorf("the tables of %s differ from what the conformance tests declare (Lacks) and go.mod requires: run go test ./internal/repository -run TestFrameworksPage -update", file)
	}
}

// cell names a framework in the second table.
func cell(f frameworkRow) string {
	if f.adapter == "`adapter.Middleware`" {
		return f.name
	}
	return f.adapter
}

// withTable returns a page with other rows below the head of a table.
func withTable(t *testing.T, page, head, rows string) string {
	t.Helper()
	before, rest, found := strings.Cut(page, head)
	_, after, ends := strings.Cut("\n"+rest, "\n\n")
	if !found || !ends {
		t.Fatalf("docs/frameworks.md has no table %q with an empty line after it", head)
	}
	return before + head + rows + "\n" + after
}

// featureNames returns the features of the conformance suite by the names of their constants.
func featureNames(t *testing.T) map[string]string {
	t.Helper()
	names := map[string]string{}
	ast.Inspect(parse(t, "adapter/adaptertest/adaptertest.go"), func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && isFeature(v.Type) {
			names[v.Names[0].Name] = text(v.Values[0])
		}
		return true
	})
	if len(names) < 10 {
		t.Fatalf("the suite has only the features %v", names)
	}
	return names
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// name returns X of X and of adaptertest.X.
func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func isFeature(e ast.Expr) bool { return name(e) == "Feature" }

// text returns the value of a literal, or of several that are added; otherwise "".
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	case *ast.BinaryExpr:
		if x, y := text(e.X), text(e.Y); x != "" && y != "" {
			return x + y
		}
	}
	return ""
}

// lacksIn returns the reasons by feature that the tests of an adapter declare: those of its
// composite literals of type map[adaptertest.Feature]string.
func lacksIn(t *testing.T, features map[string]string, files ...string) map[string]string {
	t.Helper()
	all, runs := map[string]string{}, false
	for _, file := range files {
		declared, mentioned := 0, 0
		ast.Inspect(parse(t, file), func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				runs = runs || n.Sel.Name == "Run" && name(n.X) == "adaptertest"
				if features[n.Sel.Name] != "" && name(n.X) == "adaptertest" {
					mentioned++
				}
			case *ast.CompositeLit:
				if m, ok := n.Type.(*ast.MapType); ok && isFeature(m.Key) {
					declared += addReasons(t, all, features, n.Elts)
				}
			}
			return true
		})
		if strings.HasSuffix(file, "_test.go") && mentioned != declared {
			t.Errorf("%s names %d features, of which %d are in literals of map[adaptertest.Feature]string: declare what is lacking there, so that docs/frameworks.md can list it", file, mentioned, declared)
		}
	}
	if strings.HasSuffix(files[0], "_test.go") && !runs {
		t.Errorf("%v do not run the conformance suite: call adaptertest.Run", files)
	}
	return all
}

// addReasons adds the entries of a literal. Services of one module may lack a feature for different
// reasons.
func addReasons(t *testing.T, to, features map[string]string, entries []ast.Expr) int {
	t.Helper()
	for _, e := range entries {
		entry, ok := e.(*ast.KeyValueExpr)
		if !ok || features[name(entry.Key)] == "" || text(entry.Value) == "" {
			t.Errorf("an entry of Lacks is not a feature of adaptertest with a reason as a literal")
			continue
		}
		feature, reason := features[name(entry.Key)], strings.ReplaceAll(text(entry.Value), "|", "\\|")
		if known := to[feature]; known != "" && !strings.Contains(known, reason) {
			reason = known + "; " + reason
		}
		to[feature] = reason
	}
	return len(entries)
}
