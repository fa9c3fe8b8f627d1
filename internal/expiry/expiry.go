// Package expiry has contexts whose time is up when a test decides. Only test code uses it.
package expiry

import "context"

// On returns a context that is done with context.DeadlineExceeded when a channel is closed, and never
// before.
func On(ctx context.Context, closed <-chan struct{}) context.Context { return expiring{ctx, closed} }

type expiring struct {
	context.Context
	closed <-chan struct{}
}

// Done implements context.Context.
func (c expiring) Done() <-chan struct{} { return c.closed }

// Err implements context.Context.
func (c expiring) Err() error {
	select {
	case <-c.closed:
		return context.DeadlineExceeded
	default:
		return nil
	}
}
