// Package filegraph tells which files of a package use which: what a reader has
// to know before a file can be understood. Only tests import it. It knows the
// standard library only, and runs the go command.
package filegraph

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// A Package is one package's files, and for each the other files whose
// declarations it uses: types, functions, methods, fields, variables and constants.
// Tests are left out.
type Package struct {
	Path  string
	Files map[string][]string
}

// A listed is a package as go list describes it.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
	Error                   *struct{ Err string }
}

// Load reads the packages that the patterns name, as for go list, in the
// directory.
func Load(dir string, patterns ...string) ([]Package, error) {
	all, err := list(dir, patterns)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, p := range all {
		exports[p.ImportPath] = p.Export
	}
	var packages []Package
	for _, p := range all {
		if p.DepOnly {
			continue
		}
		graph, err := load(p, exports)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.ImportPath, err)
		}
		packages = append(packages, graph)
	}
	return packages, nil
}

// list runs go list, which compiles what the packages import.
func list(dir string, patterns []string) (all []listed, err error) {
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,DepOnly,Error"}, patterns...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.Bytes())
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		if p.Error != nil {
			return nil, errors.New(p.Error.Err)
		}
		all = append(all, p)
	}
}

// load type-checks one package against the export data of its imports.
func load(p listed, exports map[string]string) (Package, error) {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return Package{}, err
		}
		files = append(files, f)
	}
	open := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", open)}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	checked, err := config.Check(p.ImportPath, fset, files, info)
	if err != nil {
		return Package{}, err
	}
	return Package{Path: p.ImportPath, Files: dependencies(fset, checked, files, info)}, nil
}

func dependencies(fset *token.FileSet, of *types.Package, files []*ast.File, info *types.Info) map[string][]string {
	base := func(pos token.Pos) string { return filepath.Base(fset.Position(pos).Filename) }
	uses := map[string]map[string]bool{}
	for _, f := range files {
		uses[base(f.Pos())] = map[string]bool{}
	}
	for ident, object := range info.Uses {
		from := base(ident.Pos())
		if object.Pkg() == of && object.Pos().IsValid() {
			if to := base(object.Pos()); to != from {
				uses[from][to] = true
			}
		}
	}
	sorted := map[string][]string{}
	for from, to := range uses {
		sorted[from] = slices.Sorted(maps.Keys(to))
	}
	return sorted
}

// Dependencies is how many other files a file uses on average.
func (p Package) Dependencies() float64 {
	n := 0
	for _, to := range p.Files {
		n += len(to)
	}
	return float64(n) / float64(max(1, len(p.Files)))
}

// Cycles returns the sets of two and more files each of which reaches all
// others of its set, the largest first.
func (p Package) Cycles() (cycles [][]string) {
	reach := map[string]map[string]bool{}
	for from := range p.Files {
		reach[from] = map[string]bool{}
		p.walk(from, reach[from])
	}
	done := map[string]bool{}
	for _, from := range slices.Sorted(maps.Keys(p.Files)) {
		if done[from] {
			continue
		}
		cycle := []string{from}
		for to := range reach[from] {
			if to != from && reach[to][from] {
				cycle = append(cycle, to)
			}
		}
		for _, f := range cycle {
			done[f] = true
		}
		if len(cycle) > 1 {
			slices.Sort(cycle)
			cycles = append(cycles, cycle)
		}
	}
	slices.SortStableFunc(cycles, func(a, b []string) int { return cmp.Compare(len(b), len(a)) })
	return cycles
}

// walk marks the files that a file reaches.
func (p Package) walk(from string, reached map[string]bool) {
	for _, to := range p.Files[from] {
		if !reached[to] {
			reached[to] = true
			p.walk(to, reached)
		}
	}
}
