// Package markdown describes what a service exports as a page in Markdown.
package markdown

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/tacho-go/tacho/gen/live"
)

// sections are the parts of the page, in the order in which people look for them.
var sections = []struct {
	group live.Group
	title string
}{
	{live.Requests, "Requests"},
	{live.Own, "Own metrics"},
	{live.Runtime, "Process and runtime"},
	{live.Self, "About the metrics"},
}

// Page lists the metric families of a service: name, type, labels, and what they measure. It has no
// values and no numbers of series, so that it changes only with the metrics.
func Page(title string, r live.Registry) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n", oneLine(title))
	if names := schemaNames(r); names != "" {
		fmt.Fprintf(&b, "\nNaming scheme: %s.\n", names)
	}
	for _, s := range sections {
		families := r.In(s.group)
		if len(families) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n", s.title)
		for _, f := range families {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, kind(f), labels(f), cell(f.Help))
		}
	}
	return b.Bytes()
}

func schemaNames(r live.Registry) string {
	var names []string
	for _, s := range r.Schemas() {
		names = append(names, s.Name)
	}
	return strings.Join(names, " and ")
}

func kind(f live.Family) string {
	if f.Native && !f.Classic {
		return "native " + string(f.Kind)
	}
	return string(f.Kind)
}

func labels(f live.Family) string {
	if len(f.Labels) == 0 {
		return "–"
	}
	return "`" + strings.Join(f.Labels, "`, `") + "`"
}

// escaper keeps a text from ending its cell or beginning HTML.
var escaper = strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, `\`, `\\`)

func cell(text string) string {
	if text = oneLine(text); text == "" {
		return "–"
	}
	return escaper.Replace(text)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
