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

// What a Meter with Options.Multiproc collects are the sums of all processes. Whoever
// publishes this process's metrics must tell them from the process's own, and cannot
// go by their names: wrappers around the registry (prometheus.WrapRegistererWith,
// WrapRegistererWithPrefix) change these, and a metric of the user's may have a name
// that a Meter's has without its wrapper. So each metric carries a mark, which
// survives whatever happens to its name and labels.

// A mark is a field that no message of client_model has, with the Meter's number: in
// protocol buffers a reader skips it, in text it is not written.
type mark []byte

// markTag begins a mark: field 1001, of four bytes.
var markTag = binary.AppendUvarint(nil, 1001<<3|5)

// newMark returns a mark that no other Meter of the process has.
func newMark() mark { return binary.LittleEndian.AppendUint32(slices.Clone(markTag), rand.Uint32()) }

// set marks a metric: the part of it that has the value, since collectors that wrap
// others copy that as a whole.
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

// markOf is what a metric is marked with, if it is.
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

// isShared reports whether a family holds the sums of some Meter.
func isShared(f *dto.MetricFamily) bool {
	return slices.ContainsFunc(f.Metric, func(m *dto.Metric) bool { return bytes.Contains(markOf(m), markTag) })
}

// A wrapping is what a registry adds to names and labels. Options carry it where it
// cannot be had from a registry.
type wrapping struct {
	Prefix string            `json:"prefix,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
}

// learnWrapping finds out what has been added to this Meter's families, if they are
// among those.
func (k mark) learnWrapping(families []*dto.MetricFamily, constLabels map[string]string) (w wrapping, ok bool) {
	// Its names are the same whatever the options, and it always has samples.
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

// bare is a name without the prefix.
func (w wrapping) bare(name string) string { return strings.TrimPrefix(name, w.Prefix) }

// labels are constant labels and those that are added.
func (w wrapping) labels(constant map[string]string) map[string]string {
	if len(w.Labels) == 0 {
		return constant
	}
	all := maps.Clone(w.Labels)
	maps.Copy(all, constant)
	return all
}
