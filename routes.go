package tacho

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// A route is everything recorded under one value of the route label.
type route struct {
	label    string
	excluded bool
	rows     []atomic.Pointer[row] // by method number
}

// A row is everything recorded under one route and method.
type row struct {
	route  *route
	method int
	cells  atomic.Pointer[[]cell] // copied on write

	// Made when the first value arrives, since most routes need few of them.
	requestSize, responseSize, streams atomic.Pointer[histogram]

	panics atomic.Uint64
}

// A cell leads from a status to its series. Where the budget was spent, that
// is the series into which the request was folded, and folded says for whose
// sake.
type cell struct {
	status int
	folded foldedLabel
	series *series
}

// A series is one label set of the requests counter and the latency histogram.
// The counter has no storage of its own: it is the sum of the buckets.
type series struct {
	row       *row
	status    int
	durations histogram
}

// overflowStatus stands for __overflow__ among the statuses.
const overflowStatus = -1

// A foldedLabel is a label whose value the budget replaced.
type foldedLabel uint8

const (
	foldedNone foldedLabel = iota
	foldedRoute
	foldedStatus
	foldedLabels // how many there are
)

// foldAllowance is how many label sets with __overflow__ may come on top of
// the limit. When it is spent too, everything folds into a single set.
const foldAllowance = 64

// maxFoldedCells bounds the memory of one row's folded cells; statuses beyond
// it take the slow path each time.
const maxFoldedCells = 64

// A table holds the routes and their series, within the budget. Look-ups are
// lock-free; additions happen under a lock and are rare.
type table struct {
	opts    *Options
	methods methods
	exclude exclusions
	ladder  *ladder

	routes   atomic.Pointer[map[string]*route] // by the string as it came
	overflow *route
	folds    [foldedLabels]atomic.Uint64

	mu       sync.Mutex
	byLabel  map[string]*route // by the label, after cleaning
	all      []*series
	foldSets int         // of all, those with __overflow__
	statuses map[int]int // series per status
	warned   bool
}

func newTable(opts *Options) *table {
	t := &table{
		opts:     opts,
		methods:  newMethods(opts.Methods),
		exclude:  newExclusions(*opts),
		ladder:   newLadder(opts.Buckets, 1e9),
		byLabel:  map[string]*route{},
		statuses: map[int]int{},
	}
	t.routes.Store(&map[string]*route{})
	t.overflow = t.newRoute(overflowValue)
	return t
}

func (t *table) newRoute(label string) *route {
	return &route{
		label:    label,
		excluded: t.exclude.route(label),
		rows:     make([]atomic.Pointer[row], len(t.methods.names)),
	}
}

// route returns the route of a template, or the overflow route when there are
// too many. It does not keep the string that it is given.
func (t *table) route(template string) *route {
	if r, ok := (*t.routes.Load())[template]; ok {
		return r
	}
	return t.addRoute(template)
}

func (t *table) addRoute(template string) *route {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := *t.routes.Load()
	if r, ok := known[template]; ok {
		return r
	}
	label := cleanLabel(template)
	r, ok := t.byLabel[label]
	if !ok {
		if len(t.byLabel) >= t.opts.SeriesLimit {
			t.warn(foldedRoute)
			return t.overflow
		}
		r = t.newRoute(label)
		t.byLabel[label] = r
	}
	// Strings that clean to the same label share a route. The index of
	// uncleaned strings is bounded as well, and holds no huge ones.
	if len(known) < 2*t.opts.SeriesLimit && len(template) <= maxLabelBytes {
		grown := maps.Clone(known)
		grown[string([]byte(template))] = r
		t.routes.Store(&grown)
	}
	return r
}

// row returns the row of a route and method.
func (t *table) row(r *route, method int) *row {
	if p := r.rows[method].Load(); p != nil {
		return p
	}
	fresh := &row{route: r, method: method}
	fresh.cells.Store(new([]cell))
	if r.rows[method].CompareAndSwap(nil, fresh) {
		return fresh
	}
	return r.rows[method].Load()
}

// cell returns the place of a status in a row.
func (t *table) cell(w *row, status int) cell {
	for _, c := range *w.cells.Load() {
		if c.status == status {
			return c
		}
	}
	return t.addCell(w, status)
}

func (t *table) addCell(w *row, status int) cell {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.addCellLocked(w, status)
}

func (t *table) addCellLocked(w *row, status int) cell {
	folded := 0
	for _, c := range *w.cells.Load() {
		if c.status == status {
			return c
		}
		if c.folded != foldedNone {
			folded++
		}
	}
	c := t.place(w, status)
	if c.folded == foldedNone || folded < maxFoldedCells {
		// Read again: folding may have added a cell to this very row.
		grown := append(slices.Clip(*w.cells.Load()), c)
		w.cells.Store(&grown)
	}
	return c
}

// place makes or finds the series for a new status of a row: its own within
// the budget, a folded one past it.
func (t *table) place(w *row, status int) cell {
	switch {
	case status == overflowStatus || w.route == t.overflow:
		return cell{status: status, series: t.foldedSeries(w, status)}
	case len(t.all)-t.foldSets < t.opts.SeriesLimit:
		return cell{status: status, series: t.newSeries(w, status)}
	}
	folded := t.offender()
	t.warn(folded)
	if folded == foldedStatus {
		return cell{status, folded, t.addCellLocked(w, overflowStatus).series}
	}
	return cell{status, folded, t.addCellLocked(t.row(t.overflow, w.method), status).series}
}

// foldedSeries makes a series that carries __overflow__, or returns the one
// set in which everything ends when the allowance is spent.
func (t *table) foldedSeries(w *row, status int) *series {
	last := t.row(t.overflow, 0)
	if t.foldSets < foldAllowance-1 || w == last && status == overflowStatus {
		t.foldSets++
		return t.newSeries(w, status)
	}
	return t.addCellLocked(last, overflowStatus).series
}

// offender names the label with the most values: the one to fold.
func (t *table) offender() foldedLabel {
	if len(t.statuses) > len(t.byLabel) {
		return foldedStatus
	}
	return foldedRoute
}

func (t *table) newSeries(w *row, status int) *series {
	s := &series{row: w, status: status, durations: t.ladder.newHistogram()}
	t.all = append(t.all, s)
	t.statuses[status]++
	return s
}

// warn says once that the budget is spent, and on what.
func (t *table) warn(folded foldedLabel) {
	if t.warned {
		return
	}
	t.warned = true
	log := cmp.Or(t.opts.Logger, slog.Default())
	log.Warn("tacho: too many label sets: new values are recorded as "+overflowValue+
		"; find where they come from in tacho_overflow_total, or raise Options.SeriesLimit",
		"metric", t.opts.Schema.Requests.Name, "label", t.labelName(folded),
		"limit", t.opts.SeriesLimit, "routes", len(t.byLabel), "statuses", len(t.statuses))
}

// labelName is what the schema calls a label that was folded.
func (t *table) labelName(folded foldedLabel) string {
	return labelOf(t.opts.Schema.Requests, foldedValues[folded])
}

// expect makes the series of a route that was not called yet, so that they
// start at zero. Half of the budget is left for what really happens.
func (t *table) expect(method, template string) {
	r := t.route(template)
	if r == t.overflow || r.excluded {
		return
	}
	w := t.row(r, t.methods.index(method))
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, status := range t.opts.InitialStatuses {
		if len(t.all) < t.opts.SeriesLimit/2 {
			t.addCellLocked(w, status)
		}
	}
}

// series returns all series there are, in no particular order.
func (t *table) series() []*series {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clip(t.all)
}

// ownsSeries reports whether any of the row's requests were recorded under its
// own route, rather than folded into another one.
func (w *row) ownsSeries() bool {
	return slices.ContainsFunc(*w.cells.Load(), func(c cell) bool { return c.series.row == w })
}

// rows returns the rows that have a series of their own, in no particular order.
func (t *table) rows() []*row {
	t.mu.Lock()
	defer t.mu.Unlock()
	var rows []*row
	for _, r := range append(slices.Collect(maps.Values(t.byLabel)), t.overflow) {
		for i := range r.rows {
			if w := r.rows[i].Load(); w != nil && w.ownsSeries() {
				rows = append(rows, w)
			}
		}
	}
	return rows
}
