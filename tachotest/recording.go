package tachotest

import (
	"testing"
	"time"

	"github.com/tacho-go/tacho"
)

// A Recording is what a Meter has recorded: since the start of [Record], or in total with [All].
// It covers everything in the Meter's registry, so parallel tests need a Meter each.
//
// Its methods are safe for concurrent use, except that only the goroutine of the test may call
// Value.
type Recording struct {
	// Timeout limits how long the methods wait. The default is 5 s; set it before calling them.
	// With 0 they check once.
	Timeout time.Duration

	t      testing.TB
	meter  *tacho.Meter
	before snapshot
}

const (
	defaultTimeout = 5 * time.Second

	// quietPeriod is how long nothing must change before the result is final: a request leaves
	// the in-flight gauge just before it is recorded.
	quietPeriod = 10 * time.Millisecond

	// gracePeriod is how long Record waits for earlier requests to end.
	gracePeriod = 100 * time.Millisecond
)

// Record calls f and returns the changes since then: a counter that went from 3 to 5 has the
// value 2, a gauge that fell by one has -1. A new sample started at 0.
//
// Earlier requests may not have been recorded yet. Record waits a tenth of a second for them; to
// be sure, call Want for them first.
func Record(t testing.TB, m *tacho.Meter, f func()) *Recording {
	t.Helper()
	r := All(t, m)
	r.before = r.baseline()
	f()
	return r
}

// All returns everything that m has recorded, with the values at the time of each call.
//
//	tachotest.All(t, m).Want("shop_queue_length 0") // when the queue has been worked off
func All(t testing.TB, m *tacho.Meter) *Recording {
	return &Recording{Timeout: defaultTimeout, t: t, meter: m}
}

// Want waits until each sample has its value, and otherwise fails the test: at once if a counter
// is already too high. A sample must exist to be 0; see WantNone for samples that must not.
// Values may differ by a rounding error.
func (r *Recording) Want(samples ...string) {
	r.t.Helper()
	if wanted, ok := parseLines(r.t, samples, parseExpectation); ok {
		r.report(r.poll(false, expectations(wanted).mismatches))
	}
}

// WantOnly is Want, and also fails the test if any other sample with one of the names has
// changed. Other names may change.
func (r *Recording) WantOnly(samples ...string) {
	r.t.Helper()
	if lines, ok := parseLines(r.t, samples, parseExpectation); ok {
		wanted := expectations(lines)
		r.report(r.poll(true, func(c changes) []mismatch {
			return append(wanted.mismatches(c), wanted.unexpected(c)...)
		}))
	}
}

// WantNone fails the test if a sample has changed or, with All, if it is not 0. Samples have no
// value here: http_request_panics_total for the whole metric,
// http_requests_total{status="500",...} for some of its samples, or the name of a histogram for
// all its observations. A misspelled name never changes.
func (r *Recording) WantNone(samples ...string) {
	r.t.Helper()
	if selectors, ok := parseLines(r.t, samples, parseSelector); ok {
		r.report(r.poll(true, func(c changes) (all []mismatch) {
			for _, s := range selectors {
				all = append(all, s.changedSamples(c)...)
			}
			return all
		}))
	}
}

// Value returns the value of a sample, given without one, as soon as the sample exists. If it
// never does, the test ends. Value does not wait for pending updates: call Want first.
func (r *Recording) Value(sample string) float64 {
	r.t.Helper()
	s, err := parseSelector(sample)
	if err != nil {
		r.t.Fatalf("malformed: %s: %v", sample, err)
	}
	var value float64
	mismatches := r.poll(false, func(c changes) []mismatch {
		matched := c.matching(s)
		value = matched.sum()
		if len(matched) == 0 {
			return []mismatch{{text: "want " + s.String() + "\n" + s.nearMisses(c)}}
		}
		return nil
	})
	if len(mismatches) > 0 {
		r.t.Fatalf("%s", r.message(mismatches))
	}
	return value
}

// baseline returns the metrics before a recording starts.
func (r *Recording) baseline() snapshot {
	r.t.Helper()
	for deadline := time.Now().Add(gracePeriod); ; time.Sleep(time.Millisecond) {
		now, err := read(r.meter)
		if err != nil {
			r.t.Fatalf("reading the metrics: %v", err)
		}
		if now.inFlight() <= 0 || time.Now().After(deadline) {
			return now
		}
	}
}

// poll checks until there are no mismatches. With final it goes on until nothing can change any
// more.
func (r *Recording) poll(final bool, evaluate func(changes) []mismatch) []mismatch {
	var since time.Time // start of the current period without mismatches
	deadline := time.Now().Add(r.Timeout)
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		mismatches, idle := r.check(evaluate)
		satisfied := len(mismatches) == 0 && (idle || !final)
		now := time.Now()
		if !satisfied {
			since = time.Time{}
		} else if since.IsZero() {
			since = now
		}
		switch {
		case satisfied && (!final || now.Sub(since) >= quietPeriod):
			return nil
		case !now.Before(deadline) || allFinal(mismatches):
			return mismatches
		}
		time.Sleep(min(pause, deadline.Sub(now)))
	}
}

// check evaluates the current metrics. It also reports whether all requests that started since
// have ended.
func (r *Recording) check(evaluate func(changes) []mismatch) (mismatches []mismatch, idle bool) {
	now, err := read(r.meter)
	if err != nil {
		return []mismatch{{text: "reading the metrics: " + err.Error()}}, false
	}
	return evaluate(now.since(r.before)), now.inFlight() <= r.before.inFlight()
}
