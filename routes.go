package tacho

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// A route is everything recorded under one value of the route label.
type route struct {
	label    string
	excluded bool
	ladder   *ladder               // of its latency histograms
	rows     []atomic.Pointer[row] // by method number
}

// A row is everything recorded under one route and method.
type row struct {
	route  *route
	method int
	cells  atomic.Pointer[[]cell] // copied on write

	// Made when the first value arrives, since most routes need few of them.
	requestSize, responseSize, streams atomic.Pointer[histogram]

	panics  atomic.Uint64
	created int64 // nanoseconds since the epoch
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
	created   int64 // nanoseconds since the epoch
	durations histogram
	native    *nativeHistogram // nil unless Options.NativeHistograms
	exemplars *exemplars       // nil unless Options.TraceFunc
}

// observe records a latency and returns its bucket.
func (s *series) observe(ns uint64, hint uint32) int {
	bucket := s.row.route.ladder.observe(&s.durations, ns, hint)
	if s.native != nil {
		s.native.observe(ns) // after the classic one, see read
	}
	return bucket
}

// read takes the series's present values into a scan. A native histogram must
// add up to its count. It is read first and observed last, so that the classic
// buckets hold at least as many; what is more falls to the next scrape.
func (s *series) read(into *scan) {
	r := &into.reading
	if s.native == nil {
		r.take(s.row.route.ladder, &s.durations)
	} else {
		into.native.take(s.native)
		r.take(s.row.route.ladder, &s.durations)
		r.native = &into.native
		r.limit(into.native.total())
	}
	r.exemplars = s.exemplars
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
	ladders map[string]*ladder // Options.RouteBuckets, by the label

	routes   atomic.Pointer[map[string]*route] // by the string as it came
	static   [staticSlots]atomic.Pointer[staticRoute]
	overflow *route
	folds    [foldedLabels]atomic.Uint64

	wall     func() time.Time // replaced in tests
	mu       sync.Mutex
	recent   map[string]*route // not in routes yet
	misses   int               // look-ups that had to ask recent
	byLabel  map[string]*route // by the label, after cleaning
	all      []*series
	sorted   []*series   // all, in the order in which they are shown; nil when out of date
	shown    []*row      // the rows that own one of them, in the same order
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
		ladders:  map[string]*ladder{},
		byLabel:  map[string]*route{},
		recent:   map[string]*route{},
		statuses: map[int]int{},
		wall:     time.Now,
	}
	for template, bounds := range opts.RouteBuckets {
		t.ladders[cleanLabel(template)] = newLadder(bounds, 1e9)
	}
	t.routes.Store(&map[string]*route{})
	t.overflow = t.newRoute(overflowValue)
	return t
}

func (t *table) newRoute(label string) *route {
	return &route{
		label:    label,
		excluded: t.exclude.route(label),
		ladder:   cmp.Or(t.ladders[label], t.ladder),
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

// A staticRoute leads from a string that never changes to its route. Routers
// hand out the same string for the same route each time, so that its address is
// enough to know it by. The entry keeps the string alive, so that no other one
// can come to stand there.
type staticRoute struct {
	text  string
	route *route
}

const staticSlots = 512

// staticRoute is route for strings that never change, prepared by clean when
// they are first seen.
func (t *table) staticRoute(text string, clean func(string) string) *route {
	data := unsafe.StringData(text)
	address := uintptr(unsafe.Pointer(data))
	slot := &t.static[(address>>4^address>>13)%staticSlots]
	if s := slot.Load(); s != nil && unsafe.StringData(s.text) == data && len(s.text) == len(text) {
		return s.route
	}
	r := t.route(clean(text))
	if r != t.overflow {
		slot.Store(&staticRoute{text, r})
	}
	return r
}

func (t *table) addRoute(template string) *route {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, ok := (*t.routes.Load())[template]; ok {
		return r
	}
	r, ok := t.recent[template]
	if !ok {
		if r = t.labelled(cleanLabel(template)); r == t.overflow {
			return r
		}
		t.remember(template, r)
	}
	t.promote()
	return r
}

// labelled returns the route of a label. Strings that clean to the same label
// share it.
func (t *table) labelled(label string) *route {
	r, ok := t.byLabel[label]
	switch {
	case ok:
	case len(t.byLabel) >= t.opts.SeriesLimit:
		t.warn(foldedRoute)
		return t.overflow
	default:
		r = t.newRoute(label)
		t.byLabel[label] = r
	}
	return r
}

// remember indexes a template as it came, but no endless number of them and
// no huge ones: these are cleaned each time.
func (t *table) remember(template string, r *route) {
	if len(*t.routes.Load())+len(t.recent) >= 2*t.opts.SeriesLimit || len(template) > maxLabelBytes {
		return
	}
	if template == r.label {
		template = r.label // not the caller's memory, and not a second copy
	} else {
		template = strings.Clone(template)
	}
	t.recent[template] = r
}

// promote moves the recent routes into the lock-free index once they were
// asked for as often as it would cost to copy that.
func (t *table) promote() {
	known := *t.routes.Load()
	if t.misses++; t.misses <= len(known) || len(t.recent) == 0 {
		return
	}
	grown := make(map[string]*route, len(known)+len(t.recent))
	maps.Copy(grown, known)
	maps.Copy(grown, t.recent)
	t.routes.Store(&grown)
	clear(t.recent)
	t.misses = 0
}

// row returns the row of a route and method.
func (t *table) row(r *route, method int) *row {
	if p := r.rows[method].Load(); p != nil {
		return p
	}
	fresh := &row{route: r, method: method, created: t.wall().UnixNano()}
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
	s := &series{row: w, status: status, created: t.wall().UnixNano(), durations: w.route.ladder.newHistogram()}
	if t.opts.NativeHistograms {
		s.native = new(nativeHistogram)
	}
	if t.opts.TraceFunc != nil {
		s.exemplars = newExemplars(s.durations.buckets())
	}
	t.all = append(t.all, s)
	t.sorted = nil
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

// ordered returns all series, and the rows that own one of them, in the order
// in which they are shown. The slices must not be written to.
func (t *table) ordered() ([]*series, []*row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sorted == nil {
		t.sorted = slices.Clone(t.all)
		slices.SortFunc(t.sorted, byLabels)
		t.shown = nil
		for _, s := range t.sorted {
			if n := len(t.shown); n == 0 || t.shown[n-1] != s.row {
				t.shown = append(t.shown, s.row)
			}
		}
	}
	return t.sorted, t.shown
}

// statusLabel is a status as the label shows it.
func (t *table) statusLabel(status int) string { return statusLabel(status, t.opts.StatusText) }
