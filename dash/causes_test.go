package dash_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/scrapeerror"
)

var update = flag.Bool("update", false, "write the generated modules anew")

// TestCauses: the page has the table of package scrapeerror, and its tests hold it to
// that package's texts.
func TestCauses(t *testing.T) {
	for file, want := range map[string]string{
		"static/causes.js":     scrapeerror.Module(),
		"jstest/causecases.js": causeCases(t),
	} {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is not what internal/scrapeerror has: run go test ./dash -run TestCauses -update", file)
		}
	}
}

// causeCases are what package scrapeerror says of its own cases, as a module. Where only
// more than Prometheus's error tells what is wrong, the page cannot know it.
func causeCases(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../internal/scrapeerror/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Error, URL, Final string
		Timeout                 float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("// Code generated from internal/scrapeerror/cases.json by go test ./dash -run TestCauses -update; DO NOT EDIT.\n\nexport const causeCases = [\n")
	for _, c := range cases {
		e := scrapeerror.Explain(c.Error, scrapeerror.Target{URL: c.URL, Timeout: time.Duration(c.Timeout * float64(time.Second))})
		if c.Final != "" || e.What(scrapeerror.English) == c.Error {
			continue
		}
		texts := map[scrapeerror.Setting][]string{}
		for _, s := range []scrapeerror.Setting{scrapeerror.Config, scrapeerror.Arguments} {
			texts[s] = []string{e.Text(s, scrapeerror.English), e.Text(s, scrapeerror.Chinese)}
		}
		line, err := json.Marshal(map[string]any{"name": c.Name, "error": c.Error, "url": c.URL, "timeout": c.Timeout, "cause": e.Cause, "texts": texts})
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("  " + string(line) + ",\n")
	}
	return b.String() + "];\n"
}
