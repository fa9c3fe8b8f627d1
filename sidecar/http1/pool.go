package http1

import (
	"sync"
	"time"
)

// A pool holds idle connections. It returns the most recently used one, so that surplus ones expire.
type pool struct {
	mu     sync.Mutex
	idle   []*conn // the least recently used first
	timer  *time.Timer
	closed bool
}

// take returns an open connection, nil if there is none.
func (p *pool) take(timeout time.Duration) *conn {
	for {
		c := p.last()
		switch {
		case c == nil:
			return nil
		case timeout > 0 && time.Since(c.idle) >= timeout, !c.isOpen():
			c.recycle()
		default:
			c.used, c.began, c.wrote = true, false, false
			return c
		}
	}
}

func (p *pool) last() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
	return c
}

// put keeps a connection, or closes it.
func (p *pool) put(c *conn, most int, timeout time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= most {
		c.recycle()
		return
	}
	c.idle = time.Now()
	p.idle = append(p.idle, c)
	if timeout > 0 && p.timer == nil {
		p.timer = time.AfterFunc(timeout, func() { p.expire(timeout) })
	}
}

// expire closes connections after the timeout, and those that the service has closed. It runs again while any
// are left.
func (p *pool) expire(timeout time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.idle[:0]
	for _, c := range p.idle {
		if time.Since(c.idle) >= timeout || !c.isOpen() {
			c.recycle()
			continue
		}
		kept = append(kept, c)
	}
	clear(p.idle[len(kept):])
	p.idle = kept
	if len(kept) == 0 {
		p.timer = nil
		return
	}
	p.timer.Reset(timeout)
}

// close closes idle connections. put closes later ones.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		c.recycle()
	}
	p.idle = nil
}
