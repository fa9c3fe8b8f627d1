package sidecar

import (
	"log/slog"
	"sync"
	"time"
)

// A failureLog logs upstream failures, each cause at most once in a period: an upstream that is down
// fails every request.
type failureLog struct {
	log *slog.Logger

	mu   sync.Mutex
	last map[string]time.Time // by upstream and cause
}

// failurePeriod is the time between two messages about the same cause.
const failurePeriod = 10 * time.Second

func (f *failureLog) report(upstream, cause string, err error) {
	if !f.due(upstream + " " + cause) {
		return
	}
	f.log.Warn("tacho: the upstream failed", "upstream", upstream, "cause", cause, "reason", err)
}

func (f *failureLog) due(what string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last == nil {
		f.last = map[string]time.Time{}
	}
	now := time.Now()
	if last, ok := f.last[what]; ok && now.Sub(last) < failurePeriod {
		return false
	}
	f.last[what] = now
	return true
}
