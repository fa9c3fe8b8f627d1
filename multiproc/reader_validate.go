package multiproc

import (
	"slices"
	"strings"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/internal/names"
)

// Data from files is checked here once: one corrupt byte must not make a whole scrape invalid,
// and a name must not be able to add lines of its own.

// isValidName reports whether a name is valid in the older text format or, with UTF-8 names,
// free of control characters.
func (m *merged) isValidName(name string) bool {
	if m.utf8 {
		return name != "" && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
	}
	return names.Metric(name)
}

func (m *merged) isValidLabel(name string) bool {
	if m.utf8 {
		return m.isValidName(name) && !strings.HasPrefix(name, "__")
	}
	return names.Label(name)
}

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
