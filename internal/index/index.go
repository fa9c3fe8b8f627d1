// Package index has a map that is read without a lock. It knows the standard
// library only.
package index

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A Map finds values by key without a lock. Additions happen under one, and
// are rare. A key that was added stays, unless remove takes it out.
type Map[K comparable, V any] struct {
	known  atomic.Pointer[map[K]V]
	mu     sync.Mutex
	recent map[K]V // not in known yet
	misses int     // look-ups that had to look in recent
}

// Snapshot is what can be found without a lock. It must not be written to.
func (x *Map[K, V]) Snapshot() map[K]V {
	if known := x.known.Load(); known != nil {
		return *known
	}
	return nil
}

// Fill makes a map what can be found. It must not be written to from then on.
func (x *Map[K, V]) Fill(all map[K]V) { x.known.Store(&all) }

// Find looks a key up under the lock: what was added just now is found as well.
func (x *Map[K, V]) Find(key K) (V, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.FindLocked(key)
}

// FindLocked looks a key up. It is called under the lock.
func (x *Map[K, V]) FindLocked(key K) (V, bool) {
	if v, ok := x.Snapshot()[key]; ok {
		return v, true
	}
	v, ok := x.recent[key]
	if ok {
		x.promote()
	}
	return v, ok
}

// Add returns the value of a key, and makes it if there is none. The value
// is not kept unless make says so.
func (x *Map[K, V]) Add(key K, make func() (v V, keep bool)) V {
	x.mu.Lock()
	defer x.mu.Unlock()
	if v, ok := x.FindLocked(key); ok {
		return v
	}
	v, keep := make()
	if keep {
		x.PutLocked(key, v)
	}
	return v
}

// Put adds a key that is not there.
func (x *Map[K, V]) Put(key K, v V) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.PutLocked(key, v)
}

// Len is how many keys there are.
func (x *Map[K, V]) Len() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.Snapshot()) + len(x.recent)
}

// PutLocked adds a key under the lock.
func (x *Map[K, V]) PutLocked(key K, v V) {
	if x.recent == nil {
		x.recent = map[K]V{}
	}
	x.recent[key] = v
	x.promote()
}

// promote moves recent keys to the known ones once they were looked up as often
// as it costs to copy these.
func (x *Map[K, V]) promote() {
	known := x.Snapshot()
	if x.misses++; x.misses <= len(known) {
		return
	}
	all := make(map[K]V, len(known)+len(x.recent))
	maps.Copy(all, known)
	maps.Copy(all, x.recent)
	x.known.Store(&all)
	x.recent, x.misses = nil, 0
}

// All returns everything in no order.
func (x *Map[K, V]) All() []V {
	x.mu.Lock()
	defer x.mu.Unlock()
	known := x.Snapshot()
	values := make([]V, 0, len(known)+len(x.recent))
	for _, m := range []map[K]V{known, x.recent} {
		for _, v := range m {
			values = append(values, v)
		}
	}
	return values
}

// Remove takes out what the function chooses.
func (x *Map[K, V]) Remove(chosen func(K, V) bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	left := make(map[K]V, len(x.Snapshot())+len(x.recent))
	for _, m := range []map[K]V{x.Snapshot(), x.recent} {
		for k, v := range m {
			if !chosen(k, v) {
				left[k] = v
			}
		}
	}
	x.known.Store(&left)
	x.recent, x.misses = nil, 0
}
