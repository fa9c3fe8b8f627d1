package top

import (
	"fmt"
	"slices"
	"time"
)

// A Watch follows the URLs of a service.
type Watch struct {
	interval  time.Duration
	window    time.Duration
	instances []*instance
	added     *addition           // nil when something is new
	busy      map[Route]time.Time // when each route has served something, as far as it was seen
}

// NewWatch follows URLs. Rates are those over the window, or between the last
// two scrapes if that is longer.
func NewWatch(urls []string, interval, window time.Duration) *Watch {
	w := &Watch{interval: interval, window: max(window, 0), busy: map[Route]time.Time{}}
	for _, u := range urls {
		w.instances = append(w.instances, &instance{url: u})
	}
	return w
}

// Take notes what a scrape of the i-th URL has brought.
func (w *Watch) Take(i int, r Reading) {
	w.instances[i].take(r, w.window)
	w.added = nil
}

// Fail notes that a scrape of the i-th URL brought nothing.
func (w *Watch) Fail(i int, at time.Time, problem string) {
	w.instances[i].fail(at, problem)
	w.added = nil
}

// A Picture is what there is to see at a moment.
type Picture struct {
	URLs      []string
	Answering int
	Problems  []string // URLs that do not count, and why
	Notes     []string // what else a reader should know
	Schemas   []string // whose names the URLs have
	Interval  time.Duration
	Scraped   time.Time     // when the newest reading was asked for
	AllTime   bool          // counted since the start, as there was one scrape only
	Window    time.Duration // in which the rates were counted
	Up        []time.Duration

	Total Row
	Rows  []Row
}

// Picture is what there is to see now. Only what is new is computed anew: a
// picture is drawn with each key.
func (w *Watch) Picture(now time.Time) Picture {
	if w.added == nil {
		w.added = w.addUp()
	}
	p := Picture{Interval: w.interval, AllTime: w.added.allTime, Window: w.added.window, Rows: w.added.rows, Total: w.added.total}
	for _, i := range w.instances {
		p.URLs = append(p.URLs, i.url)
		p.note(i, now)
		if i.answers() {
			p.Answering++
		}
	}
	return p
}

// note says what an instance is like.
func (p *Picture) note(i *instance, now time.Time) {
	switch {
	case i.asked.IsZero():
		p.Notes = append(p.Notes, i.url+": asked, no answer yet")
	case i.problem != "":
		p.Problems = append(p.Problems, i.url+": "+i.problem)
	default:
		p.noteReading(*i.last)
		if late := now.Sub(i.asked); late > 2*p.Interval+time.Second {
			p.Notes = append(p.Notes, fmt.Sprintf("%s: no answer for %s; its last numbers are shown", i.url, age(late)))
		}
	}
}

func (p *Picture) noteReading(r Reading) {
	if r.At.After(p.Scraped) {
		p.Scraped = r.At
	}
	if !slices.Contains(p.Schemas, r.Schema) {
		p.Schemas = append(p.Schemas, r.Schema)
	}
	if !r.Started.IsZero() {
		p.Up = append(p.Up, r.At.Sub(r.Started))
	}
	for _, other := range r.Also {
		if n := "it has the names of " + other + ", too; they are not counted twice"; !slices.Contains(p.Notes, n) {
			p.Notes = append(p.Notes, n)
		}
	}
}
