package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCheckedIn: what is checked in is what the modules give.
func TestCheckedIn(t *testing.T) {
	made, err := bundle("../../dash/static")
	if err != nil {
		t.Fatal(err)
	}
	const dir = "../../dash/bundle"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if made[entry.Name()] == nil {
			t.Errorf("%s/%s is not made from the modules: run go generate ./dash", dir, entry.Name())
		}
	}
	for name, want := range made {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s/%s is not what the modules give (%v): run go generate ./dash", dir, name, err)
		}
	}
}

// write makes a folder with a small page; more replaces or adds files.
func write(t *testing.T, more map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"main.js":              "import {\n  both,\n  say,\n} from \"./messages.js\";\nconsole.log(both(\"a // b\"), say(\"well\"), () => import(\"./later.js\"));\n",
		"later.js":             "export { screen } from \"./screen.js\";\n",
		"screen.js":            "import { both } from \"./messages.js\";\nexport const screen = () => both(\"later\");\n",
		"messages.js":          "export const messages = {\n  // A comment.\n\n  well: [\"well <1>\", \"正常\"],\n};\nexport const languages = [\"en\", \"zh-CN\"];\nexport const say = (key) => messages[key];\nexport const both = (x) => [x];\n",
		"theme.css":            "body {\n  color: red;\n}\n",
		"vendor/uPlot.min.css": ".u { color: blue; }\n",
	}
	for name, text := range more {
		files[name] = text
	}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestBundle: a page is one file, what it imports by a call another, and the texts are in
// neither. Imports may take several lines, and strings may look like comments.
func TestBundle(t *testing.T) {
	made, err := bundle(write(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"sources.txt", "tacho-first.js", "tacho-first.js.map", "tacho-later.js", "tacho-later.js.map", "tacho.css", "tacho.css.map", "words.en.js", "words.zh-CN.js"}
	var names []string
	for name := range made {
		names = append(names, name)
	}
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("made %q, want %q", names, want)
	}
	for _, test := range []struct {
		name         string
		want, absent []string
	}{
		{"tacho-first.js", []string{`"a // b"`, `import("./tacho-later.js")`, "//# sourceMappingURL=tacho-first.js.map"}, []string{"chunk", "正常", "well <1>", `"later"`}},
		{"tacho-later.js", []string{`from"./tacho-first.js"`, `"later"`}, []string{"chunk", "console"}},
		{"tacho.css", []string{".u{color:#00f}body{color:red}"}, nil},
		{"words.en.js", []string{`well:["well <1>",""],`}, []string{"正常"}},
		{"words.zh-CN.js", []string{`well:["","正常"],`}, []string{"<1>"}},
	} {
		text := string(made[test.name])
		for _, part := range test.want {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %s:\n%s", test.name, part, text)
			}
		}
		for _, part := range test.absent {
			if strings.Contains(text, part) {
				t.Errorf("%s has %s:\n%s", test.name, part, text)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	const languages = "export const languages = [\"en\", \"zh-CN\"];\n"
	for _, test := range []struct{ name, file, text, want string }{
		{"a module that is missing", "screen.js", "import { x } from \"./x.js\";\nexport const screen = x;\n", `screen.js:1:18: Could not resolve "./x.js"`},
		{"a name that is not exported", "screen.js", "import { x } from \"./messages.js\";\nexport const screen = x;\n", `No matching export in "messages.js" for import "x"`},
		{"a message of two lines", "messages.js", languages + "export const messages = {\n  a: [\"a\",\n    \"b\"],\n};\n", "messages.js: line 3: a message takes one line"},
		{"a message in one language", "messages.js", languages + "export const messages = {\n  a: [\"a\"],\n};\n", "messages.js: line 3: a has 1 texts, want one for each of 2 languages"},
		{"other quotes", "messages.js", languages + "export const messages = {\n  a: [\"a\", 'b\"],\n};\n", "messages.js: line 3: a: texts are strings in double quotes"},
		{"a bundle's name", "tacho-later.js", "", "a module and a bundle are both called tacho-later.js"},
		{"no table", "messages.js", languages, "messages.js: no table"},
		{"no end", "messages.js", languages + "export const messages = {\n", "messages.js: no table"},
		{"no languages", "messages.js", "export const messages = {\n};\n", "messages.js: no line names the languages"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := bundle(write(t, map[string]string{test.file: test.text})); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestRun: what is in the folder from before goes.
func TestRun(t *testing.T) {
	to := t.TempDir()
	if err := os.WriteFile(filepath.Join(to, "old.js"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(write(t, nil), to); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(to, "old.js")); !os.IsNotExist(err) {
		t.Errorf("old.js is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(to, "tacho-first.js")); err != nil {
		t.Error(err)
	}
}
