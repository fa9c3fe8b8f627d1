package tacho

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/tacho-go/tacho/internal/guard"
	"github.com/tacho-go/tacho/internal/scan"
	"github.com/tacho-go/tacho/internal/store"
)

// New returns a Meter with these options. It registers nothing unless every option is valid; the
// error names each invalid one.
//
// Calling New again for the same registry and options is safe and returns a Meter that records the
// same metrics. To distinguish two services on one registry, give each its own ConstLabels.
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

// MustNew is like New but panics on an error. It is intended for main functions and package
// variables, where an invalid option is a programming error.
func MustNew(opts Options) *Meter {
	m, err := New(opts)
	if err != nil {
		panic(err)
	}
	return m
}

func newCore(opts Options) *core {
	c := &core{opts: opts}
	c.families = scan.New(c.opts.familiesConfig())
	c.shared.Watches = !opts.Minimal && !opts.OmitHTTP
	c.store = store.New(c.opts.storeConfig())
	c.extras = c.opts.dynamicLabels()
	return c
}

// ownRegistry gives the Meter its own registry.
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

// register adds the Meter and the runtime's collectors to the registry, all or nothing. If the
// registry already has an equal Meter, this one uses its state.
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

// share makes m record the metrics of a registered Meter.
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
