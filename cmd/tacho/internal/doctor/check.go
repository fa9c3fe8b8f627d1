package doctor

// A check looks for one kind of problem.
type check struct {
	id         string // in --json and docs/doctor.md
	summary    string // one sentence, repeated in docs/doctor.md
	severities []Severity
	run        func(*examination) []Finding
}

// one returns a single finding.
func one(f Finding) []Finding { return []Finding{f} }

// metricsOf returns the names of families, in their order.
func metricsOf(families []*family) []string {
	var found []string
	for _, f := range families {
		found = append(found, f.name)
	}
	return found
}

// where returns the families for which holds returns true.
func (x *exposition) where(holds func(*family) bool) []*family {
	var found []*family
	for _, f := range x.families {
		if holds(f) {
			found = append(found, f)
		}
	}
	return found
}
