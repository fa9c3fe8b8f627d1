package doctor

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func doctorPage(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile("../../../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestPageHasEveryCheck: the row in the table agrees with the code, and the section
// explains the problem and its fix.
func TestPageHasEveryCheck(t *testing.T) {
	page := doctorPage(t)
	for _, c := range checks() {
		row := fmt.Sprintf("| [`%s`](#%s) | %s | %s |\n", c.id, c.id, severities(c.severities), c.summary)
		if !strings.Contains(page, row) {
			t.Errorf("the page lacks this row:\n%s", row)
		}
		_, section, found := strings.Cut(page, "\n### "+c.id+"\n")
		section, _, _ = strings.Cut(section, "\n##")
		if !found || !strings.Contains(section, "**Why.** ") || !strings.Contains(section, "**Fix.** ") {
			t.Errorf("the page lacks a section ### %s with **Why.** and **Fix.**", c.id)
		}
	}
}

func severities(list []Severity) string {
	var names []string
	for _, s := range list {
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}

// TestPageHasNoOtherChecks, and tells them in the order of the table.
func TestPageHasNoOtherChecks(t *testing.T) {
	var want, rows, sections []string
	for _, c := range checks() {
		want = append(want, c.id)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| \\[`([a-z-]+)`\\]").FindAllStringSubmatch(doctorPage(t), -1) {
		rows = append(rows, m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^### ([a-z-]+)$`).FindAllStringSubmatch(doctorPage(t), -1) {
		sections = append(sections, m[1])
	}
	if !slices.Equal(rows, want) || !slices.Equal(sections, want) {
		t.Errorf("checks\n%v\nrows\n%v\nsections\n%v", want, rows, sections)
	}
}

// TestPageHasTheJSON: every field of the report is described.
func TestPageHasTheJSON(t *testing.T) {
	page := doctorPage(t)
	for _, v := range []any{Report{}, Facts{}, FamilySize{}, Cost{}, Finding{}} {
		kind := reflect.TypeOf(v)
		for i := range kind.NumField() {
			name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
			if !strings.Contains(page, "`"+name+"`") {
				t.Errorf("the page lacks `%s` of %s", name, kind.Name())
			}
		}
	}
}

// TestPageHasTheNumbers: the exit codes and the figures of the cost.
func TestPageHasTheNumbers(t *testing.T) {
	page := doctorPage(t)
	for _, want := range []string{"| 0 |", "| 1 |", "| 2 |", fmt.Sprintf("| %d |", ExitNoScrape), "1 to 2 bytes", "3 kB"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
