package doctor

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

var statusText = check{
	id:    "status-text",
	looks: "A status label holds words such as OK instead of 200.",
	gives: []Severity{Warning},
	run:   findStatusText,
}

func findStatusText(e *examination) []Finding {
	told := map[string]bool{}
	var found []Finding
	for _, f := range e.main.families {
		label := firstOf(f.labelNames(), statusLabels)
		if label == "" || told[label] || !f.aboutHTTP() {
			continue
		}
		if words := statusWords(f.values(label)); len(words) > 0 {
			found = append(found, Finding{
				Severity: Warning, Title: fmt.Sprintf("The label %s holds words, not numbers", label), Metric: f.name, Label: label,
				Evidence: few(words) + ", in " + f.name + ".",
				Cure:     fmt.Sprintf("Alerts and dashboards look for %s=~\"5..\" and find nothing: errors stay unseen. Record the number.", label),
			})
			told[label] = true
		}
	}
	return found
}

// statusWords returns the values that are the words of a status code.
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
