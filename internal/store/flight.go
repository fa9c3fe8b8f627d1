package store

import (
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/hist"
)

// A gauge is a number that processors change without waiting for each other.
type gauge struct{ words atomic.Pointer[spread] }

// spread has a word in each of several cache lines.
type spread [hist.Shards * cacheLine]atomic.Uint64

const cacheLine = 8 // words

func (s *gauge) add(hint uint32, n int64) {
	s.words.Load()[hint%hist.Shards*cacheLine].Add(uint64(n))
}

// used reports whether the number is worth showing, also when it is 0.
func (s *gauge) used() bool { return s.words.Load() != nil }

// use makes the gauge of a kind of request.
func (s *gauge) use(t *Store, kind int) {
	if s.words.Load() != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.words.Load() == nil {
		key := cellKey{What: inFlightCounts}
		t.kindKey(&key, kind)
		s.words.Store((*spread)(t.words(key, len(spread{}))))
	}
}

// load adds the shards up. What one processor began and another one ended
// cancels out.
func (s *gauge) load() (n int64) {
	words := s.words.Load()
	if words == nil {
		return 0
	}
	for i := range words {
		n += int64(words[i].Load())
	}
	return n
}

// Enter counts a request in flight, and returns as what for leave.
func (t *Store) Enter(method string, secure bool, hint uint32) (as uint32) {
	if len(t.inFlight) > 1 {
		as = uint32(t.kindOf(method, secure))
		t.inFlight[as].use(t, int(as))
	}
	t.inFlight[as].add(hint, 1)
	return as
}

// Leave ends what enter began.
func (t *Store) Leave(as, hint uint32) { t.inFlight[as].add(hint, -1) }

// Flights calls f with how many requests are in flight: of each kind that was used,
// or of all, for which the kind is -1.
func (t *Store) Flights(f func(kind int, n int64)) {
	if len(t.inFlight) == 1 {
		f(-1, t.inFlight[0].load())
		return
	}
	for kind := range t.inFlight {
		if t.inFlight[kind].used() {
			f(kind, t.inFlight[kind].load())
		}
	}
}
