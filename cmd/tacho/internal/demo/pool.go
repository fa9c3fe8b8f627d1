package demo

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// A backend is one server as its load balancer sees it.
type backend struct {
	name, url string
	client    *http.Client

	mu     sync.Mutex
	away   bool
	active int // requests under way
}

func newBackend(name, url string) *backend {
	return &backend{name: name, url: url, client: &http.Client{Transport: transport(), Timeout: 20 * time.Second}}
}

// take reserves the backend for a request, unless it is away.
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

// leave takes the backend out of the rotation.
func (b *backend) leave() { b.setAway(true) }

// join puts it in again. Connections to what served before are forgotten: a
// request that is sent on one before its end is noticed has no answer, and a
// POST is not repeated.
func (b *backend) join() {
	b.client.CloseIdleConnections()
	b.setAway(false)
}

func (b *backend) setAway(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

// idle waits until no request is under way, for some time at most.
func (b *backend) idle(ctx context.Context, patience time.Duration) bool {
	return await(ctx, patience, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.active == 0
	})
}

// A pool is the load balancer: every backend in turn, those that are away
// passed over.
type pool struct {
	members []*backend
	next    int // of one goroutine only
}

// pick returns nil when all are away.
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

// hangUp closes the connections that nobody uses.
func (p *pool) hangUp() {
	for _, b := range p.members {
		b.client.CloseIdleConnections()
	}
}
