package multiproc

import (
	"slices"
	"strings"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/internal/names"
)

// What comes from files is checked here, once, before it is given on: one byte that has
// changed in a file must not make a whole scrape invalid, and a name must not write lines of
// its own.

// goodName says what names may be: those of the older text format, or, with UTF-8, whatever
// has no control characters.
func (m *merged) goodName(name string) bool {
	if m.utf8 {
		return name != "" && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
	}
	return names.Metric(name)
}

func (m *merged) goodLabel(name string) bool {
	if m.utf8 {
		return m.goodName(name) && !strings.HasPrefix(name, "__")
	}
	return names.Label(name)
}

// sound leaves out of families what Prometheus cannot hold, and counts it.
func (r *Reader) sound(families []*dto.MetricFamily) []*dto.MetricFamily {
	return slices.DeleteFunc(families, func(f *dto.MetricFamily) bool {
		if !r.merged.goodName(f.GetName()) {
			r.report.damaged[BadName]++
			return true
		}
		f.Metric = slices.DeleteFunc(f.Metric, func(m *dto.Metric) bool {
			if r.soundLabels(m.Label) {
				return false
			}
			r.report.damaged[BadName]++
			return true
		})
		return false
	})
}

// soundLabels reports whether labels have names, each once, and values that are text.
func (r *Reader) soundLabels(labels []*dto.LabelPair) bool {
	for i, l := range labels {
		same := func(other *dto.LabelPair) bool { return other.GetName() == l.GetName() }
		if !r.merged.goodLabel(l.GetName()) || !utf8.ValidString(l.GetValue()) || slices.ContainsFunc(labels[:i], same) {
			return false
		}
	}
	return true
}
