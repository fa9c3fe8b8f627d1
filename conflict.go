package tacho

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/guard"
	"github.com/tacho-go/tacho/internal/scan"
)

// Another collector may export a family that tacho exports itself: an unchecked one can write any
// name at any time, and an unused name may equal that of a histogram's samples, or become equal
// when it is escaped. Two families of one name make an exposition invalid. Tacho's own stays; the
// other one is omitted and counted as a conflict.

// foreign returns the families of other collectors without those whose names tacho uses in a
// format. Scrapes share the slice that it gets.
func (c *core) foreign(others []*dto.MetricFamily, format expfmt.Format, created bool) []*dto.MetricFamily {
	kind := format.FormatType()
	own := c.families.Names(kind == expfmt.TypeOpenMetrics || created && kind == expfmt.TypeTextPlain)
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

// lost reports whether tacho's own families are missing from a gathering that ended with an error;
// they can still be read. Behind a wrapper they have other names.
func (m *Meter) lost(gathered []*dto.MetricFamily) bool {
	return len(gathered) == 0 || m.plainRegistry() && !among(m.families, gathered)
}

// among reports whether others contains one of the families, possibly with a prefix that a wrapper
// around the registry adds.
func among(f *scan.Families, others []*dto.MetricFamily) bool {
	return slices.ContainsFunc(others, func(o *dto.MetricFamily) bool {
		return slices.ContainsFunc(f.Sorted, func(own *scan.Family) bool { return strings.HasSuffix(o.GetName(), own.Name) })
	})
}

// plainRegistry reports whether the registry exports tacho's families as they are.
func (m *Meter) plainRegistry() bool {
	_, plain := m.opts.Registerer.(*prometheus.Registry)
	return plain
}

// restored repairs the result of a user's registry that returned an error. There, the first
// collector defines a family's type and help, and the samples of the other one are refused, which
// may be tacho's.
func (m *Meter) restored(gathered []*dto.MetricFamily, format expfmt.Format) []*dto.MetricFamily {
	if !m.plainRegistry() {
		return gathered
	}
	own, others := m.core.gather(), []*dto.MetricFamily{}
	for _, g := range gathered {
		if !m.families.Has(g.GetName()) {
			others = append(others, g)
			continue
		}
		at := slices.IndexFunc(own, func(o *dto.MetricFamily) bool { return o.GetName() == g.GetName() })
		switch {
		case at < 0 || own[at].GetType() != g.GetType() || own[at].GetHelp() != g.GetHelp():
			m.core.conflict(g.GetName())
		default:
			own[at] = g // including those of other Meters
		}
	}
	all := append(own, m.core.foreign(others, format, false)...)
	expo.Sort(all)
	return all
}

// A service that moves to tacho step by step already has client_golang metrics. Messages about
// conflicts begin with the names of these.

// clashing returns the names of the families that are incompatible with descriptors of others.
func clashing(f *scan.Families, others []*prometheus.Desc) (names []string) {
	for _, d := range others {
		name := guard.Name(d)
		at := slices.IndexFunc(f.Sorted, func(own *scan.Family) bool { return own.Name == name })
		if at >= 0 && !guard.Compatible(f.Sorted[at].Desc, d) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// clash returns the error of a registry that refuses tacho's own metrics. It names all conflicting
// metrics and the fix.
func (m *Meter) clash(err error) error {
	names := clashing(m.families, guard.Descriptions(m.opts.Registerer))
	if len(names) == 0 {
		names = clashing(m.families, guard.Descriptions(m.opts.Gatherer))
	}
	if len(names) == 0 { // the registry does not describe itself; the message names the first
		names = []string{guard.NameIn(err.Error())}
	}
	return fmt.Errorf("tacho: Options.Registerer: this registry has metrics that tacho exports itself: %s; "+
		"take out the middleware or collector that they are from, since tacho takes its place, or %s (%w)",
		strings.Join(names, ", "), m.opts.rename(), err)
}

// rename describes how to rename tacho's metrics.
func (o *Options) rename() string {
	if o.Namespace != "" {
		return fmt.Sprintf("choose another Options.Namespace than %q for tacho's", o.Namespace)
	}
	return "set Options.Namespace, which gives tacho's other names"
}

// refusal returns the error of a registry that refuses a collector, with the names of its metrics
// first.
func (c *core) refusal(of prometheus.Collector, err error) error {
	own := guard.Descriptions(of)
	if names := clashing(c.families, own); len(names) > 0 {
		return fmt.Errorf("tacho: the registry has %s already, of tacho's own; take these metrics out, or rename them, or %s (%w)",
			strings.Join(names, ", "), c.opts.rename(), err)
	}
	var names []string
	for _, d := range own {
		names = append(names, guard.Name(d))
	}
	slices.Sort(names)
	return fmt.Errorf("tacho: %s cannot be registered: %w", strings.Join(slices.Compact(names), ", "), err)
}

// mostNames is the maximum number of metrics in a message.
const mostNames = 10

// reportUnserved logs once that the default registry of client_golang holds metrics that this
// endpoint does not serve: tacho uses its own registry, perhaps because Options.Registerer was
// forgotten, while promauto registers in the default one.
func (m *Meter) reportUnserved(byDefault prometheus.Registerer, own *ownRegistry) {
	names := unserved(guard.Descriptions(byDefault), guard.Descriptions(own.Registry))
	if len(names) == 0 {
		return
	}
	shown := names[:min(len(names), mostNames)]
	m.core.logger().Warn("tacho: the default registry of client_golang holds metrics that the metrics endpoint does not serve: "+
		"to serve them, set Options.Registerer to prometheus.DefaultRegisterer and Options.Gatherer to prometheus.DefaultGatherer, "+
		"or register them on Meter.Registerer, as promauto.With does",
		"count", len(names), "metrics", strings.Join(shown, ", "))
}

// notBusiness are the prefixes of metrics that libraries register in the default registry when they
// are imported: client_golang, exporter-toolkit's go-conntrack, and Prometheus's own packages.
var notBusiness = []string{"go_", "process_", "promhttp_", "net_conntrack_", "prometheus_"}

// unserved returns the names of the metrics in a registry that are in no other one and were
// registered by the service itself.
func unserved(there, served []*prometheus.Desc) (names []string) {
	known := map[string]bool{}
	for _, d := range served {
		known[guard.Name(d)] = true
	}
	for _, d := range there {
		name := guard.Name(d)
		imported := slices.ContainsFunc(notBusiness, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if !known[name] && !imported {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
