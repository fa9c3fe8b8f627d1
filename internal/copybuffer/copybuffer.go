// Package copybuffer keeps the buffers with which a reverse proxy copies bodies.
package copybuffer

import "sync"

const size = 32 << 10

// A Pool implements httputil.BufferPool with buffers of 32 KiB. The zero Pool is ready for use.
type Pool struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (p *Pool) Get() []byte {
	if one, ok := p.pool.Get().(*[size]byte); ok {
		return one[:]
	}
	return new([size]byte)[:]
}

// Put implements httputil.BufferPool.
func (p *Pool) Put(one []byte) { p.pool.Put((*[size]byte)(one)) }
