package tachotest

import (
	"testing"
	"time"

	"github.com/tacho-go/tacho"
)

// A Recording is what a Meter has recorded: since before the function of
// [Record], or in [All]. Everything counts that the Meter's registry serves,
// whoever recorded it, so that tests which run in parallel need a Meter each.
//
// Its methods may be called by several goroutines, Value by the test's own only.
type Recording struct {
	// Patience is how long the methods wait at most: 5 s unless it is set
	// before they are called. At 0 they look once.
	Patience time.Duration

	t      testing.TB
	meter  *tacho.Meter
	before snapshot
}

const (
	defaultPatience = 5 * time.Second

	// calm is how long nothing must happen until it is believed that nothing
	// will: in the library, a request is out of flight just before it is
	// recorded.
	calm = 10 * time.Millisecond

	// linger is how long Record lets requests end that began before it.
	linger = 100 * time.Millisecond
)

// Record calls f and returns what changed from then on: a counter that went from
// 3 to 5 has 2, and a gauge that fell by one has -1. A sample that was not there
// before began at 0.
//
// Requests of the lines before may still be about to be recorded. Record lets
// them, for a tenth of a second; to be sure, Want them first.
func Record(t testing.TB, m *tacho.Meter, f func()) *Recording {
	t.Helper()
	r := All(t, m)
	r.before = r.start()
	f()
	return r
}

// All returns everything that m has recorded, with the values of the moment when
// a method is called.
//
//	tachotest.All(t, m).Want("shop_queue_length 0") // when the queue has been worked off
func All(t testing.TB, m *tacho.Meter) *Recording {
	return &Recording{Patience: defaultPatience, t: t, meter: m}
}

// Want waits until each sample has its value, and fails the test if one never
// has: at once if a counter is past its value already. A sample must be there to
// be 0; see WantNone for those that must not. Values are equal if no more than
// rounding is between them.
func (r *Recording) Want(samples ...string) {
	r.t.Helper()
	if wanted, ok := parseLines(r.t, samples, parseExpectation); ok {
		r.report(r.until(false, expectations(wanted).missing))
	}
}

// WantOnly is Want, and fails the test as well if any other sample of the same
// names has changed. Other names may change.
func (r *Recording) WantOnly(samples ...string) {
	r.t.Helper()
	if lines, ok := parseLines(r.t, samples, parseExpectation); ok {
		wanted := expectations(lines)
		r.report(r.until(true, func(c changes) []complaint {
			return append(wanted.missing(c), wanted.others(c)...)
		}))
	}
}

// WantNone fails the test if a sample has changed; in All, if it is not 0. Samples
// are written without a value: http_request_panics_total for all of that metric,
// http_requests_total{status="500",...} for some, and the name of a histogram for
// whatever it observes. A misspelled name never changes.
func (r *Recording) WantNone(samples ...string) {
	r.t.Helper()
	if selectors, ok := parseLines(r.t, samples, parseSelector); ok {
		r.report(r.until(true, func(c changes) (all []complaint) {
			for _, s := range selectors {
				all = append(all, s.changed(c)...)
			}
			return all
		}))
	}
}

// Value returns the value of a sample, which is written without one, as soon as
// the sample is there. The test ends if it never is. Value does not wait for what
// may still be recorded: call Want before.
func (r *Recording) Value(sample string) float64 {
	r.t.Helper()
	s, err := parseSelector(sample)
	if err != nil {
		r.t.Fatalf("malformed: %s: %v", sample, err)
	}
	var value float64
	complaints := r.until(false, func(c changes) []complaint {
		matched := c.of(s)
		value = matched.sum()
		if len(matched) == 0 {
			return []complaint{{text: "want " + s.String() + "\n" + s.absent(c)}}
		}
		return nil
	})
	if len(complaints) > 0 {
		r.t.Fatalf("%s", r.message(complaints))
	}
	return value
}

// start is what is recorded before a recording begins.
func (r *Recording) start() snapshot {
	r.t.Helper()
	for deadline := time.Now().Add(linger); ; time.Sleep(time.Millisecond) {
		now, err := read(r.meter)
		if err != nil {
			r.t.Fatalf("reading the metrics: %v", err)
		}
		if now.inFlight() <= 0 || time.Now().After(deadline) {
			return now
		}
	}
}

// until looks until there is nothing to complain about. With certainty it looks
// on until nothing can come any more.
func (r *Recording) until(certainly bool, check func(changes) []complaint) []complaint {
	var since time.Time // when it was content first, and has been ever since
	deadline := time.Now().Add(r.Patience)
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		complaints, idle := r.look(check)
		content := len(complaints) == 0 && (idle || !certainly)
		now := time.Now()
		if !content {
			since = time.Time{}
		} else if since.IsZero() {
			since = now
		}
		switch {
		case content && (!certainly || now.Sub(since) >= calm):
			return nil
		case !now.Before(deadline) || hopeless(complaints):
			return complaints
		}
		time.Sleep(min(pause, deadline.Sub(now)))
	}
}

// look checks what is recorded now. It also tells whether all requests have ended
// that were not there before.
func (r *Recording) look(check func(changes) []complaint) (complaints []complaint, idle bool) {
	now, err := read(r.meter)
	if err != nil {
		return []complaint{{text: "reading the metrics: " + err.Error()}}, false
	}
	return check(now.since(r.before)), now.inFlight() <= r.before.inFlight()
}
