package doctor

import (
	"fmt"
	"slices"
	"strings"
)

var clientLabel = check{
	id:         "client-label",
	summary:    "A label contains client input: Host, User-Agent, Referer, client address or query.",
	severities: []Severity{Info, Warning, Error},
	run:        findClientLabels,
}

// manyClients is the number of values above which clients control them.
const manyClients = 10

func findClientLabels(e *examination) []Finding {
	var order []string
	seen := map[string][]*family{}
	for _, f := range e.main.families {
		if !f.aboutHTTP() || f.outgoing() {
			continue
		}
		for _, label := range f.labelNames() {
			if name := strings.ToLower(label); slices.Contains(hostLabels, name) || slices.Contains(clientLabels, name) {
				if seen[label] == nil {
					order = append(order, label)
				}
				seen[label] = append(seen[label], f)
			}
		}
	}
	var found []Finding
	for _, label := range order {
		if !e.blamed[label] {
			e.blamed[label] = true
			found = append(found, clientFinding(label, seen[label]))
		}
	}
	return found
}

func clientFinding(label string, families []*family) Finding {
	values := mostValues(label, families)
	return Finding{
		Severity: clientSeverity(label, len(values)), Metric: families[0].name, Label: label,
		Title:    fmt.Sprintf("The label %s contains client input", label),
		Evidence: fmt.Sprintf("%s, in %s.", few(values), names(metricsOf(families))),
		Fix: "Anyone who sends requests can create any number of series. Remove the label, or map its values to a declared list " +
			"and all others to one value.",
	}
}

// clientSeverity allows a Host label a few values: it may be one service under several
// names.
func clientSeverity(label string, values int) Severity {
	switch {
	case values >= 10*manyClients:
		return Error
	case values >= manyClients, slices.Contains(clientLabels, strings.ToLower(label)):
		return Warning
	}
	return Info
}

// mostValues returns the values of the label in the family with the most values.
func mostValues(label string, families []*family) []string {
	var most []string
	for _, f := range families {
		if values := f.values(label); len(values) > len(most) {
			most = most[:0]
			for v := range values {
				most = append(most, v)
			}
		}
	}
	return most
}
