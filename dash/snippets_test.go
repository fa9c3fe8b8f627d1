package dash_test

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSnippets: every line of code of the first start is in the documentation as it is, so that the tests that
// run the documentation's code also cover the page's.
func TestSnippets(t *testing.T) {
	var documented []string
	for _, name := range []string{"README.md", "docs/frameworks.md", "docs/from-flask.md", "docs/multiproc.md"} {
		text, err := os.ReadFile("../" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?s)```.*?```").FindAllString(string(text), -1) {
			for line := range strings.Lines(block) {
				documented = append(documented, strings.TrimSpace(line))
			}
		}
	}
	lines := regexp.MustCompile(`text: ("(?:[^"\\]|\\.)*")`).FindAllStringSubmatch(files(t)["snippets.js"], -1)
	if len(lines) < 12 {
		t.Fatalf("snippets.js has %d lines of code", len(lines))
	}
	for _, m := range lines {
		line, err := strconv.Unquote(m[1])
		if err != nil {
			t.Fatalf("%s: %v", m[1], err)
		}
		if !slices.Contains(documented, line) {
			t.Errorf("no code in the documentation has the line %q", line)
		}
	}
}
