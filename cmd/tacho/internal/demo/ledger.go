package demo

import (
	"maps"
	"sync"
)

// A Route is what a request was sent to, with the template that its path
// stands for, as the label path shows it.
type Route struct{ Job, Method, Path string }

// A Count is how many requests the traffic has sent to a route.
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

// A ledger is what the customers know about what they did, independently of
// any metric.
type ledger struct {
	mu     sync.Mutex
	counts map[Route]*Count
}

func newLedger() *ledger { return &ledger{counts: map[Route]*Count{}} }

// write changes a route's count.
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
