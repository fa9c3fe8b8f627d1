package demo

import (
	"context"
	"time"
)

// rest sleeps, and reports whether the client is still connected afterwards.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// await polls until reached returns true, and reports whether it did in time.
func await(ctx context.Context, patience time.Duration, reached func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !reached() {
		select {
		case <-ctx.Done():
			return reached()
		case <-ticker.C:
		}
	}
	return true
}
