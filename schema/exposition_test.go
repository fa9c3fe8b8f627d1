package schema_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An exposition is the metric families of a service by name.
type exposition map[string]*exposedFamily

type exposedFamily struct {
	kind, help string
	labels     []string
}

var (
	sampleRE = regexp.MustCompile(`^(\w+)(?:\{(.*)\})? \S+$`)
	labelRE  = regexp.MustCompile(`(\w+)="(?:[^"\\]|\\.)*"`)
	suffixRE = regexp.MustCompile(`_(bucket|sum|count|gcount|gsum)$`)
)

func parse(text string) exposition {
	families := exposition{}
	at := func(name string) *exposedFamily {
		if families[name] == nil {
			families[name] = &exposedFamily{}
		}
		return families[name]
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "# HELP "); ok {
			name, help, _ := strings.Cut(rest, " ")
			at(name).help = help
		} else if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(rest, " ")
			at(name).kind = kind
		} else if m := sampleRE.FindStringSubmatch(line); m != nil {
			name := m[1]
			if base := suffixRE.ReplaceAllString(name, ""); families[base] != nil {
				name = base
			}
			f := at(name)
			for _, l := range labelRE.FindAllStringSubmatch(m[2], -1) {
				if !slices.Contains(f.labels, l[1]) {
					f.labels = append(f.labels, l[1])
				}
			}
		}
	}
	return families
}

// labels returns the exposition in the form that Detect takes.
func (e exposition) labels() map[string][]string {
	families := map[string][]string{}
	for name, f := range e {
		families[name] = f.labels
	}
	return families
}

func readExposition(t *testing.T, name string) exposition {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return parse(string(text))
}
