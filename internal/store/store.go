package store

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/index"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/multiproc"
)

// A Store counts requests by route, within the budget. Look-ups are lock-free;
// additions happen under a lock and are rare.
type Store struct {
	Config  Config
	Methods labelvalue.Methods
	Exclude Exclusions
	allowed int // how many label sets with __overflow__ come on top of the limit
	limit   int // the config's, but where the counts of several processes are added up
	Bounds  *hist.Bounds
	byRoute map[string]*hist.Bounds // the bounds of single routes, by label

	SizeBounds, StreamBounds *hist.Bounds

	Group   *labelvalue.Limiter   // of the config's group, or nil
	Extras  []*labelvalue.Limiter // of the config's extra labels
	Dynamic bool                  // there is one of these

	Created  int64          // nanoseconds since the epoch
	inFlight []gauge        // one, or one for each method
	Streams  *atomic.Uint64 // in flight
	Failures hist.Shard     // by reason
	Panics   hist.Shard     // by function

	routes   index.Map[string, *Route] // by the string as it came
	static   [staticSlots]atomic.Pointer[staticRoute]
	overflow *Route
	beyond   hist.Shard   // how many requests were counted past the limit, by dimension
	variants atomic.Int64 // how many there are

	shared       *multiproc.Cells // nil where there is one process
	Now          func() time.Time // is replaced in tests
	mu           sync.Mutex
	cleaned      map[string]*Route // by the label, of templates that had to be cleaned
	made         int               // how many routes there are
	all          []*Series
	sorted       []*Series      // all, in the order in which they are shown; nil when out of date
	shown        []*RouteMethod // those that own one of them, in the same order
	overflowSets int            // of all, those with __overflow__
	statuses     map[int]int    // series per status
	warned       bool
}

// MaxLimit is the highest limit of label sets.
const MaxLimit = 10_000_000

// New returns an empty store.
func New(c Config) *Store {
	t := &Store{
		Config:       c,
		Methods:      labelvalue.NewMethods(c.Methods),
		Exclude:      newExclusions(c),
		limit:        c.Limit,
		allowed:      OverflowAllowance,
		Bounds:       hist.NewBounds(c.Buckets, 1e9),
		byRoute:      map[string]*hist.Bounds{},
		SizeBounds:   hist.NewBounds(c.SizeBuckets, 1),
		StreamBounds: hist.NewBounds(c.Streams, 1e9),
		cleaned:      map[string]*Route{},
		statuses:     map[int]int{},
		Now:          time.Now,
	}
	if c.Merged {
		t.limit, t.allowed = MaxLimit, MaxLimit
	}
	for template, bounds := range c.RouteBuckets {
		t.byRoute[labelvalue.Clean(template)] = hist.NewBounds(bounds, 1e9)
	}
	for _, l := range c.Extras {
		t.Extras = append(t.Extras, l.Limiter())
	}
	if c.Group != nil {
		t.Group = c.Group.Limiter()
	}
	t.Dynamic = t.Group != nil || len(t.Extras) > 0
	t.overflow = t.newRoute(labelvalue.Overflow)
	t.overflow.overflowed = true
	t.allocate()
	return t
}

func (t *Store) newRoute(label string) *Route {
	r := &Route{
		Label:    label,
		Excluded: t.Exclude.route(label),
		bounds:   cmp.Or(t.byRoute[label], t.Bounds),
	}
	if n := len(t.Extras); n > 0 { // of what overflows into the route itself
		r.dynamic = &dynamic{extras: slices.Repeat([]string{labelvalue.Overflow}, n)}
	}
	return r
}

// Variant returns a route under these values of the extra labels.
func (t *Store) Variant(r *Route, values []string) *Route {
	if len(values) == 0 {
		return r
	}
	var room [256]byte
	key := labelvalue.Join(room[:0], values)
	if v, ok := r.dynamic.variants.Snapshot()[string(key)]; ok {
		return v
	}
	return r.dynamic.variants.Add(string(key), func() (*Route, bool) {
		if t.variants.Add(1) > int64(2*t.limit) {
			t.variants.Add(-1)
			t.beyond[extraDimension].Add(1)
			return r, false // in whose own series all others are counted
		}
		return &Route{
			Label: r.Label, Excluded: r.Excluded, bounds: r.bounds, overflowed: r.overflowed,
			dynamic: &dynamic{base: r, extras: slices.Clone(values)},
		}, true
	})
}

// kindOf is the kind of a request: twice its method, plus one if it came over TLS.
func (t *Store) kindOf(method string, secure bool) int {
	kind := 2 * t.Methods.Index(method)
	if secure && t.Config.Schemes {
		kind++
	}
	return kind
}

// Method returns the method of a kind, and whether it came over TLS.
func (t *Store) Method(kind int) (method string, secure bool) {
	return t.Methods.Names[kind>>1], kind&1 == 1
}

// StatusOf is the status under which a response is recorded.
func (t *Store) StatusOf(status int) int {
	if t.Config.GroupStatus && status > 0 {
		return status / 100
	}
	return status
}

// Route returns the route of a template, or the overflow route when there are
// too many. It does not keep the string that it is given.
func (t *Store) Route(template string) *Route {
	if r, ok := t.routes.Snapshot()[template]; ok {
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
	route *Route
}

const staticSlots = 512

// StaticRoute is route for strings that never change, prepared by clean when
// they are first seen.
func (t *Store) StaticRoute(text string, clean func(string) string) *Route {
	data := unsafe.StringData(text)
	address := uintptr(unsafe.Pointer(data))
	slot := &t.static[(address>>4^address>>13)%staticSlots]
	if s := slot.Load(); s != nil && unsafe.StringData(s.text) == data && len(s.text) == len(text) {
		return s.route
	}
	r := t.Route(clean(text))
	if r != t.overflow && len(text) <= labelvalue.MaxBytes { // a router may make its patterns of what clients send
		slot.Store(&staticRoute{text, r})
	}
	return r
}

func (t *Store) addRoute(template string) *Route {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, ok := t.routes.Find(template); ok {
		return r
	}
	r := t.labelled(labelvalue.Clean(template))
	if r != t.overflow {
		t.remember(template, r)
	}
	return r
}

// labelled returns the route of a label. Strings that clean to the same label
// share it.
func (t *Store) labelled(label string) *Route {
	if label == labelvalue.Overflow {
		return t.overflow
	}
	if r, ok := t.routes.Find(label); ok {
		return r
	}
	if r, ok := t.cleaned[label]; ok {
		return r
	}
	if t.made >= t.limit {
		t.warn(routeDimension)
		return t.overflow
	}
	t.made++
	return t.newRoute(label)
}

// remember indexes a template as it came, but no endless number of them and
// no huge ones: these are cleaned each time.
func (t *Store) remember(template string, r *Route) {
	switch {
	case template == r.Label:
		t.routes.Put(r.Label, r) // not the caller's memory, and not a second copy
		return
	case t.routes.Len() < 2*t.limit && len(template) <= labelvalue.MaxBytes:
		t.routes.Put(strings.Clone(template), r)
	}
	t.cleaned[r.Label] = r
}

// routeMethod returns what is counted under a route and kind of request.
func (t *Store) routeMethod(r *Route, kind int) *RouteMethod {
	first := r.first.Load()
	for w := first; w != nil; w = w.next {
		if w.Kind == kind {
			return w
		}
	}
	fresh := &RouteMethod{Route: r, next: first, Kind: kind, Created: t.Now().UnixNano()}
	if r.first.CompareAndSwap(first, fresh) {
		return fresh
	}
	return t.routeMethod(r, kind) // somebody else was faster, perhaps with this very one
}

// Series returns the series in which requests are counted under a route.
func (t *Store) Series(r *Route, method string, secure bool, status int) *Series {
	return t.entry(t.routeMethod(r, t.kindOf(method, secure)), t.StatusOf(status)).series
}

// entry returns the entry of a status.
func (t *Store) entry(w *RouteMethod, status int) entry {
	if c, ok := w.find(status); ok {
		return c
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.addEntry(w, status)
}

// addEntry is entry under the lock.
func (t *Store) addEntry(w *RouteMethod, status int) entry {
	if c, ok := w.find(status); ok {
		return c
	}
	c := t.place(w, status)
	if c.overflow == noDimension || w.count.Load() < maxEntries {
		w.add(c)
	}
	return c
}

// Expect makes the series of a route that was not called yet, so that they
// start at zero. Half of the budget is left for what really happens.
func (t *Store) Expect(method, template string) {
	if t.Dynamic {
		return // the values that requests will bring are not known
	}
	r := t.Route(template)
	if r == t.overflow || r.Excluded {
		return
	}
	w := t.routeMethod(r, 2*t.Methods.Index(method))
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, status := range t.Config.InitialStatuses {
		if len(t.all) < t.Config.Limit/2 {
			t.addEntry(w, t.StatusOf(status))
		}
	}
}

// Ordered returns all series, and what owns at least one of them, in the order
// in which they are shown. The slices must not be written to.
func (t *Store) Ordered() ([]*Series, []*RouteMethod) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sorted == nil {
		t.sorted = slices.Clone(t.all)
		slices.SortFunc(t.sorted, byLabels)
		t.shown = nil
		for _, s := range t.sorted {
			if n := len(t.shown); n == 0 || t.shown[n-1] != s.Of {
				t.shown = append(t.shown, s.Of)
			}
		}
	}
	return t.sorted, t.shown
}

// StatusLabel is a status, as statusOf gives it, as the label shows it.
func (t *Store) StatusLabel(status int) string {
	if t.Config.GroupStatus && status != labelvalue.OverflowStatus {
		return labelvalue.StatusClass(100 * status)
	}
	return labelvalue.Status(status, t.Config.StatusText)
}
