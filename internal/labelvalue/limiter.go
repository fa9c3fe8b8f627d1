package labelvalue

import (
	"strings"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/index"
)

// DefaultMax is the default maximum number of values of a label.
const DefaultMax = 100

// A Limiter limits the values of a label. It is safe for concurrent use.
type Limiter struct {
	Name       string // the label's
	past       string // replaces values beyond the limit
	max        int64
	count      atomic.Int64
	Overflowed *atomic.Uint64            // the number of replaced values
	values     index.Map[string, string] // recorded values, by Func's result
}

// NewLimiter returns a limiter for the declared values, or without any for this number of values (0
// means 100).
func NewLimiter(name string, declared []string, most int) *Limiter {
	b := &Limiter{Name: name, past: Overflow, max: DefaultMax, Overflowed: new(atomic.Uint64)}
	if most > 0 {
		b.max = int64(most)
	}
	if len(declared) > 0 {
		b.past, b.max = Other, 0
		known := map[string]string{Other: Other}
		for _, v := range declared {
			known[v] = Clean(v)
		}
		b.values.Fill(known)
		b.count.Store(int64(len(known)))
	}
	return b
}

// Value returns the value to record, in memory that may be kept.
func (b *Limiter) Value(raw string) string {
	if v, ok := b.values.Snapshot()[raw]; ok {
		return v
	}
	if b.past == Other {
		return Other // only declared values are permitted
	}
	return b.undeclared(raw)
}

// Distinct returns the number of values.
func (b *Limiter) Distinct() int { return int(b.count.Load()) }

// undeclared returns a value that is not declared. The index key is the recorded value, which has a
// maximum length, while clients choose how long raw is.
func (b *Limiter) undeclared(raw string) string {
	clean := raw
	if !Fits(raw) {
		clean = Clean(raw)
	}
	known := b.values.Snapshot()
	if v, ok := known[clean]; ok {
		return v
	}
	if b.count.Load() >= b.max && len(known) >= int(b.max) {
		return b.tooMany() // without a lock: no new value is accepted
	}
	clean = strings.Clone(clean) // its own memory
	v := b.values.Add(clean, func() (string, bool) {
		if b.count.Load() >= b.max {
			return "", false
		}
		b.count.Add(1)
		return clean, true
	})
	if v == "" && clean != "" {
		return b.tooMany()
	}
	return v
}

func (b *Limiter) tooMany() string {
	b.Overflowed.Add(1)
	return b.past
}
