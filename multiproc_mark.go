package tacho

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/schema"
)

// A Meter with Options.Multiproc collects sums of all processes. Publishing this process's metrics
// must distinguish them from the process's own, and cannot rely on names: wrappers around the
// registry (prometheus.WrapRegistererWith, WrapRegistererWithPrefix) change these, and one of the
// user's metrics may have the name of a Meter's without its wrapper. So each metric carries a mark,
// which does not depend on its name and labels.

// A mark is a field that no message of client_model has, with the Meter's number: protocol buffer
// readers skip it, and text does not contain it.
type mark []byte

// markTag begins a mark: field 1001, of four bytes.
var markTag = binary.AppendUvarint(nil, 1001<<3|5)

// newMark returns a mark that is unique in the process.
func newMark() mark { return binary.LittleEndian.AppendUint32(slices.Clone(markTag), rand.Uint32()) }

// set marks a metric: the part that has the value, because collectors that wrap others copy that
// part unchanged.
func (k mark) set(m *dto.Metric) {
	switch {
	case k == nil:
	case m.Counter != nil:
		m.Counter.ProtoReflect().SetUnknown([]byte(k))
	case m.Gauge != nil:
		m.Gauge.ProtoReflect().SetUnknown([]byte(k))
	case m.Histogram != nil:
		m.Histogram.ProtoReflect().SetUnknown([]byte(k))
	case m.Summary != nil:
		m.Summary.ProtoReflect().SetUnknown([]byte(k))
	}
}

// markOf returns the mark of a metric, or nil.
func markOf(m *dto.Metric) []byte {
	switch {
	case m.Counter != nil:
		return m.Counter.ProtoReflect().GetUnknown()
	case m.Gauge != nil:
		return m.Gauge.ProtoReflect().GetUnknown()
	case m.Histogram != nil:
		return m.Histogram.ProtoReflect().GetUnknown()
	}
	return m.Summary.ProtoReflect().GetUnknown()
}

// isShared reports whether a family holds the sums of a Meter.
func isShared(f *dto.MetricFamily) bool {
	return slices.ContainsFunc(f.Metric, func(m *dto.Metric) bool { return bytes.Contains(markOf(m), markTag) })
}

// A wrapping is the prefix and the labels that a registry adds. Options carry it where no registry
// provides it.
type wrapping struct {
	Prefix string            `json:"prefix,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
}

// learnWrapping returns what was added to this Meter's families, if families contains them.
func (k mark) learnWrapping(families []*dto.MetricFamily, constLabels map[string]string) (w wrapping, ok bool) {
	// The names of this family do not depend on options, and it always has samples.
	const anchor = "tacho_scrape_errors_total"
	for _, f := range families {
		prefix, ends := strings.CutSuffix(f.GetName(), anchor)
		i := slices.IndexFunc(f.Metric, func(m *dto.Metric) bool { return bytes.Equal(markOf(m), k) })
		if !ends || i < 0 {
			continue
		}
		w = wrapping{Prefix: prefix, Labels: map[string]string{}}
		for _, l := range f.Metric[i].Label {
			w.Labels[l.GetName()] = l.GetValue()
		}
		maps.DeleteFunc(w.Labels, func(name, _ string) bool {
			_, const_ := constLabels[name]
			return const_ || name == schema.ScrapeErrors.Labels[0].Name
		})
		return w, true
	}
	return wrapping{}, false
}

// none reports whether nothing is added.
func (w wrapping) none() bool { return w.Prefix == "" && len(w.Labels) == 0 }

func (w wrapping) equal(other wrapping) bool {
	return w.Prefix == other.Prefix && maps.Equal(w.Labels, other.Labels)
}

// bare returns a name without the prefix.
func (w wrapping) bare(name string) string { return strings.TrimPrefix(name, w.Prefix) }

// labels returns constant labels and the added ones.
func (w wrapping) labels(constant map[string]string) map[string]string {
	if len(w.Labels) == 0 {
		return constant
	}
	all := maps.Clone(w.Labels)
	maps.Copy(all, constant)
	return all
}
