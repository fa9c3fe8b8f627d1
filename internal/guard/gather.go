package guard

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// A Shared gathers once for all scrapes that come at the same time.
type Shared struct {
	Gatherer prometheus.Gatherer
	Count    *atomic.Int64 // of its collectors; nil if not known

	mu      sync.Mutex
	running *gathering
	next    *gathering // for scrapes that have come since running began; nil if none have
}

type gathering struct {
	done     chan struct{}
	families []*dto.MetricFamily
	err      error
}

// Gather begins a gathering, or waits for the next one where one is under way: that
// may have passed by already what has been counted since. When the time is up it goes on,
// and later scrapes wait for the same next one: a hanging collector does not pile up.
func (s *Shared) Gather(ctx context.Context) ([]*dto.MetricFamily, error) {
	if s.Count != nil && s.Count.Load() == 0 {
		return nil, nil
	}
	s.mu.Lock()
	g := s.next
	if g == nil {
		g = &gathering{done: make(chan struct{})}
		if s.next = g; s.running == nil {
			s.running, s.next = g, nil
			go s.run(g)
		}
	}
	s.mu.Unlock()
	select {
	case <-g.done:
		return g.families, g.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// run gathers, and again for as long as scrapes wait.
func (s *Shared) run(g *gathering) {
	for g != nil {
		g.families, g.err = gatherSafely(s.Gatherer)
		s.mu.Lock()
		done := g.done
		g = s.next
		s.running, s.next = g, nil
		s.mu.Unlock()
		close(done)
	}
}

func gatherSafely(g prometheus.Gatherer) (families []*dto.MetricFamily, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return g.Gather()
}
