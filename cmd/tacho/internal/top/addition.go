package top

import "time"

// An addition is what all instances have counted together.
type addition struct {
	rows    []Row
	total   Row
	allTime bool
	window  time.Duration
}

// addUp adds the last steps, or all since the start if there is no step yet.
func (w *Watch) addUp() *addition {
	all, t := &addition{allTime: true}, newTable()
	for _, i := range w.instances {
		all.allTime = all.allTime && (!i.answers() || len(i.steps) == 0)
	}
	for _, i := range w.instances {
		if !i.answers() {
			continue
		}
		if all.allTime {
			s := sinceStart(*i.last)
			t.add(s.routes, s.span())
		} else {
			t.addAll(i)
		}
		t.addInFlight(*i.last)
		all.window = max(all.window, i.span())
	}
	all.rows, all.total = t.rows()
	return all
}

// span is zero if the process does not say when it began.
func (s step) span() time.Duration {
	if s.from.IsZero() {
		return 0
	}
	return s.to.Sub(s.from)
}
