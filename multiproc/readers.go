package multiproc

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Join returns a gatherer of everything that others have, where families of the
// same name become one: several directories, each with ConstLabels of its own,
// and a registry besides. A family that has another type than one before it is
// left out.
func Join(all ...prometheus.Gatherer) prometheus.Gatherer {
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		var joined []*dto.MetricFamily
		at := map[string]int{}
		for _, g := range all {
			families, err := g.Gather()
			if err != nil {
				return nil, err
			}
			for _, f := range families {
				i, there := at[f.GetName()]
				switch {
				case !there:
					at[f.GetName()] = len(joined)
					joined = append(joined, f)
				case joined[i].GetType() == f.GetType():
					joined[i].Metric = append(joined[i].Metric, f.Metric...)
				}
			}
		}
		slices.SortFunc(joined, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
		return joined, nil
	})
}
