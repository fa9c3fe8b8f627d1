package dash

import (
	"strings"
	"testing"
)

// TestJoin: modules become functions in the order in which they need each other.
func TestJoin(t *testing.T) {
	got, later, err := join(map[string]string{
		"a.js": "import { b, c as d } from \"./b.js\";\nimport { e } from \"./e.js\";\nconsole.log(b, d, e(), () => import(\"./z.js\"));\n",
		"z.js": "import { e } from \"./e.js\";\nexport const z = e;\n",
		"b.js": "import { e } from \"./e.js\";\nexport const b = e();\nexport class c {}\n",
		"e.js": "// A comment.\nexport function e() { return 1; }\nexport async function* f() {}\n",
	}, "a.js")
	if err != nil {
		t.Fatal(err)
	}
	var at []int
	for _, want := range []string{
		"modules[\"e.js\"] = (() => {\nfunction e()", "async function* f() {}\n\nreturn { e, f };\n})();",
		"modules[\"b.js\"] = (() => {\nconst { e } = modules[\"e.js\"];\nconst b = e();\nclass c {}", "return { b, c };",
		"modules[\"a.js\"] = (() => {\nconst { b, c: d } = modules[\"b.js\"];\nconst { e } = modules[\"e.js\"];\nconsole.log",
	} {
		at = append(at, strings.Index(got, want))
	}
	for i := range at {
		if at[i] < 0 || i > 0 && at[i] < at[i-1] {
			t.Fatalf("part %d is not at its place in\n%s", i, got)
		}
	}
	if !strings.Contains(got, `import("./later.js").then(() => modules["z.js"])`) || strings.Contains(got, "const z") || !strings.HasPrefix(later, `modules["z.js"] = (() => {`) {
		t.Errorf("what is imported by a call does not come later: %s\n%s", got, later)
	}
}

func TestJoinRefuses(t *testing.T) {
	for _, test := range []struct {
		name, want string
		modules    map[string]string
	}{
		{"a circle", "a.js → b.js → a.js", map[string]string{"a.js": "import { b } from \"./b.js\";\n", "b.js": "import { a } from \"./a.js\";\n"}},
		{"a module that is missing", "a.js imports c.js, which is not there", map[string]string{"a.js": "import { c } from \"./c.js\";\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, _, err := join(test.modules, "a.js"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestJoined: our modules write their imports and exports as join reads them. That
// what it makes of them is a script every test in a browser shows.
func TestJoined(t *testing.T) {
	files := staticFiles()
	for line := range strings.Lines(string(files[joinedFile].plain.body) + string(files[laterFile].plain.body)) {
		if strings.HasPrefix(line, "import ") || strings.HasPrefix(line, "export ") {
			t.Errorf("join does not know the line %q", line)
		}
	}
}

// TestFilesAreMadeOnce: handlers share what is joined and compressed.
func TestFilesAreMadeOnce(t *testing.T) {
	a, b := Handler(Options{}).(page).files, Handler(Options{Title: "other"}).(page).files
	for name, f := range a {
		if same := &f.plain.body[0] == &b[name].plain.body[0]; same == (name == "config.json") {
			t.Errorf("%s: shared is %v", name, same)
		}
	}
	if n := testing.AllocsPerRun(10, func() { Handler(Options{}) }); n > 1000 {
		t.Errorf("a handler takes %v allocations", n)
	}
}
