package store

import (
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/hist"
)

// A gauge is a number that processors change without contention.
type gauge struct{ words atomic.Pointer[spread] }

// spread has a word in each of several cache lines.
type spread [hist.Shards * cacheLine]atomic.Uint64

const cacheLine = 8 // words

func (s *gauge) add(hint uint32, n int64) {
	s.words.Load()[hint%hist.Shards*cacheLine].Add(uint64(n))
}

// used reports whether the number is exported even if it is 0.
func (s *gauge) used() bool { return s.words.Load() != nil }

// use creates the gauge of a combination of method and TLS.
func (s *gauge) use(t *Store, methodTLS int) {
	if s.words.Load() != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.words.Load() == nil {
		key := cellKey{What: inFlightCounts}
		t.setMethod(&key, methodTLS)
		s.words.Store((*spread)(t.words(key, len(spread{}))))
	}
}

// load adds up the shards. A request that begins on one processor and ends on another cancels out.
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

// Enter counts a request in flight, and returns the gauge's index for Leave.
func (t *Store) Enter(method string, secure bool, hint uint32) (as uint32) {
	if len(t.inFlight) > 1 {
		as = uint32(t.methodTLS(method, secure))
		t.inFlight[as].use(t, int(as))
	}
	t.inFlight[as].add(hint, 1)
	return as
}

// Leave ends what Enter began.
func (t *Store) Leave(as, hint uint32) { t.inFlight[as].add(hint, -1) }

// Flights calls f with the number of requests in flight: for each combination of method and TLS in
// use, or for all together, with the index -1.
func (t *Store) Flights(f func(methodTLS int, n int64)) {
	if len(t.inFlight) == 1 {
		f(-1, t.inFlight[0].load())
		return
	}
	for methodTLS := range t.inFlight {
		if t.inFlight[methodTLS].used() {
			f(methodTLS, t.inFlight[methodTLS].load())
		}
	}
}
