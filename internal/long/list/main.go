// List prints the commands that run every test with a long form, for internal/testrun: one `--
// go test …` per package.
//
//	go run ./internal/long/list
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// heavy lists the folders whose tests run without -race, as in `make test`.
var heavy = []string{"server", "gen", "cmd"}

func main() {
	commands, err := list(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, c := range commands {
		fmt.Println(c)
	}
}

func list(root string) ([]string, error) {
	tests := map[string][]string{} // folder → tests
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		found, err := longTests(path)
		if len(found) > 0 {
			dir := filepath.ToSlash(filepath.Dir(path))
			tests[dir] = append(tests[dir], found...)
		}
		return err
	})
	var commands []string
	for _, dir := range slices.Sorted(maps.Keys(tests)) {
		race := "-race "
		if top, _, _ := strings.Cut(dir, "/"); slices.Contains(heavy, top) {
			race = ""
		}
		commands = append(commands, fmt.Sprintf("-- env GOGC=400 go test %s-timeout 30m -run ^(%s)$ ./%s", race, strings.Join(tests[dir], "|"), dir))
	}
	return commands, err
}

// longTests returns the tests of a file that call long.Form.
func longTests(path string) (names []string, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return nil, err
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !callsForm(f) {
			continue
		}
		if f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") {
			return nil, fmt.Errorf("%s: %s calls long.Form but is not a test: call it in the Test function, so that make long runs it", path, f.Name.Name)
		}
		names = append(names, f.Name.Name)
	}
	return names, nil
}

func callsForm(f *ast.FuncDecl) (calls bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Form" {
			pkg, ok := s.X.(*ast.Ident)
			calls = calls || ok && pkg.Name == "long"
		}
		return true
	})
	return calls
}
