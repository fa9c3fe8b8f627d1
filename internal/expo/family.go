// Package expo writes metric families in the formats that Prometheus reads: text, OpenMetrics,
// protocol buffers, Python's text, and client_golang's data types. It also negotiates format and
// compression, and filters by name. The root package and internal/scan use it. Families are plain
// data: it must not depend on the source of their values.
package expo

import (
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/schema"
)

// A Family is a metric family with its exported name and labels.
type Family struct {
	Name   string
	help   string
	Kind   schema.Kind
	Labels []Label // sorted by name, constant ones included
	Desc   *prometheus.Desc
}

// NewFamily returns a family. labels are those whose values differ between its label sets.
func NewFamily(name, help string, kind schema.Kind, labels []Label, constLabels map[string]string) *Family {
	f := &Family{Name: name, help: help, Kind: kind, Labels: slices.Clone(labels)}
	var variable []string
	for _, l := range labels {
		variable = append(variable, l.Name)
	}
	for k, v := range constLabels {
		f.Labels = append(f.Labels, Label{Name: k, from: constant, text: v})
	}
	slices.SortFunc(f.Labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	f.Desc = prometheus.NewDesc(name, help, variable, maps.Clone(constLabels))
	return f
}

// A Label is constant or taken from the values of a label set.
type Label struct {
	Name  string
	Value schema.Value // its value in a label set
	Omit  []string     // values for which the label is omitted

	from  origin
	text  string // of a constant label
	extra int    // index of an extra value
}

// ExtraLabel returns a label for one of a label set's extra values.
func ExtraLabel(name string, extra int) Label { return Label{Name: name, from: ofExtras, extra: extra} }

// An origin is the source of a label's value.
type origin uint8

const (
	ofRequest origin = iota // by schema.Value
	constant
	ofExtras
)

// Of returns the label's value in a label set, and whether it has one.
func (l *Label) Of(v *Values) (text string, there bool) {
	switch l.from {
	case constant:
		return l.text, true
	case ofExtras:
		return v.Extras[l.extra], true
	}
	text = v.Text[l.Value]
	return text, len(l.Omit) == 0 || !slices.Contains(l.Omit, text)
}

// pairs returns the label pairs of one label set, sorted by name.
func (f *Family) pairs(v *Values) []*dto.LabelPair {
	pairs := make([]*dto.LabelPair, 0, len(f.Labels))
	for i := range f.Labels {
		name := f.Labels[i].Name
		if value, there := f.Labels[i].Of(v); there {
			pairs = append(pairs, &dto.LabelPair{Name: &name, Value: &value})
		}
	}
	return pairs
}

// A Visitor receives the samples of a scrape; the encoders are visitors. It must not keep anything
// but strings.
type Visitor interface {
	Begin(f *Family) // a family with at least one label set
	Number(v *Values, n float64)
	Histogram(v *Values, r *hist.Snapshot)
	End()
}

// Values are one label set's values, by schema.Value and in the order of the extra labels, and its
// creation time.
type Values struct {
	Text    [schema.Recorded]string
	Extras  []string
	Created int64 // nanoseconds since the epoch
}
