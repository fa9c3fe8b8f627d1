package doctor

import "github.com/tacho-go/tacho/schema"

var missing = check{
	id:    "missing",
	looks: "There is no request counter, duration histogram, in-flight gauge, process metrics or runtime metrics.",
	gives: []Severity{Info},
	run:   findMissing,
}

func findMissing(e *examination) []Finding {
	if e.main.parseError != nil || e.main.series == 0 {
		return nil // what is there is not known
	}
	known := knownNames()
	var found []Finding
	for i, r := range roles {
		if len(e.main.where(func(f *family) bool { return known[i][f.name] || r.looks(f) })) == 0 {
			found = append(found, Finding{
				Severity: Info, Title: "Missing: " + r.what,
				Evidence: "No metric of this endpoint is one, by its name, type and labels.", Cure: r.cure,
			})
		}
	}
	return found
}

// knownNames are the names that the known schemas have for each role.
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
