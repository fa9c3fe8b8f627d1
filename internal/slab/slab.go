// Package slab allocates values that every request needs once. It depends on the standard
// library only.
package slab

import "sync"

// size is how many values are allocated together. More would save little, and one long-lived
// request would keep more of its neighbors' memory alive.
const size = 32

// Of allocates values of T 32 at a time, so that one allocation serves as many requests. Unlike
// a pool it never reuses a value: a handler that wrongly keeps its request or body after it
// returns can never reach another request. The zero value is ready to use, and safe for
// concurrent use.
type Of[T any] struct{ started sync.Pool }

type block[T any] struct {
	used   int
	values [size]T
}

// New returns a zero T that was never used before.
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
