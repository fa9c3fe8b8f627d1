package top

import (
	"fmt"
	"slices"
	"time"
)

// A Watch collects the snapshots of a service's URLs.
type Watch struct {
	interval  time.Duration
	window    time.Duration
	instances []*instance
	verdict   *Verdict
	limits    limits              // without a verdict
	added     *combined           // nil after a new snapshot
	busy      map[Route]time.Time // last observed request of each route
}

// NewWatch returns a Watch of URLs. Rates cover the window, or the time between the last
// two scrapes if that is longer.
func NewWatch(urls []string, interval, window time.Duration) *Watch {
	w := &Watch{interval: interval, window: max(window, 0), limits: defaultLimits(), busy: map[Route]time.Time{}}
	for _, u := range urls {
		w.instances = append(w.instances, &instance{url: u})
	}
	return w
}

// Take adds a snapshot of the i-th URL.
func (w *Watch) Take(i int, r Snapshot) {
	w.instances[i].take(r, w.window)
	w.added = nil
}

// Fail records a failed scrape of the i-th URL.
func (w *Watch) Fail(i int, at time.Time, problem string) {
	w.instances[i].fail(at, problem)
	w.added = nil
}

// Judge sets the verdict; nil is none.
func (w *Watch) Judge(v *Verdict) {
	w.verdict = v
	w.added = nil
}

// A Frame is the data to display at a time.
type Frame struct {
	URLs      []string
	Answering int
	Problems  []string // failed URLs and their errors
	Notes     []string // other remarks
	Schemas   []string // naming schemes of the URLs
	Interval  time.Duration
	Scraped   time.Time     // request time of the newest snapshot
	AllTime   bool          // since the start of the process, after a single scrape
	Window    time.Duration // time range of the rates
	Up        []time.Duration
	Verdict   *Verdict // nil: none

	Total Row
	Rows  []Row
}

// Frame returns the current frame. Totals are cached, because each key draws a frame.
func (w *Watch) Frame(now time.Time) Frame {
	if w.added == nil {
		w.added = w.addUp()
	}
	p := Frame{Interval: w.interval, AllTime: w.added.allTime, Window: w.added.window, Rows: w.added.rows, Total: w.added.total, Verdict: w.verdict}
	for _, i := range w.instances {
		p.URLs = append(p.URLs, i.url)
		p.note(i, now)
		if i.active() {
			p.Answering++
		}
	}
	return p
}

// note adds the state of an instance.
func (p *Frame) note(i *instance, now time.Time) {
	switch {
	case i.asked.IsZero():
		p.Notes = append(p.Notes, i.url+": no response yet")
	case i.problem != "":
		p.Problems = append(p.Problems, i.url+": "+i.problem)
	default:
		p.noteSnapshot(*i.last)
		if late := now.Sub(i.asked); late > 2*p.Interval+time.Second {
			p.Notes = append(p.Notes, fmt.Sprintf("%s: no response for %s; showing its last numbers", i.url, age(late)))
		}
	}
}

func (p *Frame) noteSnapshot(r Snapshot) {
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
		if n := "it also has the names of " + other + ", which are not counted twice"; !slices.Contains(p.Notes, n) {
			p.Notes = append(p.Notes, n)
		}
	}
}
