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

// Alerts serves docs/alerts/NAME.md at NAME, as plain text.
func Alerts() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimSuffix(path.Base(r.URL.Path), ".md")
		page, err := pages.ReadFile("alerts/" + name + ".md")
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(page)
	})
}
