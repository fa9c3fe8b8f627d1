package tacho

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
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

// TestPanicInWrapper: a collector that panics inside of client_golang's wrapper
// costs its own metrics, as any other one, and not the process.
func TestPanicInWrapper(t *testing.T) {
	for name, wrap := range wrappers {
		for kind, c := range map[string]prometheus.Collector{
			"a collector":  broken("broken_metric", func(*prometheus.Desc, chan<- prometheus.Metric) { panic("on purpose") }),
			"a function":   prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "broken_metric"}, func() float64 { panic("on purpose") }),
			"an unchecked": uncheckedFunc(func(chan<- prometheus.Metric) { panic("on purpose") }),
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				var log bytes.Buffer
				m := MustNew(Options{OmitRuntime: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
				if err := wrap(m.Registerer()).Register(c); err != nil {
					t.Fatal(err)
				}
				m.Registerer().MustRegister(businessMetric())
				if text := body(t, m.Metrics(), acceptText); !strings.Contains(text, "\nshop_orders_total{") {
					t.Errorf("other metrics are missing:\n%s", text)
				}
				line(t, m, `tacho_scrape_errors_total{reason="panic"} 2`)
				if kind != "an unchecked" && !strings.Contains(log.String(), "broken_metric") {
					t.Errorf("the log does not name the collector: %s", &log)
				}
			})
		}
	}
}

// TestPanicInNestedRegistry: a registry is a collector as well.
func TestPanicInNestedRegistry(t *testing.T) {
	for name, wrap := range wrappers {
		nested := prometheus.NewRegistry()
		nested.MustRegister(broken("broken_metric", func(*prometheus.Desc, chan<- prometheus.Metric) { panic("on purpose") }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "broken_func"}, func() float64 { panic("on purpose") }))
		m := MustNew(Options{OmitRuntime: true, Logger: slog.New(slog.DiscardHandler)})
		if err := wrap(m.Registerer()).Register(nested); err != nil {
			t.Fatal(err)
		}
		m.Registerer().MustRegister(businessMetric())
		if text := body(t, m.Metrics(), acceptText); !strings.Contains(text, "\nshop_orders_total{") {
			t.Errorf("%s: other metrics are missing:\n%s", name, text)
		}
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
			m, plain := MustNew(Options{OmitRuntime: true}), prometheus.NewRegistry()
			mine, theirs := wrap(m.Registerer()), wrap(plain)
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
			got, err := m.Gatherer().Gather()
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range got {
				found = found || f.String() == want[0].String()
			}
			if !found {
				t.Errorf("no %s", want[0])
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
	m := MustNew(Options{OmitRuntime: true})
	for name, wrap := range wrappers {
		if err := wrap(m.Registerer()).Register(speechless{}); err == nil || !strings.Contains(err.Error(), "panicked in Describe: on purpose") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type speechless struct{}

func (speechless) Describe(chan<- *prometheus.Desc) { panic("on purpose") }
func (speechless) Collect(chan<- prometheus.Metric) {}
