package tacho

import (
	"net/http"

	dto "github.com/prometheus/client_model/go"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/internal/guard"
	"github.com/tacho-go/tacho/internal/labelset"
)

// What tests see of the inside. They are of package tacho_test, so that they can use
// internal/metertest, which imports tacho.

const MaxStructs = maxStructs

// Own returns the Meter's own families, which no registry has checked.
func (m *Meter) Own() []*dto.MetricFamily { return m.core.gather() }

// Owns reports whether a family is the Meter's own.
func (m *Meter) Owns(name string) bool { return m.core.families.Has(name) }

// Waiting returns how many Shutdowns wait for a scrape.
func (m *Meter) Waiting() int { return len(m.core.waiters.All()) }

// Unserved names the families of a registry that the Meter's own one lacks.
func (m *Meter) Unserved(in prometheus.Registerer) []string {
	return unserved(guard.Descriptions(in), guard.Descriptions(m.opts.Gatherer.(*ownRegistry).Registry))
}

// ScrapesUnderWay returns how many scrapes an endpoint answers.
func ScrapesUnderWay(metrics http.Handler) int { return len(metrics.(*gate).next.(*endpoint).slots) }

// LabelSets returns the label sets of a gauge.
func (g *GaugeOf[L]) LabelSets() *labelset.Sets { return g.sets }

// Structs returns how many structs are kept of a counter's label sets.
func (c *CounterOf[L]) Structs() int { return c.known.Len() }
