package demo

import (
	"math/rand/v2"
	"time"
)

// A world is what all parts of a Demo share.
type world struct {
	opts     Options
	payments *payments
	faults   *faults
	ledger   *ledger
	begun    time.Time // when Run began
}

// dice returns a separate random number generator per user, so that users do not affect
// each other.
func (w *world) dice(user uint64) *dice {
	return &dice{r: rand.New(rand.NewPCG(w.opts.Seed, user))}
}

// elapsed returns the script time.
func (w *world) elapsed() time.Duration {
	if w.opts.Elapsed != nil {
		return w.opts.Elapsed()
	}
	return time.Since(w.begun)
}
