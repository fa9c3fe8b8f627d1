package guard_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/internal/guard"
)

// wrappers are client_golang's ways to change what a collector gives.
var wrappers = map[string]func(prometheus.Registerer) prometheus.Registerer{
	"labels": func(r prometheus.Registerer) prometheus.Registerer {
		return prometheus.WrapRegistererWith(prometheus.Labels{"zone": "a"}, r)
	},
	"no labels": func(r prometheus.Registerer) prometheus.Registerer { return prometheus.WrapRegistererWith(nil, r) },
	"prefix": func(r prometheus.Registerer) prometheus.Registerer {
		return prometheus.WrapRegistererWithPrefix("shop_", r)
	},
	"both": func(r prometheus.Registerer) prometheus.Registerer {
		return prometheus.WrapRegistererWith(prometheus.Labels{"zone": "a"}, prometheus.WrapRegistererWithPrefix("shop_", r))
	},
	"both, the other way": func(r prometheus.Registerer) prometheus.Registerer {
		return prometheus.WrapRegistererWithPrefix("shop_", prometheus.WrapRegistererWith(prometheus.Labels{"zone": "a"}, r))
	},
	"a wrapped collector": func(r prometheus.Registerer) prometheus.Registerer { return collectorWrapping{r} },
}

type collectorWrapping struct{ prometheus.Registerer }

func (c collectorWrapping) Register(x prometheus.Collector) error {
	return c.Registerer.Register(prometheus.WrapCollectorWithPrefix("shop_", x))
}

// A guarded is a registry whose collectors are guarded, and how they have failed.
type guarded struct {
	guard.Registerer
	registry *prometheus.Registry

	mu     sync.Mutex
	failed []string // reasons and collectors
}

func newGuarded() *guarded {
	g := &guarded{registry: prometheus.NewRegistry()}
	g.Registerer = guard.Registerer{
		Registerer: g.registry,
		Timeout:    time.Minute,
		Refuse:     func(_ prometheus.Collector, err error) error { return err },
		Fail: func(r guard.Reason, collector string, _ any) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.failed = append(g.failed, guard.ReasonNames[r]+" "+collector)
		},
	}
	return g
}

// gather returns the families by name.
func (g *guarded) gather(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	all, err := g.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]*dto.MetricFamily{}
	for _, f := range all {
		named[f.GetName()] = f
	}
	return named
}

// broken is a collector that panics.
type broken struct{ desc *prometheus.Desc }

func newBroken(name string) broken { return broken{prometheus.NewDesc(name, "Broken.", nil, nil)} }

func (b broken) Describe(ch chan<- *prometheus.Desc) { ch <- b.desc }
func (broken) Collect(chan<- prometheus.Metric)      { panic("on purpose") }

func brokenFunc(name string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name}, func() float64 { panic("on purpose") })
}

// TestPanicInWrapper: a collector that panics inside of client_golang's wrapper
// costs its own metrics, as any other one, and not the process.
func TestPanicInWrapper(t *testing.T) {
	for name, wrap := range wrappers {
		for kind, c := range map[string]prometheus.Collector{
			"a collector":  newBroken("broken_metric"),
			"a function":   brokenFunc("broken_metric"),
			"an unchecked": uncheckedFunc(func(chan<- prometheus.Metric) { panic("on purpose") }),
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				g := newGuarded()
				if err := wrap(g).Register(c); err != nil {
					t.Fatal(err)
				}
				g.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "shop_orders_total"}))
				for range 2 {
					if g.gather(t)["shop_orders_total"] == nil {
						t.Error("other metrics are missing")
					}
				}
				if len(g.failed) != 2 || !strings.HasPrefix(g.failed[0], "panic ") {
					t.Errorf("failures: %q", g.failed)
				}
				if kind != "an unchecked" && !strings.Contains(g.failed[0], "broken_metric") {
					t.Errorf("%q does not name the collector", g.failed[0])
				}
			})
		}
	}
}

// TestPanicInNestedRegistry: a registry is a collector as well.
func TestPanicInNestedRegistry(t *testing.T) {
	for name, wrap := range wrappers {
		nested, g := prometheus.NewRegistry(), newGuarded()
		nested.MustRegister(newBroken("broken_metric"), brokenFunc("broken_func"))
		if err := wrap(g).Register(nested); err != nil {
			t.Fatal(err)
		}
		g.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "shop_orders_total"}))
		if g.gather(t)["shop_orders_total"] == nil {
			t.Errorf("%s: other metrics are missing", name)
		}
	}
}

// TestHangingCollector: one that hangs is given up, and not asked again before it
// has ended.
func TestHangingCollector(t *testing.T) {
	g, hang, collected := newGuarded(), make(chan struct{}), make(chan struct{})
	g.Timeout = 10 * time.Millisecond
	g.MustRegister(uncheckedFunc(func(chan<- prometheus.Metric) {
		<-hang
		collected <- struct{}{}
	}))
	g.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "shop_orders_total"}))
	for range 2 {
		if g.gather(t)["shop_orders_total"] == nil {
			t.Error("other metrics are missing")
		}
	}
	if want := []string{"timeout guard_test.uncheckedFunc", "timeout guard_test.uncheckedFunc"}; !slices.Equal(g.failed, want) {
		t.Errorf("failures: %q, want %q", g.failed, want)
	}
	close(hang)
	<-collected
	select {
	case <-collected:
		t.Error("it was collected twice")
	default:
	}
}

type uncheckedFunc func(chan<- prometheus.Metric)

func (uncheckedFunc) Describe(chan<- *prometheus.Desc)      {}
func (f uncheckedFunc) Collect(ch chan<- prometheus.Metric) { f(ch) }

// TestWrappersAsInAPlainRegistry: what is registered through a wrapper is exported,
// found and taken out again as in a registry of client_golang's own.
func TestWrappersAsInAPlainRegistry(t *testing.T) {
	for name, wrap := range wrappers {
		t.Run(name, func(t *testing.T) {
			g, plain := newGuarded(), prometheus.NewRegistry()
			mine, theirs := wrap(g), wrap(plain)
			newCounter := func() *prometheus.CounterVec {
				return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "orders_total", Help: "X."}, []string{"kind"})
			}
			c := newCounter()
			c.WithLabelValues("book").Add(3)
			for _, r := range []prometheus.Registerer{mine, theirs} {
				if err := r.Register(c); err != nil {
					t.Fatal(err)
				}
				var already prometheus.AlreadyRegisteredError
				if err := r.Register(newCounter()); !errors.As(err, &already) || already.ExistingCollector != prometheus.Collector(c) {
					t.Errorf("registering it again gives %v with %T", err, already.ExistingCollector)
				}
			}
			want, err := plain.Gather()
			if err != nil {
				t.Fatal(err)
			}
			if got := g.gather(t)[want[0].GetName()]; got.String() != want[0].String() {
				t.Errorf("it is exported as %s, want %s", got, want[0])
			}
			if name == "a wrapped collector" {
				return // its Unregister does not wrap
			}
			if !mine.Unregister(c) || mine.Unregister(c) {
				t.Error("it cannot be taken out, or twice")
			}
		})
	}
}

// TestDescribePanics: a collector that panics when it is to describe itself is
// refused; the process goes on.
func TestDescribePanics(t *testing.T) {
	g := newGuarded()
	for name, wrap := range wrappers {
		if err := wrap(g).Register(speechless{}); err == nil || !strings.Contains(err.Error(), "panicked in Describe: on purpose") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type speechless struct{}

func (speechless) Describe(chan<- *prometheus.Desc) { panic("on purpose") }
func (speechless) Collect(chan<- prometheus.Metric) {}
