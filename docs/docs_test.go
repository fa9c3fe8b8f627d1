package docs

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestNotes: the threshold in force is a paragraph of its own in both halves of its alert's page.
func TestNotes(t *testing.T) {
	h := Alerts(map[string]Note{"TachoLatencyHigh": {"Threshold: 300ms.", "阈值：300ms。"}})
	page := func(name string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+name+".md", nil))
		return w.Body.String()
	}
	got := page("TachoLatencyHigh")
	for _, want := range []string{"\n\nThreshold: 300ms.\n\n## Why it matters\n", "\n\n阈值：300ms。\n\n### 影响\n"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("the page has %q %d times, want once:\n%s", want, strings.Count(got, want), got)
		}
	}
	if strings.Contains(page("TachoPanics"), "Threshold") {
		t.Error("another page has the note")
	}
}
