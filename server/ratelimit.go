package server

import (
	"sync"
	"time"
)

// A rateLimiter allows a number of events per time window.
type rateLimiter struct {
	limit  int
	window time.Duration

	mu    sync.Mutex
	start time.Time
	count int
}

// allow reports whether one more event is allowed.
func (a *rateLimiter) allow(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.start) >= a.window {
		a.start, a.count = now, 0
	}
	a.count++
	return a.count <= a.limit
}
