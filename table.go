package tacho

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/tacho-go/tacho/multiproc"
)

// A table holds the routes and their series, within the budget. Look-ups are
// lock-free; additions happen under a lock and are rare.
type table struct {
	opts    *Options
	methods methods
	exclude exclusions
	allowed int // how many label sets with __overflow__ come on top of the limit
	limit   int // Options.SeriesLimit, but where the counts of several processes are added up
	ladder  *ladder
	ladders map[string]*ladder // Options.RouteBuckets, by the label

	group      *bounded   // Options.GroupBy, or nil
	extras     []*bounded // Options.Labels that are not constant
	dynamic    bool       // there is one of these
	schemes    bool       // http is told from https
	sizesApart bool       // body sizes are told apart by status

	routes   index[string, *route] // by the string as it came
	static   [staticSlots]atomic.Pointer[staticRoute]
	overflow *route
	folds    stripe       // by foldedLabel
	variants atomic.Int64 // how many there are

	shared   *multiproc.Cells // nil where there is one process
	wall     func() time.Time // replaced in tests
	mu       sync.Mutex
	cleaned  map[string]*route // by the label, of templates that had to be cleaned
	made     int               // how many routes there are
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
		limit:    opts.SeriesLimit,
		allowed:  foldAllowance,
		ladder:   newLadder(opts.allBuckets(), 1e9),
		ladders:  map[string]*ladder{},
		cleaned:  map[string]*route{},
		statuses: map[int]int{},
		wall:     time.Now,
	}
	for template, bounds := range opts.RouteBuckets {
		t.ladders[cleanLabel(template)] = newLadder(bounds, 1e9)
	}
	t.label()
	t.overflow = t.newRoute(overflowValue)
	t.overflow.overflowed = true
	return t
}

// label finds out what is to be told apart.
func (t *table) label() {
	for _, l := range t.opts.dynamicLabels() {
		t.extras = append(t.extras, newBounded(l))
	}
	if g := t.opts.GroupBy; g.Func != nil {
		if g.Max == 0 {
			g.Max = t.opts.SeriesLimit
		}
		t.group = newBounded(g)
	}
	t.dynamic = t.group != nil || len(t.extras) > 0
	t.schemes, t.sizesApart = t.opts.tellsScheme(), t.opts.sizesApart()
}

func (t *table) newRoute(label string) *route {
	r := &route{
		label:    label,
		excluded: t.exclude.route(label),
		ladder:   cmp.Or(t.ladders[label], t.ladder),
	}
	if n := len(t.extras); n > 0 { // of what folds into the route itself
		r.dynamic = &dynamic{extras: slices.Repeat([]string{overflowValue}, n)}
	}
	return r
}

// variant is a route under these values of Options.Labels.
func (t *table) variant(r *route, values []string) *route {
	if len(values) == 0 {
		return r
	}
	var room [256]byte
	key := joined(room[:0], values)
	if v, ok := r.dynamic.variants.snapshot()[string(key)]; ok {
		return v
	}
	return r.dynamic.variants.add(string(key), func() (*route, bool) {
		if t.variants.Add(1) > int64(2*t.limit) {
			t.variants.Add(-1)
			t.folds[foldedExtra].Add(1)
			return r, false // under whose own row everything else folds
		}
		return &route{
			label: r.label, excluded: r.excluded, ladder: r.ladder, overflowed: r.overflowed,
			dynamic: &dynamic{base: r, extras: slices.Clone(values)},
		}, true
	})
}

// joined makes a key of label values, which are valid UTF-8 and so never contain
// the byte between them.
func joined(key []byte, values []string) []byte {
	for _, v := range values {
		key = append(append(key, v...), 0xff)
	}
	return key
}

// kindOf is the kind of a request: its row within a route.
func (t *table) kindOf(method string, secure bool) int {
	kind := 2 * t.methods.index(method)
	if secure {
		kind++
	}
	return kind
}

// statusOf is the status under which a response is recorded.
func (t *table) statusOf(status int) int {
	if t.opts.GroupStatus {
		return status / 100
	}
	return status
}

// route returns the route of a template, or the overflow route when there are
// too many. It does not keep the string that it is given.
func (t *table) route(template string) *route {
	if r, ok := t.routes.snapshot()[template]; ok {
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
	if r != t.overflow && len(text) <= maxLabelBytes { // a router may make its patterns of what clients send
		slot.Store(&staticRoute{text, r})
	}
	return r
}

func (t *table) addRoute(template string) *route {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, ok := t.routes.find(template); ok {
		return r
	}
	r := t.labelled(cleanLabel(template))
	if r != t.overflow {
		t.remember(template, r)
	}
	return r
}

// labelled returns the route of a label. Strings that clean to the same label
// share it.
func (t *table) labelled(label string) *route {
	if label == overflowValue {
		return t.overflow
	}
	if r, ok := t.routes.find(label); ok {
		return r
	}
	if r, ok := t.cleaned[label]; ok {
		return r
	}
	if t.made >= t.limit {
		t.warn(foldedRoute)
		return t.overflow
	}
	t.made++
	return t.newRoute(label)
}

// remember indexes a template as it came, but no endless number of them and
// no huge ones: these are cleaned each time.
func (t *table) remember(template string, r *route) {
	switch {
	case template == r.label:
		t.routes.put(r.label, r) // not the caller's memory, and not a second copy
		return
	case t.routes.len() < 2*t.limit && len(template) <= maxLabelBytes:
		t.routes.put(strings.Clone(template), r)
	}
	t.cleaned[r.label] = r
}

// row returns the row of a route and kind of request.
func (t *table) row(r *route, kind int) *row {
	first := r.rows.Load()
	for w := first; w != nil; w = w.next {
		if w.kind == kind {
			return w
		}
	}
	fresh := &row{route: r, next: first, kind: kind, created: t.wall().UnixNano()}
	if r.rows.CompareAndSwap(first, fresh) {
		return fresh
	}
	return t.row(r, kind) // somebody else was faster, perhaps with this very one
}

// cell returns the place of a status in a row.
func (t *table) cell(w *row, status int) cell {
	if c, ok := w.find(status); ok {
		return c
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.addCell(w, status)
}

// addCell is cell under the lock.
func (t *table) addCell(w *row, status int) cell {
	if c, ok := w.find(status); ok {
		return c
	}
	c := t.place(w, status)
	if c.folded == foldedNone || w.count.Load() < maxCells {
		w.add(c)
	}
	return c
}

// expect makes the series of a route that was not called yet, so that they
// start at zero. Half of the budget is left for what really happens.
func (t *table) expect(method, template string) {
	if t.dynamic {
		return // the values that requests will bring are not known
	}
	r := t.route(template)
	if r == t.overflow || r.excluded {
		return
	}
	w := t.row(r, 2*t.methods.index(method))
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, status := range t.opts.InitialStatuses {
		if len(t.all) < t.opts.SeriesLimit/2 {
			t.addCell(w, t.statusOf(status))
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

// statusLabel is a status, as statusOf gives it, as the label shows it.
func (t *table) statusLabel(status int) string {
	if t.opts.GroupStatus && status != overflowStatus {
		return statusClass(100 * status)
	}
	return statusLabel(status, t.opts.StatusText)
}
