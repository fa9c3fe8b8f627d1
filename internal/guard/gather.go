package guard

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// A Shared gathers once for all concurrent scrapes.
type Shared struct {
	Gatherer prometheus.Gatherer
	Count    *atomic.Int64 // the number of its collectors; nil if not known

	mu      sync.Mutex
	running *gathering
	next    *gathering // for scrapes since running began; nil without any
}

type gathering struct {
	done     chan struct{}
	families []*dto.MetricFamily
	err      error
}

// Gather begins a gathering. If one is already running, which may have missed recent counts, it
// waits for the next one. After a timeout the gathering continues, and later scrapes wait for the
// same next one: gatherings of a hanging collector do not accumulate.
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

// run gathers, and repeats while scrapes wait.
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
