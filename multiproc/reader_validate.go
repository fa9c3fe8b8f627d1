package multiproc

import (
	"slices"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
)

// Data from files is checked here once: one corrupt byte must not make a whole scrape invalid,
// and a name must not be able to add lines of its own.

// dropInvalid drops metrics that Prometheus would reject, and counts them.
func (r *Reader) dropInvalid(families []*dto.MetricFamily) []*dto.MetricFamily {
	return slices.DeleteFunc(families, func(f *dto.MetricFamily) bool {
		if !r.merged.isValidName(f.GetName()) {
			r.report.damaged[BadName]++
			return true
		}
		f.Metric = slices.DeleteFunc(f.Metric, func(m *dto.Metric) bool {
			if r.validLabels(m.Label) {
				return false
			}
			r.report.damaged[BadName]++
			return true
		})
		return false
	})
}

// validLabels reports whether labels have valid names, each once, and valid UTF-8 values.
func (r *Reader) validLabels(labels []*dto.LabelPair) bool {
	for i, l := range labels {
		same := func(other *dto.LabelPair) bool { return other.GetName() == l.GetName() }
		if !r.merged.isValidLabel(l.GetName()) || !utf8.ValidString(l.GetValue()) || slices.ContainsFunc(labels[:i], same) {
			return false
		}
	}
	return true
}
