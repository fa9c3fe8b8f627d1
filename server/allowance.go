package server

import (
	"sync"
	"time"
)

// An allowance lets something happen so many times in a while.
type allowance struct {
	most int
	per  time.Duration

	mu    sync.Mutex
	begun time.Time
	taken int
}

// take reports whether once more is allowed.
func (a *allowance) take(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.begun) >= a.per {
		a.begun, a.taken = now, 0
	}
	a.taken++
	return a.taken <= a.most
}
