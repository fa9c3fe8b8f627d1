package tacho

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// A roster names the Meters on one registry that share their counts with other
// processes. It is registered there, as a collector of nothing, so that a later
// Meter finds it: what Meters collect speaks for all processes, and must not be
// written as if it were this process's.
type roster struct {
	mu    sync.Mutex
	cores []*core
}

var rosterDesc = prometheus.NewDesc("tacho_meters", "Meters on this registry; it has no samples.", nil, nil)

// Describe implements prometheus.Collector.
func (*roster) Describe(ch chan<- *prometheus.Desc) { ch <- rosterDesc }

// Collect implements prometheus.Collector.
func (*roster) Collect(chan<- prometheus.Metric) {}

// rosterOf is the roster of a registry.
func rosterOf(r prometheus.Registerer) (*roster, error) {
	mine := new(roster)
	err := r.Register(mine)
	if err == nil {
		return mine, nil
	}
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if there, ok := already.ExistingCollector.(*roster); ok {
			return there, nil
		}
	}
	return nil, fmt.Errorf("tacho: Options.Multiproc: the registry takes no list of its Meters: %w", err)
}

func (r *roster) add(c *core) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cores = append(r.cores, c)
}

// has reports whether a name is that of a Meter's family.
func (r *roster) has(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.cores, func(c *core) bool { return c.families.has(name) })
}
