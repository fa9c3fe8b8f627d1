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
// left out, and so are metrics with the labels of one before them.
//
// Where a Meter has it for a gatherer, a scrape that cannot wait for it is answered 503,
// since a part of it would look like all.
func Join(all ...prometheus.Gatherer) prometheus.Gatherer { return joined(all) }

type joined []prometheus.Gatherer

// Directories reports that what is gathered is read from directories.
func (joined) Directories() bool { return true }

// Gather implements prometheus.Gatherer.
func (j joined) Gather() ([]*dto.MetricFamily, error) {
	var all []*dto.MetricFamily
	at := map[string]int{}
	for _, g := range j {
		families, err := g.Gather()
		if err != nil {
			return nil, err
		}
		for _, f := range families {
			i, there := at[f.GetName()]
			switch {
			case !there:
				at[f.GetName()] = len(all)
				all = append(all, f)
			case all[i].GetType() == f.GetType():
				all[i] = union(all[i], f)
			}
		}
	}
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all, nil
}

// union is a family with the metrics of another one, but for those whose labels it has.
func union(f, more *dto.MetricFamily) *dto.MetricFamily {
	all := &dto.MetricFamily{Name: f.Name, Help: f.Help, Type: f.Type, Unit: f.Unit, Metric: slices.Clone(f.Metric)}
	slices.SortStableFunc(all.Metric, func(a, b *dto.Metric) int { return compareLabels(a.Label, b.Label) })
	there := all.Metric
	for _, m := range more.Metric {
		_, twice := slices.BinarySearchFunc(there, m, func(a, b *dto.Metric) int { return compareLabels(a.Label, b.Label) })
		if !twice {
			all.Metric = append(all.Metric, m)
		}
	}
	return all
}
