package sidecar

import "time"

// A limit is how many requests the upstreams handle at a time. A nil limit has no end.
type limit struct{ slots chan struct{} }

func newLimit(most int) *limit {
	if most == 0 {
		return nil
	}
	return &limit{make(chan struct{}, most)}
}

// take takes a slot. If there is none, it waits for one until the time is over or done is closed,
// and reports whether it got one.
func (l *limit) take(done <-chan struct{}, most time.Duration, m *metrics) bool {
	select {
	case l.slots <- struct{}{}:
		m.queue.Observe(0)
		return true
	default:
	}
	begin := time.Now()
	m.queued.Inc()
	timer := time.NewTimer(most)
	defer func() {
		timer.Stop()
		m.queued.Dec()
		m.queue.Observe(time.Since(begin).Seconds())
	}()
	select {
	case l.slots <- struct{}{}:
		return true
	case <-timer.C:
	case <-done:
	}
	return false
}

func (l *limit) give() { <-l.slots }
