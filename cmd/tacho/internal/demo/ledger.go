package demo

import (
	"maps"
	"sync"
)

// A Route is the target of a request, with the route template as Path.
type Route struct{ Job, Method, Path string }

// A Count is the number of requests sent to a route.
type Count struct {
	Started  uint64
	Finished map[int]uint64 // by status; 499 where the client hung up on purpose
	Failed   uint64         // without an answer, and not on purpose: none is expected
}

// Answered is the sum of Finished over all statuses.
func (c Count) Answered() (n uint64) {
	for _, of := range c.Finished {
		n += of
	}
	return n
}

// A ledger counts the requests of the customers, independently of any metric.
type ledger struct {
	mu     sync.Mutex
	counts map[Route]*Count
}

func newLedger() *ledger { return &ledger{counts: map[Route]*Count{}} }

// write updates the count of a route.
func (l *ledger) write(r Route, change func(*Count)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counts[r]
	if c == nil {
		c = &Count{Finished: map[int]uint64{}}
		l.counts[r] = c
	}
	change(c)
}

func (l *ledger) snapshot() map[Route]Count {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[Route]Count, len(l.counts))
	for r, c := range l.counts {
		all[r] = Count{Started: c.Started, Finished: maps.Clone(c.Finished), Failed: c.Failed}
	}
	return all
}
