package tacho

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/internal/guard"
)

// A service that moves to tacho step by step has metrics of client_golang already.
// Messages about what does not fit together begin with the names of these.

// clashing names the families that do not fit to descriptors of others.
func (f *families) clashing(others []*prometheus.Desc) (names []string) {
	for _, d := range others {
		name := guard.Name(d)
		at := slices.IndexFunc(f.sorted, func(own *family) bool { return own.Name == name })
		if at >= 0 && !guard.Compatible(f.sorted[at].Desc, d) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// clash is the error of a registry that does not take tacho's own metrics. It
// names all that are in the way, and what helps.
func (m *Meter) clash(err error) error {
	names := m.families.clashing(guard.Descriptions(m.opts.Registerer))
	if len(names) == 0 {
		names = m.families.clashing(guard.Descriptions(m.opts.Gatherer))
	}
	if len(names) == 0 { // the registry does not describe itself; the message names the first
		names = []string{guard.NameIn(err.Error())}
	}
	return fmt.Errorf("tacho: Options.Registerer: this registry has metrics that tacho exports itself: %s; "+
		"take out the middleware or collector that they are from, since tacho takes its place, or %s (%w)",
		strings.Join(names, ", "), m.opts.rename(), err)
}

// rename says how tacho's metrics get other names.
func (o *Options) rename() string {
	if o.Namespace != "" {
		return fmt.Sprintf("choose another Options.Namespace than %q for tacho's", o.Namespace)
	}
	return "set Options.Namespace, which gives tacho's other names"
}

// refusal is the error of a registry that does not take a collector, with the
// names of its metrics first.
func (c *core) refusal(of prometheus.Collector, err error) error {
	own := guard.Descriptions(of)
	if names := c.families.clashing(own); len(names) > 0 {
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

// mostNames is how many metrics a message names.
const mostNames = 10

// reportUnserved says once that the default registry of client_golang holds
// metrics that nobody scrapes here: a registry of tacho's own was chosen, perhaps
// by leaving Options.Registerer out, and promauto registers in the other one.
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

// notBusiness begin the names of metrics that libraries put into the default
// registry by being imported: client_golang, exporter-toolkit's go-conntrack, and
// Prometheus's own packages.
var notBusiness = []string{"go_", "process_", "promhttp_", "net_conntrack_", "prometheus_"}

// unserved names the metrics of a registry that are in no other one, and that a
// service has put there itself.
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
