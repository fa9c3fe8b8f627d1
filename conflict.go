package tacho

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tacho-go/tacho/internal/guard"
	"github.com/tacho-go/tacho/schema"
)

// Another collector may export a family that tacho exports itself: an unchecked
// one can write any name at any time, and a name that nobody has taken may still
// be that of a histogram's samples, or become one when it is escaped. Two families
// of one name make an exposition invalid. Tacho's own stays; the other one is left
// out and counted as a conflict.

// suffixes are what exposition formats append to the names of families.
var suffixes = map[dto.MetricType][]string{
	dto.MetricType_HISTOGRAM:       {"", "_bucket", "_count", "_sum"},
	dto.MetricType_GAUGE_HISTOGRAM: {"", "_bucket", "_count", "_sum"},
	dto.MetricType_SUMMARY:         {"", "_count", "_sum"},
}

// suffixesOpenMetrics come on top in OpenMetrics, where a counter's family has no
// _total, and in text with _created samples.
var suffixesOpenMetrics = map[dto.MetricType][]string{
	dto.MetricType_COUNTER:   {"", "_total", "_created"},
	dto.MetricType_HISTOGRAM: {"_created"},
	dto.MetricType_SUMMARY:   {"_created"},
}

var noSuffix = []string{""}

// A nameSet is every name that families use in an exposition format: their own, and
// those of their samples.
type nameSet struct {
	openMetrics bool
	names       map[string]bool
}

func newNameSet(all []*family, openMetrics bool) *nameSet {
	c := &nameSet{openMetrics: openMetrics, names: map[string]bool{}}
	for _, f := range all {
		c.add(f.name, f.Kind)
	}
	return c
}

// A spelling is a name with each of some suffixes.
type spelling struct {
	base     string
	suffixes []string
}

// spellings are all names that a family uses.
func (c *nameSet) spellings(name string, kind dto.MetricType) [2]spelling {
	plain, ok := suffixes[kind]
	if !ok {
		plain = noSuffix
	}
	all := [2]spelling{{name, plain}}
	if c.openMetrics {
		base := name
		if kind == dto.MetricType_COUNTER {
			base = strings.TrimSuffix(name, "_total")
		}
		all[1] = spelling{base, suffixesOpenMetrics[kind]}
	}
	return all
}

// add takes in the names that a family uses.
func (c *nameSet) add(name string, kind schema.Kind) {
	for _, s := range c.spellings(name, protoType(kind)) {
		for _, suffix := range s.suffixes {
			c.names[s.base+suffix] = true
		}
	}
}

// conflicts reports whether another collector's family uses a name of the set.
func (c *nameSet) conflicts(name string, kind dto.MetricType) bool {
	var room [128]byte // a scrape asks for each family
	for _, s := range c.spellings(name, kind) {
		for _, suffix := range s.suffixes {
			if c.names[string(append(append(room[:0], s.base...), suffix...))] {
				return true
			}
		}
	}
	return false
}

func protoType(kind schema.Kind) dto.MetricType { return dto.MetricType(protoTypes[kind]) }

// foreign returns what other collectors have given without the families whose
// names tacho uses in a format. The slice that it is given is shared by scrapes.
func (c *core) foreign(others []*dto.MetricFamily, format expfmt.Format, created bool) []*dto.MetricFamily {
	own := c.families.names[0]
	if kind := format.FormatType(); kind == expfmt.TypeOpenMetrics || created && kind == expfmt.TypeTextPlain {
		own = c.families.names[1]
	}
	escaping := format.ToEscapingScheme()
	taken := func(f *dto.MetricFamily) bool {
		name := model.EscapeName(f.GetName(), escaping)
		if !own.conflicts(name, f.GetType()) {
			return false
		}
		c.conflict(f.GetName())
		return true
	}
	if first := slices.IndexFunc(others, taken); first >= 0 {
		kept := slices.Clone(others[:first])
		for _, f := range others[first+1:] {
			if !taken(f) {
				kept = append(kept, f)
			}
		}
		return kept
	}
	return others
}

func (c *core) conflict(name string) {
	c.fail(guard.Conflict, name, "tacho exports metrics under this name, and its own stay; take the other collector's out or rename them, or "+c.opts.rename())
}

// lost reports whether tacho's own families are missing in what was gathered with
// an error; they still can be read. Behind a wrapper they have other names.
func (m *Meter) lost(gathered []*dto.MetricFamily) bool {
	return len(gathered) == 0 || m.plainRegistry() && !m.families.among(gathered)
}

// plainRegistry reports whether the registry exports tacho's families as they are.
func (m *Meter) plainRegistry() bool {
	_, plain := m.opts.Registerer.(*prometheus.Registry)
	return plain
}

// restored repairs what a registry of the user's has gathered with an error.
// Whichever collector comes first decides on a family's type and help there, and
// the samples of the other are refused, which may be tacho's.
func (m *Meter) restored(gathered []*dto.MetricFamily, format expfmt.Format) []*dto.MetricFamily {
	if !m.plainRegistry() {
		return gathered
	}
	own, others := m.families.gather(m), []*dto.MetricFamily{}
	for _, g := range gathered {
		if !m.families.has(g.GetName()) {
			others = append(others, g)
			continue
		}
		at := slices.IndexFunc(own, func(o *dto.MetricFamily) bool { return o.GetName() == g.GetName() })
		switch {
		case at < 0 || own[at].GetType() != g.GetType() || own[at].GetHelp() != g.GetHelp():
			m.core.conflict(g.GetName())
		default:
			own[at] = g // with those of other Meters
		}
	}
	all := append(own, m.core.foreign(others, format, false)...)
	sortFamilies(all)
	return all
}
