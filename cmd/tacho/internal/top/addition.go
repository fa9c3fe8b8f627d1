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
	if !all.allTime {
		w.markQuiet(all.rows)
	}
	return all
}

// quietAfter is how long a route serves nothing before it moves below the others: the
// page's rates are over as long. A shorter time would make rows jump at each refresh.
const quietAfter = time.Minute

// markQuiet marks the routes that have served nothing for a while.
func (w *Watch) markQuiet(rows []Row) {
	now := w.newest()
	for i, r := range rows {
		if r.Requests > 0 {
			w.busy[r.Route] = now
		}
		last, known := w.busy[r.Route]
		rows[i].Quiet = !known || now.Sub(last) > quietAfter
	}
}

// newest is when the newest reading was asked for.
func (w *Watch) newest() (at time.Time) {
	for _, i := range w.instances {
		if i.answers() && i.last.At.After(at) {
			at = i.last.At
		}
	}
	return at
}

// span is zero if the process does not say when it began.
func (s step) span() time.Duration {
	if s.from.IsZero() {
		return 0
	}
	return s.to.Sub(s.from)
}
