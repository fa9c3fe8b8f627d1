package dash

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The files that are asked for instead of the modules one by one: what index.html
// needs, and what is fetched when one first goes to a screen that needs it.
const (
	joinedFile = "tacho.js"
	laterFile  = "later.js"
	firstOfAll = "main.js"
)

// The two lines of a module that join has to know. Each stands on one line and
// begins it; a test finds modules that write them otherwise.
var (
	importLine = regexp.MustCompile(`(?m)^import \{([^}]*)\} from "\./([\w.]+)";\n`)
	importCall = regexp.MustCompile(`import\("\./([\w.]+)"\)`)
	exportLine = regexp.MustCompile(`(?m)^export ((?:async )?function\*?|const|class) (\w+)`)
)

// What a browser does not need: comments and indentation. Comments stand on
// lines of their own, but for types, and no string of ours looks like one or
// spans two lines; a third of the bytes are saved.
var unneeded = regexp.MustCompile(`(?m)^[ \t]*//.*\n|^[ \t]*/\*\*(?:[^*]|\*[^/])*\*/[ \t]*\n|/\*\* [^*]*\*/ ?|^[ \t]+|[ \t]+// .*$`)

// join makes two scripts of native modules: each becomes a function that is called
// once, after those that it imports, and returns what it exports. Comments are left
// out. The first script has all that a module needs from the start, the second what
// is imported by a call. The modules stay what they are for tests and readers; a
// browser asks once instead of forty times.
func join(modules map[string]string, first string) (now, later string, err error) {
	j := joiner{modules: modules, state: map[string]int{}}
	j.out.WriteString("\"use strict\";\nconst modules = {};\n")
	if err := j.add(first, nil); err != nil {
		return "", "", err
	}
	now = j.out.String()
	j.out.Reset()
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		if err := j.add(name, nil); err != nil {
			return "", "", err
		}
	}
	return now, j.out.String(), nil
}

type joiner struct {
	modules map[string]string
	state   map[string]int // 1: its imports are being added, 2: it is there
	out     strings.Builder
}

// add writes a module after the ones it imports.
func (j *joiner) add(name string, from []string) error {
	text, found := j.modules[name]
	switch {
	case !found:
		return fmt.Errorf("%s imports %s, which is not there", from[len(from)-1], name)
	case j.state[name] == 2:
		return nil
	case j.state[name] == 1:
		return fmt.Errorf("modules import each other in a circle: %s", strings.Join(append(from, name), " → "))
	}
	j.state[name] = 1
	for _, m := range importLine.FindAllStringSubmatch(text, -1) {
		if err := j.add(m[2], append(from, name)); err != nil {
			return err
		}
	}
	j.state[name] = 2
	j.out.WriteString(asFunction(name, text))
	return nil
}

// asFunction is a module as a function's call.
func asFunction(name, text string) string {
	var exported []string
	for _, m := range exportLine.FindAllStringSubmatch(text, -1) {
		exported = append(exported, m[2])
	}
	text = importLine.ReplaceAllStringFunc(text, func(line string) string {
		m := importLine.FindStringSubmatch(line)
		return fmt.Sprintf("const {%s} = modules[%q];\n", strings.ReplaceAll(m[1], " as ", ": "), m[2])
	})
	text = importCall.ReplaceAllString(text, `import("./`+laterFile+`").then(() => modules["$1"])`)
	text = unneeded.ReplaceAllString(exportLine.ReplaceAllString(text, "$1 $2"), "")
	return fmt.Sprintf("modules[%q] = (() => {\n%s\nreturn { %s };\n})();\n", name, text, strings.Join(exported, ", "))
}

// addJoined adds the scripts of the modules to the static files.
func addJoined(files map[string][]byte) {
	modules := map[string]string{}
	for name, body := range files {
		if path.Ext(name) == ".js" && path.Dir(name) == "." {
			modules[name] = string(body)
		}
	}
	now, later, err := join(modules, firstOfAll)
	if err != nil {
		panic("dash: " + err.Error()) // embedded by the compiler, and a test has joined them
	}
	files[joinedFile], files[laterFile] = []byte(now), []byte(later)
}
