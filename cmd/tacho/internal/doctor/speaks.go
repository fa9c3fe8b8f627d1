package doctor

import "github.com/tacho-go/tacho/schema"

// speaks returns the names of the schemas of the service's metrics, best first.
func speaks(x *exposition) []string {
	spoken := []string{}
	for _, s := range schema.Detect(x.labelNames(func(f *family) bool { return len(f.samples) > 0 })) {
		spoken = append(spoken, s.Name)
	}
	return spoken
}

// labelNames returns the label names of the wanted families.
func (x *exposition) labelNames(wanted func(*family) bool) map[string][]string {
	all := map[string][]string{}
	for _, f := range x.families {
		if wanted(f) {
			all[f.name] = f.labelNames()
		}
	}
	return all
}
