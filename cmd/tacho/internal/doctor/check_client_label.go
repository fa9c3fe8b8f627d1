package doctor

import (
	"fmt"
	"slices"
	"strings"
)

var clientLabel = check{
	id:    "client-label",
	looks: "A label holds what the client says: Host, User-Agent, Referer, its address or the query.",
	gives: []Severity{Info, Warning, Error},
	run:   findClientLabels,
}

// manyClients is how many values show that nobody chose them.
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
		Title:    fmt.Sprintf("The label %s holds what the client says", label),
		Evidence: fmt.Sprintf("%s, in %s.", few(values), names(metricsOf(families))),
		Cure: "Whoever sends requests can make as many series as they like. Leave the label out, or map it to a list of values " +
			"that you declare, and everything else to one value.",
	}
}

// clientSeverity: a Host label with a few values may be one service under a
// few names.
func clientSeverity(label string, values int) Severity {
	switch {
	case values >= 10*manyClients:
		return Error
	case values >= manyClients, slices.Contains(clientLabels, strings.ToLower(label)):
		return Warning
	}
	return Info
}

// mostValues returns the label's values in the family that has most.
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
