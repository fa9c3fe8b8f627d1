package repository_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// spacedPercent is a percentage with a space, in what people read: of docs, of messages, of formats. In
// code, % is an operator between two operands.
var spacedPercent = regexp.MustCompile(`(?:[0-9]|%[0-9.]*[gf]) %%?(?:[.](?:\s|$)|[,;:)'"` + "`" + `|]|$| (?:of|are|is|or|and|more|less|CPU|to|the)\b)`)

// exempt are files whose percentages are input, or a number and its unit in two elements of the page.
var exempt = []string{"cmd/tacho/limits_test.go", "dash/page_test.go"}

// TestPercentages: percentages are written without a space, as PromQL's humanizePercentage writes them.
func TestPercentages(t *testing.T) {
	inRoot(t)
	list, err := exec.Command("git", "ls-files", "--", "*.go", "*.md", "*.js", "*.yml", "*.html").Output()
	if err != nil {
		t.Fatal(err)
	}
	for file := range strings.Lines(string(list)) {
		file = strings.TrimSpace(file)
		if strings.HasPrefix(file, "dash/bundle/") || strings.HasSuffix(file, "internal/repository/words_test.go") || slices.Contains(exempt, file) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue // deleted, not committed
		}
		for i, line := range strings.Split(string(text), "\n") {
			if found := spacedPercent.FindString(line); found != "" {
				t.Errorf("%s:%d: %q: write percentages without a space", file, i+1, found)
			}
		}
	}
}
