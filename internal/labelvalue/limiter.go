package labelvalue

import (
	"strings"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/index"
)

// DefaultMax is how many values a label may have unless it says otherwise.
const DefaultMax = 100

// A Limiter limits the values of a label. It is safe for concurrent use.
type Limiter struct {
	Name       string // the label's
	past       string // what is recorded in place of a value too many
	max        int64
	count      atomic.Int64
	Overflowed *atomic.Uint64            // how many values were not taken
	values     index.Map[string, string] // as they are recorded, by what Func returned
}

// NewLimiter returns what limits a label to declared values, if there are any, or
// else to so many (0 stands for 100).
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
		return Other // the declared ones are all there are
	}
	return b.undeclared(raw)
}

// Distinct is how many values there are.
func (b *Limiter) Distinct() int { return int(b.count.Load()) }

// undeclared returns a value that Values does not declare. Its key is what the
// label shows, and never longer: clients choose how long the text is.
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
		return b.tooMany() // without a lock: all that count are known
	}
	clean = strings.Clone(clean) // an array of its own
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
