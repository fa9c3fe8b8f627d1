// Package slab hands out memory that is needed once for each request.
package slab

import "sync"

// size is how many values are allocated together. More would save little and
// let one long-lived request keep more of its neighbours' memory.
const size = 32

// Of allocates values of T 32 at a time, so that one allocation serves as many
// requests. Unlike a pool it never hands out a value twice: a handler that
// wrongly keeps its request or body beyond its return can do no more harm than
// without us, and never reaches another request.
// The zero value is ready; it is safe for concurrent use.
type Of[T any] struct{ started sync.Pool }

type block[T any] struct {
	used   int
	values [size]T
}

// New returns a zero T that nobody else has had.
func (s *Of[T]) New() *T {
	b, _ := s.started.Get().(*block[T])
	if b == nil {
		b = new(block[T])
	}
	v := &b.values[b.used]
	b.used++
	if b.used < size {
		s.started.Put(b)
	}
	return v
}
