package dash

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// joinedFile is what index.html asks for instead of the modules one by one.
const joinedFile = "tacho.js"

// The two lines of a module that join has to know. Each stands on one line and
// begins it; a test finds modules that write them otherwise.
var (
	importLine = regexp.MustCompile(`(?m)^import \{([^}]*)\} from "\./([\w.]+)";\n`)
	exportLine = regexp.MustCompile(`(?m)^export ((?:async )?function\*?|const|class) (\w+)`)
)

// What a browser does not need: comments and indentation. Comments stand on
// lines of their own, but for types, and no string of ours looks like one or
// spans two lines; a third of the bytes are saved.
var unneeded = regexp.MustCompile(`(?m)^[ \t]*//.*\n|^[ \t]*/\*\*(?:[^*]|\*[^/])*\*/[ \t]*\n|/\*\* [^*]*\*/ ?|^[ \t]+|[ \t]+// .*$`)

// join makes one classic script of native modules: each becomes a function that
// is called once, after those that it imports, and returns what it exports. Comments
// are left out. The modules stay what they are for tests and readers; a browser asks once instead
// of forty times.
func join(modules map[string]string) (string, error) {
	j := joiner{modules: modules, state: map[string]int{}}
	j.out.WriteString("\"use strict\";\n(() => {\nconst modules = {};\n")
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		if err := j.add(name, nil); err != nil {
			return "", err
		}
	}
	j.out.WriteString("})();\n")
	return j.out.String(), nil
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
	text = unneeded.ReplaceAllString(exportLine.ReplaceAllString(text, "$1 $2"), "")
	return fmt.Sprintf("modules[%q] = (() => {\n%s\nreturn { %s };\n})();\n", name, text, strings.Join(exported, ", "))
}

// joined is the script of the modules among the static files.
func joined(files map[string][]byte) []byte {
	modules := map[string]string{}
	for name, body := range files {
		if path.Ext(name) == ".js" && path.Dir(name) == "." {
			modules[name] = string(body)
		}
	}
	script, err := join(modules)
	if err != nil {
		panic("dash: " + err.Error()) // embedded by the compiler, and a test has joined them
	}
	return []byte(script)
}
