package tacho

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/internal/guard"
	"github.com/tacho-go/tacho/internal/labelset"
	"github.com/tacho-go/tacho/multiproc"
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
func ScrapesUnderWay(metrics http.Handler) int {
	return len(metrics.(*accessControl).next.(*endpoint).slots)
}

// LabelSets returns the label sets of a gauge.
func (g *GaugeOf[L]) LabelSets() *labelset.Sets { return g.sets }

// Structs returns how many structs are kept of a counter's label sets.
func (c *CounterOf[L]) Structs() int { return c.known.Len() }

const PreforkPrefix = preforkPrefix

var SharedConfigStart = sharedStart

func (m *Meter) processes() *processes { return m.core.siblings.(*processes) }

// Leave ends this process's part.
func (m *Meter) Leave() { m.core.siblings.leave() }

// Cells returns what this process writes to, and Reader what reads all processes' files.
func (m *Meter) Cells() *multiproc.Cells { return m.processes().cells }

// Reader is described at Cells.
func (m *Meter) Reader() *multiproc.Reader { return m.processes().reader }

// Compact archives the files of ended processes, whatever their age.
func (m *Meter) Compact() error { return m.processes().compact(nil) }

// Wall returns the time by the Meter's clock.
func (m *Meter) Wall() time.Time { return m.core.wall() }

// SharedConfig returns the config that the Meter shares with other processes.
func (m *Meter) SharedConfig() (string, error) { return sharedConfig(m.core.opts) }

// MultiprocDir returns where processes share their counts, and Service what theirs is called.
func (o Options) MultiprocDir() string { return o.withDefaults().Multiproc.dir() }

// Service is described at MultiprocDir.
func (o Options) Service() string { return o.withDefaults().Multiproc.Service }

// Unshared reports why a Meter's counts are not shared.
func (o Options) Unshared(why error) { newCore(o.withDefaults()).unshared(why) }
