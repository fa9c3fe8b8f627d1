package tacho

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/guard"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/scan"
)

// ownRegistry is the registry of a Meter without Options.Registerer. The Meter's own families are
// not collected through client_golang but encoded directly from their cells; the registry only
// reserves their names. Otherwise it behaves like any registry.
type ownRegistry struct {
	*prometheus.Registry // everything but the Meter's own families
	meter                *Meter
	others               atomic.Int64 // the number of collectors
}

// Register implements prometheus.Registerer.
func (r *ownRegistry) Register(c prometheus.Collector) error {
	err := r.Registry.Register(c)
	if err == nil {
		r.others.Add(1)
	}
	return err
}

// MustRegister implements prometheus.Registerer.
func (r *ownRegistry) MustRegister(all ...prometheus.Collector) { guard.MustRegister(r, all) }

// Unregister implements prometheus.Registerer.
func (r *ownRegistry) Unregister(c prometheus.Collector) bool {
	done := r.Registry.Unregister(c)
	if done {
		r.others.Add(-1)
	}
	return done
}

// Gather implements prometheus.Gatherer.
func (r *ownRegistry) Gather() ([]*dto.MetricFamily, error) {
	others, err := r.meter.core.othersOf(r.Registry).Gather()
	others = r.meter.core.foreign(others, expfmt.NewFormat(expfmt.TypeTextPlain).WithEscapingScheme(model.NoEscaping), false)
	all := append(slices.Clip(others), r.meter.core.gather()...)
	expo.Sort(all)
	return all, err
}

// gather returns the Meter's own families.
func (c *core) gather() []*dto.MetricFamily {
	v := &expo.Families{}
	c.view(func(shown *core) {
		var s scan.Scan
		s.Start(shown.source(), v)
		s.All()
	})
	return v.All
}

// reserved prevents other collectors from using the names of the Meter's families.
type reserved struct{ meter *Meter }

func (r reserved) Describe(ch chan<- *prometheus.Desc) { r.meter.Describe(ch) }
func (r reserved) Collect(chan<- prometheus.Metric)    {}

// fail counts a failure and logs it, but not repeatedly.
func (c *core) fail(r guard.Reason, what string, why any) {
	if c.store.Failures[r].Add(1) == 1 {
		c.logger().Error("tacho: a collector failed in a scrape; its metrics are missing there. "+
			"Further failures of this kind are counted in tacho_scrape_errors_total only",
			"collector", what, "reason", guard.ReasonNames[r], "detail", why)
	}
}

// source returns the source of scans.
func (c *core) source() scan.Source {
	s := scan.Source{Store: c.store, Families: c.families}
	for _, own := range c.allLabelSets() {
		s.Metrics = append(s.Metrics, own)
	}
	return s
}

// Registerer returns the registry for the service's own metrics: the same endpoint serves whatever
// is registered here. A collector that panics or hangs only loses its own metrics in a scrape, also
// behind the wrappers of client_golang (such as prometheus.WrapRegistererWith). A panic in a
// goroutine that the collector itself has started cannot be recovered.
func (m *Meter) Registerer() prometheus.Registerer {
	return guard.Registerer{Registerer: m.opts.Registerer, Timeout: m.core.opts.Endpoint.Timeout / 2, Fail: m.core.fail, Refuse: m.core.refusal}
}

// Describe implements prometheus.Collector.
func (m *Meter) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range m.families.Sorted {
		ch <- f.Desc
	}
}

// Collect implements prometheus.Collector, for registries other than tacho's own. Within one
// collection the counter and the histogram of a label set agree, because one is derived from the
// other.
func (m *Meter) Collect(ch chan<- prometheus.Metric) {
	if !m.core.ready.Load() {
		return // New has not finished
	}
	var mark mark
	if s := m.core.siblings; s != nil {
		mark = s.ownMark()
	}
	m.core.view(func(shown *core) {
		var s scan.Scan
		s.Start(shown.source(), &expo.Metrics{Add: func(x *expo.Metric) {
			mark.set(&x.Data)
			ch <- x
		}})
		s.All()
	})
}

// othersOf returns a gatherer of all other metrics: of this process, or of all processes.
func (c *core) othersOf(alone prometheus.Gatherer) prometheus.Gatherer {
	if c.siblings == nil {
		return alone
	}
	return prometheus.GathererFunc(c.siblings.gather)
}

// Database adds the state of a database/sql pool to a Meter's metrics, like client_golang's
// collector: go_sql_max_open_connections, go_sql_open_connections, go_sql_in_use_connections,
// go_sql_idle_connections, go_sql_wait_count_total, go_sql_wait_duration_seconds_total and the
// reasons for which connections were closed, with the label db_name. It returns an error if the
// name is already registered.
//
// It is not a method of Meter, so that programs that do not call it do not link database/sql.
func Database(m *Meter, name string, db *sql.DB) error {
	if db == nil {
		return fmt.Errorf("tacho: Database: %q is nil", name)
	}
	if err := m.Registerer().Register(collectors.NewDBStatsCollector(db, labelvalue.Clean(name))); err != nil {
		return fmt.Errorf("tacho: Database: the pool %q cannot be registered: %w", name, err)
	}
	return nil
}

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
