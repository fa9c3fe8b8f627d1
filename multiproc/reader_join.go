package multiproc

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Join returns a gatherer for the families of all others, and merges families of the same name:
// several directories, each with its own ConstLabels, plus a registry. It drops a family whose
// type differs from an earlier one's, and metrics whose labels an earlier one has.
//
// If a Meter gathers from it and a scrape cannot wait for it, the scrape is answered with 503,
// because a partial result would look complete.
func Join(all ...prometheus.Gatherer) prometheus.Gatherer { return joinedGatherers(all) }

type joinedGatherers []prometheus.Gatherer

// Directories reports that the metrics are read from directories.
func (joinedGatherers) Directories() bool { return true }

// Gather implements prometheus.Gatherer.
func (j joinedGatherers) Gather() ([]*dto.MetricFamily, error) {
	var all []*dto.MetricFamily
	at := map[string]int{}
	for _, g := range j {
		families, err := g.Gather()
		if err != nil {
			return nil, err
		}
		for _, f := range families {
			i, exists := at[f.GetName()]
			switch {
			case !exists:
				at[f.GetName()] = len(all)
				all = append(all, f)
			case all[i].GetType() == f.GetType():
				all[i] = unionOf(all[i], f)
			}
		}
	}
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all, nil
}

// unionOf returns f with the metrics of more, except those whose labels f has.
func unionOf(f, more *dto.MetricFamily) *dto.MetricFamily {
	all := &dto.MetricFamily{Name: f.Name, Help: f.Help, Type: f.Type, Unit: f.Unit, Metric: slices.Clone(f.Metric)}
	slices.SortStableFunc(all.Metric, func(a, b *dto.Metric) int { return compareLabels(a.Label, b.Label) })
	exists := all.Metric
	for _, m := range more.Metric {
		_, twice := slices.BinarySearchFunc(exists, m, func(a, b *dto.Metric) int { return compareLabels(a.Label, b.Label) })
		if !twice {
			all.Metric = append(all.Metric, m)
		}
	}
	return all
}
