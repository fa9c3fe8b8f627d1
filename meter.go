package tacho

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/guard"
	"github.com/tacho-go/tacho/internal/store"
)

// A Meter measures one service. All its methods are safe for concurrent use.
//
// It is a [prometheus.Collector] of its own HTTP metrics and is registered
// already; collect it only where it was not.
type Meter struct {
	*core
	opts   Options
	engine *engine.Engine
}

// core is what Meters on the same registry share.
type core struct {
	engine.Shared
	opts     Options
	families families
	store    *store.Store
	extras   []Label // Options.Labels that are computed

	mu         sync.Mutex
	labelSets  []*labelSets   // of metrics that are not about HTTP as such, by name
	client     *clientMetrics // by clientOnce
	clientOnce sync.Once

	warnedPublic atomic.Bool // that strangers can read the metrics
	scraped      sync.Once   // what there is to report at the first scrape
	ports        locked[*ownPort]
	waiters      locked[*waiter]
	down         atomic.Bool // by Shutdown

	siblings *siblings   // the service's other processes, or nil
	whole    *core       // of what all of them have counted: the core of this process
	ready    atomic.Bool // whether siblings is known
}

// New returns a Meter for the options. It registers nothing unless every
// option is right; the error names each one that is not.
//
// Calling New again for the same registry and options is safe and gives a
// Meter that records into the same metrics. To tell two services on one
// registry apart give each its own ConstLabels.
func New(opts Options) (*Meter, error) {
	opts = opts.withDefaults()
	if err := opts.check(); err != nil {
		return nil, err
	}
	m := &Meter{core: newCore(opts), opts: opts}
	if opts.Registerer == nil {
		if err := m.ownRegistry(); err != nil {
			return nil, err
		}
	} else if err := m.register(); err != nil {
		return nil, err
	}
	if err := m.join(); err != nil {
		m.opts.Registerer.Unregister(m)
		return nil, err
	}
	m.engine = m.newEngine()
	return m, nil
}

// MustNew is like New but panics on an error. It is meant for main functions
// and package variables, where a wrong option is a programming mistake.
func MustNew(opts Options) *Meter {
	m, err := New(opts)
	if err != nil {
		panic(err)
	}
	return m
}

func newCore(opts Options) *core {
	c := &core{opts: opts}
	c.families = newFamilies(&c.opts)
	c.Watches = !opts.Minimal && !opts.OmitHTTP
	c.store = store.New(c.opts.storeConfig())
	c.extras = c.opts.dynamicLabels()
	return c
}

// An optionFunc is one of the functions that users give us.
type optionFunc int

const (
	excludeFunc optionFunc = iota
	groupBy
	labelFunc
	routeFunc
	traceFunc
	optionFuncs // how many there are
)

var optionFuncNames = [optionFuncs]string{"ExcludeFunc", "GroupBy", "Labels", "RouteFunc", "TraceFunc"}

// survive keeps a panic in one of the user's functions away from the request.
// It is deferred.
func (c *core) survive(function optionFunc) {
	v := recover()
	if v != nil && c.store.Panics[function].Add(1) == 1 {
		c.logger().Error("tacho: Options."+optionFuncNames[function]+" panicked; its result is left out wherever it panics. "+
			"Further panics are counted in tacho_function_errors_total only", "panic", v)
	}
}

func (c *core) logger() *slog.Logger { return cmp.Or(c.opts.Logger, slog.Default()) }

func (c *core) wall() time.Time { return c.store.Now() }

// ownRegistry gives the Meter a registry of its own.
func (m *Meter) ownRegistry() error {
	registry := &ownRegistry{Registry: prometheus.NewRegistry(), meter: m}
	m.opts.Registerer, m.opts.Gatherer = registry, registry
	if err := registry.Registry.Register(reserved{m}); err != nil {
		return err
	}
	if m.opts.OmitRuntime {
		return nil
	}
	return registerRuntime(registry)
}

// register puts the Meter and the runtime's collectors into the registry, all
// or nothing. A Meter that is there already lends this one its metrics.
func (m *Meter) register() error {
	var already prometheus.AlreadyRegisteredError
	err := m.opts.Registerer.Register(m)
	switch {
	case err == nil:
	case errors.As(err, &already):
		if err := m.share(already.ExistingCollector); err != nil {
			return err
		}
	default:
		return m.clash(err)
	}
	if m.opts.OmitRuntime {
		return nil
	}
	if err := registerRuntime(m.opts.Registerer); err != nil {
		if already.ExistingCollector == nil {
			m.opts.Registerer.Unregister(m)
		}
		return err
	}
	return nil
}

func registerRuntime(reg prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
	} {
		var already prometheus.AlreadyRegisteredError
		if err := reg.Register(c); err != nil && !errors.As(err, &already) {
			return fmt.Errorf("tacho: Options.OmitRuntime: this registry has %s already, with other labels or another help text; "+
				"set it to leave the runtime metrics out (%w)", guard.NameIn(err.Error()), err)
		}
	}
	return nil
}

// share makes m record into the metrics of a Meter that is registered already.
func (m *Meter) share(existing prometheus.Collector) error {
	other, ok := existing.(*Meter)
	if !ok {
		return fmt.Errorf("tacho: Options.Registerer: a %T exports the same metrics already", existing)
	}
	if field := difference(m.opts, other.core.opts); field != "" {
		return fmt.Errorf("tacho: Options.%s: differs from that of the Meter which is on this registry already; "+
			"make them equal, or tell the services apart with Options.ConstLabels", field)
	}
	m.core = other.core
	return nil
}

// difference names the first field in which options that shape shared metrics
// differ.
func difference(a, b Options) string {
	for _, f := range []struct {
		name string
		a, b any
	}{
		{"Schema", a.Schema, b.Schema},
		{"AlsoSchemas", a.AlsoSchemas, b.AlsoSchemas},
		{"GroupStatus", a.GroupStatus, b.GroupStatus},
		{"GroupBy", a.GroupBy.shape(), b.GroupBy.shape()},
		{"Labels", shapes(a.Labels), shapes(b.Labels)},
		{"Buckets", a.Buckets, b.Buckets},
		{"RouteBuckets", a.RouteBuckets, b.RouteBuckets},
		{"NativeHistograms", a.NativeHistograms, b.NativeHistograms},
		{"Minimal", a.Minimal, b.Minimal},
		{"OmitHTTP", a.OmitHTTP, b.OmitHTTP},
		{"SizeBuckets", a.SizeBuckets, b.SizeBuckets},
		{"StreamBuckets", a.StreamBuckets, b.StreamBuckets},
		{"StatusText", a.StatusText, b.StatusText},
		{"Methods", a.Methods, b.Methods},
		{"SeriesLimit", a.SeriesLimit, b.SeriesLimit},
		{"InitialStatuses", a.InitialStatuses, b.InitialStatuses},
		{"Exclude", a.Exclude, b.Exclude},
		{"ExcludePatterns", a.ExcludePatterns, b.ExcludePatterns},
		{"MetricsPath", a.MetricsPath, b.MetricsPath},
		{"Multiproc", a.Multiproc.chosen(), b.Multiproc.chosen()},
	} {
		if !reflect.DeepEqual(f.a, f.b) {
			return f.name
		}
	}
	return ""
}

// Registerer returns the registry for the business's own metrics: whatever is
// registered here appears at the same endpoint. A collector that panics or hangs
// costs a scrape its own metrics only, also in the wrappers of client_golang
// (prometheus.WrapRegistererWith and its siblings). What cannot be caught is a panic
// in a goroutine that the collector has started itself.
func (m *Meter) Registerer() prometheus.Registerer {
	return guard.Registerer{Registerer: m.opts.Registerer, Timeout: m.core.opts.ScrapeTimeout / 2, Fail: m.core.fail, Refuse: m.core.refusal}
}

// Gatherer returns what the metrics endpoint serves.
func (m *Meter) Gatherer() prometheus.Gatherer { return m.opts.Gatherer }

// MetricsPath returns where the metrics endpoint is meant to be mounted.
func (m *Meter) MetricsPath() string { return m.opts.MetricsPath }
