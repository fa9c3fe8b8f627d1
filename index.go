package tacho

import (
	"maps"
	"sync"
	"sync/atomic"
)

// An index finds values by key without a lock. Additions happen under one, and
// are rare. A key that was added stays, unless remove takes it out.
type index[K comparable, V any] struct {
	known  atomic.Pointer[map[K]V]
	mu     sync.Mutex
	recent map[K]V // not in known yet
	misses int     // look-ups that had to ask recent
}

// snapshot is what can be found without a lock. It must not be written to.
func (x *index[K, V]) snapshot() map[K]V {
	if known := x.known.Load(); known != nil {
		return *known
	}
	return nil
}

// find looks a key up under the lock: what was added just now is found as well.
func (x *index[K, V]) find(key K) (V, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.findLocked(key)
}

// findLocked looks a key up. It is called under the lock.
func (x *index[K, V]) findLocked(key K) (V, bool) {
	if v, ok := x.snapshot()[key]; ok {
		return v, true
	}
	v, ok := x.recent[key]
	if ok {
		x.promote()
	}
	return v, ok
}

// add returns the value of a key, and makes it if there is none. What make says
// is not to be kept is not.
func (x *index[K, V]) add(key K, make func() (v V, keep bool)) V {
	x.mu.Lock()
	defer x.mu.Unlock()
	if v, ok := x.findLocked(key); ok {
		return v
	}
	v, keep := make()
	if keep {
		x.keep(key, v)
	}
	return v
}

// put adds a key that is not there.
func (x *index[K, V]) put(key K, v V) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.keep(key, v)
}

// len is how many keys there are.
func (x *index[K, V]) len() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.snapshot()) + len(x.recent)
}

// keep adds a key under the lock.
func (x *index[K, V]) keep(key K, v V) {
	if x.recent == nil {
		x.recent = map[K]V{}
	}
	x.recent[key] = v
	x.promote()
}

// promote moves recent keys to the known ones once they were asked for as often
// as it costs to copy these.
func (x *index[K, V]) promote() {
	known := x.snapshot()
	if x.misses++; x.misses <= len(known) {
		return
	}
	all := make(map[K]V, len(known)+len(x.recent))
	maps.Copy(all, known)
	maps.Copy(all, x.recent)
	x.known.Store(&all)
	x.recent, x.misses = nil, 0
}

// all returns everything in no order.
func (x *index[K, V]) all() []V {
	x.mu.Lock()
	defer x.mu.Unlock()
	known := x.snapshot()
	values := make([]V, 0, len(known)+len(x.recent))
	for _, m := range []map[K]V{known, x.recent} {
		for _, v := range m {
			values = append(values, v)
		}
	}
	return values
}

// remove takes out what the function chooses.
func (x *index[K, V]) remove(chosen func(K, V) bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	left := make(map[K]V, len(x.snapshot())+len(x.recent))
	for _, m := range []map[K]V{x.snapshot(), x.recent} {
		for k, v := range m {
			if !chosen(k, v) {
				left[k] = v
			}
		}
	}
	x.known.Store(&left)
	x.recent, x.misses = nil, 0
}
