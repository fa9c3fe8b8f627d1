package doctor

import "github.com/tacho-go/tacho/schema"

var missing = check{
	id:         "missing",
	summary:    "A request counter, duration histogram, in-flight gauge, process metrics or runtime metrics are missing.",
	severities: []Severity{Info},
	run:        findMissing,
}

func findMissing(e *examination) []Finding {
	if e.main.parseError != nil || e.main.series == 0 {
		return nil // the metrics are unknown
	}
	known := knownNames()
	var found []Finding
	for i, r := range roles {
		if len(e.main.where(func(f *family) bool { return known[i][f.name] || r.summary(f) })) == 0 {
			found = append(found, Finding{
				Severity: Info, Title: "Missing: " + r.what,
				Evidence: "No metric of this endpoint matches by name, type and labels.", Fix: r.fix,
			})
		}
	}
	return found
}

// knownNames returns the names of each role in the known schemas.
func knownNames() []map[string]bool {
	names := make([]map[string]bool, len(roles))
	for i, r := range roles {
		names[i] = map[string]bool{}
		for _, s := range schema.Known() {
			if r.known != nil {
				if name := r.known(s).Name; name != "" {
					names[i][name] = true
				}
			}
		}
	}
	return names
}
