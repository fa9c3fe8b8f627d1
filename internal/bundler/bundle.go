package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// The modules that esbuild does not see as they are.
const (
	firstModule  = "main.js"     // what the page starts with
	laterModule  = "later.js"    // what it imports by a call, on first use
	tableModule  = "messages.js" // its texts come in a file for each language
	importsFirst = "\nimport \"./" + firstModule + "\";\n"
)

// The styles that come first: what every screen has. The others, one for each screen, follow by name.
const firstStyles = `@import "./vendor/uPlot.min.css"; @import "./theme.css";`

// esbuild puts what the page and the later screens share into a file of this name. That
// is all of the page, because the later module imports it (see load): the page is one
// file. It gets a name that says more, and is as long, so that source maps hold.
const shared, page = "tacho-chunk.js", "tacho-first.js"

// bundle returns the files for a browser, by name, from the modules in a folder:
// tacho-first.js with all that the page needs from the start, tacho-later.js, the texts in
// each language, and tacho.css. Source maps point to the modules beside them.
func bundle(dir string) (map[string][]byte, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	table, err := os.ReadFile(filepath.Join(dir, tableModule))
	if err != nil {
		return nil, err
	}
	code, files, err := splitTable(string(table))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tableModule, err)
	}
	result := api.Build(options(dir, code))
	if err := failure(append(result.Errors, result.Warnings...)); err != nil {
		return nil, err
	}
	for _, f := range result.OutputFiles {
		if _, err := os.Stat(f.Path); err == nil {
			return nil, fmt.Errorf("a module and a bundle are both called %s: both are served beside each other", filepath.Base(f.Path))
		}
		name := strings.Replace(filepath.Base(f.Path), shared, page, 1)
		files[name] = rename(f.Contents)
	}
	// The entry does nothing but import the page.
	delete(files, "entry.js")
	delete(files, "entry.js.map")
	files["sources.txt"], err = sums(dir)
	return files, err
}

// sums lists the SHA-256 of all modules and styles, as sha256sum does. By it a test of
// package dash, which has no esbuild, finds modules that are newer than the bundle.
func sums(dir string) ([]byte, error) {
	var out bytes.Buffer
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".js" && path.Ext(name) != ".css" {
			return err
		}
		text, err := fs.ReadFile(root, name)
		fmt.Fprintf(&out, "%x  %s\n", sha256.Sum256(text), name)
		return err
	})
	return out.Bytes(), err
}

// rename gives the page its name where it is imported and where its source map is named.
func rename(text []byte) []byte {
	for _, before := range []string{`"./`, `//# sourceMappingURL=`} {
		text = bytes.ReplaceAll(text, []byte(before+shared), []byte(before+page))
	}
	return text
}

// options are those of a build whose outputs lie beside the modules, as they are served.
// The target is that of jstest/tsconfig.json.
func options(dir, table string) api.BuildOptions {
	return api.BuildOptions{
		AbsWorkingDir: dir,
		Outdir:        dir,
		EntryPointsAdvanced: []api.EntryPoint{
			{InputPath: "./" + firstModule, OutputPath: "entry"},
			{InputPath: "./tacho.css", OutputPath: "tacho"},
		},
		ChunkNames:        "tacho-[name]",
		External:          []string{"./words.*.js"},
		Plugins:           []api.Plugin{{Name: "tacho", Setup: load(dir, table)}},
		Bundle:            true,
		Splitting:         true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Sourcemap:         api.SourceMapLinked,
		SourcesContent:    api.SourcesContentExclude,
	}
}

// load gives esbuild the table without its texts, the later module with an import of the
// first, and the style sheet that imports the others.
func load(dir, table string) func(api.PluginBuild) {
	return func(build api.PluginBuild) {
		build.OnLoad(api.OnLoadOptions{Filter: `[\\/]` + tableModule + `$`}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			return api.OnLoadResult{Contents: &table}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: `[\\/]` + laterModule + `$`}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			text, err := os.ReadFile(a.Path)
			contents := string(text) + importsFirst
			return api.OnLoadResult{Contents: &contents}, err
		})
		build.OnResolve(api.OnResolveOptions{Filter: `^\./tacho\.css$`}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: "tacho.css", Namespace: "styles"}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: "styles"}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			contents, err := styles(dir)
			return api.OnLoadResult{Contents: &contents, ResolveDir: dir, Loader: api.LoaderCSS}, err
		})
	}
}

func failure(messages []api.Message) error {
	var all []error
	for _, m := range messages {
		if m.Location != nil {
			all = append(all, fmt.Errorf("%s:%d:%d: %s", m.Location.File, m.Location.Line, m.Location.Column, m.Text))
		} else {
			all = append(all, errors.New(m.Text))
		}
	}
	return errors.Join(all...)
}

// styles is a sheet that imports all others.
func styles(dir string) (string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.css")) // sorted
	if err != nil {
		return "", err
	}
	contents := firstStyles
	for _, name := range names {
		if base := filepath.Base(name); base != "theme.css" {
			contents += fmt.Sprintf(" @import %q;", "./"+base)
		}
	}
	return contents, nil
}
