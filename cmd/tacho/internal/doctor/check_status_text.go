package doctor

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

var statusText = check{
	id:         "status-text",
	summary:    "A status label contains words such as OK instead of 200.",
	severities: []Severity{Warning},
	run:        findStatusText,
}

func findStatusText(e *examination) []Finding {
	reported := map[string]bool{}
	var found []Finding
	for _, f := range e.main.families {
		label := firstOf(f.labelNames(), statusLabels)
		if label == "" || reported[label] || !f.aboutHTTP() {
			continue
		}
		if words := statusWords(f.values(label)); len(words) > 0 {
			found = append(found, Finding{
				Severity: Warning, Title: fmt.Sprintf("The label %s contains words, not numbers", label), Metric: f.name, Label: label,
				Evidence: few(words) + ", in " + f.name + ".",
				Fix:      fmt.Sprintf("Alerts and dashboards select %s=~\"5..\" and find nothing, so errors are missed. Record the number.", label),
			})
			reported[label] = true
		}
	}
	return found
}

// statusWords returns the values that are reason phrases.
func statusWords(values map[string]int) []string {
	var words []string
	for v := range values {
		if slices.Contains(reasonPhrases(), strings.ToLower(v)) {
			words = append(words, v)
		}
	}
	return words
}

func reasonPhrases() []string {
	var phrases []string
	for code := 100; code < 600; code++ {
		if text := http.StatusText(code); text != "" {
			phrases = append(phrases, strings.ToLower(text))
		}
	}
	return phrases
}
