package demo

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// A backend is one server behind the load balancer.
type backend struct {
	name, url string
	client    *http.Client

	mu     sync.Mutex
	away   bool
	active int // requests in progress
}

func newBackend(name, url string) *backend {
	return &backend{name: name, url: url, client: &http.Client{Transport: transport(), Timeout: 20 * time.Second}}
}

// take reserves the backend for a request, unless it is out of rotation.
func (b *backend) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.away {
		b.active++
	}
	return !b.away
}

func (b *backend) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.active--
}

// leave removes the backend from the rotation.
func (b *backend) leave() { b.setAway(true) }

// join adds it again. It closes idle connections to the previous process: a request on
// such a connection would fail, and a POST is not retried.
func (b *backend) join() {
	b.client.CloseIdleConnections()
	b.setAway(false)
}

func (b *backend) setAway(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

// idle waits until no request is in progress, at most for patience.
func (b *backend) idle(ctx context.Context, patience time.Duration) bool {
	return await(ctx, patience, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.active == 0
	})
}

// A pool is the load balancer: round robin over the backends in rotation.
type pool struct {
	members []*backend
	next    int // of one goroutine only
}

// pick returns nil if no backend is in rotation.
func (p *pool) pick() *backend {
	for range p.members {
		b := p.members[p.next%len(p.members)]
		p.next++
		if b.take() {
			return b
		}
	}
	return nil
}

// hangUp closes idle connections.
func (p *pool) hangUp() {
	for _, b := range p.members {
		b.client.CloseIdleConnections()
	}
}
