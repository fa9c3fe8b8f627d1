package doctor

import "github.com/tacho-go/tacho/schema"

// speaks names the schemas that the service's metrics follow, best first.
func speaks(x *exposition) []string {
	seen := map[string][]string{}
	for _, f := range x.families {
		if len(f.samples) > 0 {
			seen[f.name] = f.labelNames()
		}
	}
	spoken := []string{}
	for _, s := range schema.Detect(seen) {
		spoken = append(spoken, s.Name)
	}
	return spoken
}
