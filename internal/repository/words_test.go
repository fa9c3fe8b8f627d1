package repository_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// spacedPercent is a percentage with a space, in what people read: of docs, of messages, of formats. In
// code, % is an operator between two operands.
var spacedPercent = regexp.MustCompile(`(?:[0-9]|%[0-9.]*[gf]) %%?(?:[.](?:\s|$)|[,;:)'"` + "`" + `|]|$| (?:of|are|is|or|and|more|less|CPU|to|the)\b)`)

// TestPercentages: percentages are written without a space, as PromQL's humanizePercentage writes them.
func TestPercentages(t *testing.T) {
	inRoot(t)
	list, err := exec.Command("git", "ls-files", "--", "*.go", "*.md", "*.js", "*.yml", "*.html").Output()
	if err != nil {
		t.Fatal(err)
	}
	for file := range strings.Lines(string(list)) {
		file = strings.TrimSpace(file)
		if strings.HasPrefix(file, "dash/bundle/") || strings.HasSuffix(file, "internal/repository/words_test.go") || file == "cmd/tacho/limits_test.go" {
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
