package doctor

import "github.com/tacho-go/tacho/schema"

// speaks names the schemas that the service's metrics follow, best first.
func speaks(x *exposition) []string {
	spoken := []string{}
	for _, s := range schema.Detect(x.labelNames(func(f *family) bool { return len(f.samples) > 0 })) {
		spoken = append(spoken, s.Name)
	}
	return spoken
}

// labelNames lists the families that are wanted with the names of their labels.
func (x *exposition) labelNames(wanted func(*family) bool) map[string][]string {
	all := map[string][]string{}
	for _, f := range x.families {
		if wanted(f) {
			all[f.name] = f.labelNames()
		}
	}
	return all
}
