package top

import "time"

// combined is the sum of the counts of all instances.
type combined struct {
	rows    []Row
	total   Row
	allTime bool
	window  time.Duration
}

// addUp sums the last steps, or everything since the start if there is no step yet.
func (w *Watch) addUp() *combined {
	all, t := &combined{allTime: true}, newTable()
	for _, i := range w.instances {
		all.allTime = all.allTime && (!i.active() || len(i.steps) == 0)
	}
	for _, i := range w.instances {
		if !i.active() {
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
	w.applyLimits(all.rows)
	if !all.allTime {
		w.markQuiet(all.rows)
	}
	return all
}

// quietAfter is the time without requests after which a route moves below the others. It
// is the window of the page's rates; with a shorter time, rows would jump on each refresh.
const quietAfter = time.Minute

// markQuiet marks the routes that have served no request for quietAfter.
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

// newest returns the request time of the newest snapshot.
func (w *Watch) newest() (at time.Time) {
	for _, i := range w.instances {
		if i.active() && i.last.At.After(at) {
			at = i.last.At
		}
	}
	return at
}

// span returns zero if the start time of the process is unknown.
func (s step) span() time.Duration {
	if s.from.IsZero() {
		return 0
	}
	return s.to.Sub(s.from)
}

// applyLimits computes the states of routes: with the limits of the verdict if there is one, so that both
// agree.
func (w *Watch) applyLimits(rows []Row) {
	for i, r := range rows {
		l := w.limits
		if w.verdict != nil && w.verdict.LimitsFunc != nil {
			l.errorRatio, l.p95 = w.verdict.LimitsFunc(r.Path)
		}
		rows[i].State = l.state(r)
	}
}
