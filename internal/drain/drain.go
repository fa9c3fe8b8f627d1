// Package drain shuts servers down cleanly, and waits for a last scrape. The root package uses it.
// It must not depend on anything but net/http.
package drain

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Server is an HTTP server that shuts down cleanly.
type Server struct {
	http.Server
	once  sync.Once
	ended chan struct{} // closed after the last response
}

// NewServer returns a server that does not serve yet.
func NewServer() *Server { return &Server{ended: make(chan struct{})} }

// Graceful is the time limit for responses in progress when a server shuts down.
const Graceful = 5 * time.Second

// Shut shuts a server down cleanly, or closes it if that takes too long.
func (p *Server) Shut(ctx context.Context) {
	p.once.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, Graceful)
		defer cancel()
		if p.Shutdown(ctx) != nil {
			_ = p.Close()
		}
		close(p.ended)
	})
	<-p.ended
}

// A Waiter waits for a scrape: until Done is closed.
type Waiter struct {
	once sync.Once
	Done chan struct{}
}

// NewWaiter returns a waiter.
func NewWaiter() *Waiter { return &Waiter{Done: make(chan struct{})} }

// Waiting are the waiters that a scrape which begins now will wake.
type Waiting []*Waiter

// Scraped wakes all waiters after a scrape.
func (w Waiting) Scraped() {
	for _, one := range w {
		one.once.Do(func() { close(one.Done) })
	}
}

// A List is safe for concurrent use.
type List[T comparable] struct {
	mu   sync.Mutex
	list []T
}

// Add appends an element.
func (l *List[T]) Add(one T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, one)
}

// Remove removes an element.
func (l *List[T]) Remove(one T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = slices.DeleteFunc(l.list, func(x T) bool { return x == one })
}

// All returns a copy of the list.
func (l *List[T]) All() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}
