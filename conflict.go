package tacho

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/guard"
)

// Another collector may export a family that tacho exports itself: an unchecked
// one can write any name at any time, and a name that nobody has taken may still
// be that of a histogram's samples, or become one when it is escaped. Two families
// of one name make an exposition invalid. Tacho's own stays; the other one is left
// out and counted as a conflict.

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
		if !own.Conflicts(name, f.GetType()) {
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
	expo.Sort(all)
	return all
}
