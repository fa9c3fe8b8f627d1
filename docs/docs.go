// Package docs carries the pages of the alerts, so that the link of an alert
// works where it fired.
package docs

import (
	"embed"
	"net/http"
	"path"
	"strings"
)

//go:embed alerts
var pages embed.FS

// A Note is a paragraph for an alert's page, such as the threshold in force.
type Note struct{ English, Chinese string }

// Alerts serves docs/alerts/NAME.md at NAME, as plain text. Notes are added to the first paragraphs of
// the pages of these alerts.
func Alerts(notes map[string]Note) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimSuffix(path.Base(r.URL.Path), ".md")
		page, err := pages.ReadFile("alerts/" + name + ".md")
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write([]byte(notes[name].in(string(page))))
	})
}

// in adds the note in both languages, before the first section.
func (n Note) in(page string) string {
	english, chinese, _ := strings.Cut(page, "\n## 中文\n")
	if n == (Note{}) || chinese == "" {
		return page
	}
	english = strings.Replace(english, "\n## ", "\n"+n.English+"\n\n## ", 1)
	chinese = strings.Replace(chinese, "\n### ", "\n"+n.Chinese+"\n\n### ", 1)
	return english + "\n## 中文\n" + chinese
}
