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

// A Store counts requests by route, within the budget. Lookups are lock-free; additions take a lock
// and are rare.
type Store struct {
	Config  Config
	Methods labelvalue.Methods
	Exclude Exclusions
	allowed int // maximum label sets with __overflow__, in addition to the limit
	limit   int // the config's, except in a merged store
	Bounds  *hist.Bounds
	byRoute map[string]*hist.Bounds // the bounds of single routes, by label

	SizeBounds, StreamBounds *hist.Bounds

	Group   *labelvalue.Limiter   // of the config's group, or nil
	Extras  []*labelvalue.Limiter // of the config's extra labels
	Dynamic bool                  // there are extra labels or a group

	Created  int64          // nanoseconds since the epoch
	inFlight []gauge        // one, or one for each method
	Streams  *atomic.Uint64 // in flight
	Failures hist.Shard     // by reason
	Panics   hist.Shard     // by function

	routes   index.Map[string, *Route] // by the string as received
	static   [staticSlots]atomic.Pointer[staticRoute]
	overflow *Route
	beyond   hist.Shard   // requests counted beyond the limit, by dimension
	variants atomic.Int64 // the number of variants

	shared       *multiproc.Cells // nil with a single process
	Now          func() time.Time // replaced in tests
	mu           sync.Mutex
	cleaned      map[string]*Route // templates that had to be cleaned, by label
	made         int               // the number of routes
	all          []*Series
	sorted       []*Series      // all in export order; nil when out of date
	shown        []*RouteMethod // those with any series, in the same order
	overflowSets int            // the number of series with __overflow__
	statuses     map[int]int    // series per status
	warned       bool
}

// MaxLimit is the highest permitted limit of label sets.
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
	if n := len(t.Extras); n > 0 { // for requests that overflow into the route itself
		r.dynamic = &dynamic{extras: slices.Repeat([]string{labelvalue.Overflow}, n)}
	}
	return r
}

// Variant returns the variant of a route with these values of the extra labels.
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
			return r, false // its own series count all others
		}
		return &Route{
			Label: r.Label, Excluded: r.Excluded, bounds: r.bounds, overflowed: r.overflowed,
			dynamic: &dynamic{base: r, extras: slices.Clone(values)},
		}, true
	})
}

// methodTLS returns twice the method, plus one if the request came over TLS.
func (t *Store) methodTLS(method string, secure bool) int {
	methodTLS := 2 * t.Methods.Index(method)
	if secure && t.Config.Schemes {
		methodTLS++
	}
	return methodTLS
}

// Method returns the method and TLS of methodTLS's result.
func (t *Store) Method(methodTLS int) (method string, secure bool) {
	return t.Methods.Names[methodTLS>>1], methodTLS&1 == 1
}

// StatusOf returns the status under which a response is recorded.
func (t *Store) StatusOf(status int) int {
	if t.Config.GroupStatus && status > 0 {
		return status / 100
	}
	return status
}

// Route returns the route of a template, or the overflow route if there are too many. It does not
// keep the string.
func (t *Store) Route(template string) *Route {
	if r, ok := t.routes.Snapshot()[template]; ok {
		return r
	}
	return t.addRoute(template)
}

// A staticRoute maps a string that never changes to its route. A router returns the same string for
// the same route each time, so its address identifies it. The entry keeps the string alive, so no
// other string can get that address.
type staticRoute struct {
	text  string
	route *Route
}

const staticSlots = 512

// StaticRoute is Route for strings that never change. clean prepares them on first use.
func (t *Store) StaticRoute(text string, clean func(string) string) *Route {
	data := unsafe.StringData(text)
	address := uintptr(unsafe.Pointer(data))
	slot := &t.static[(address>>4^address>>13)%staticSlots]
	if s := slot.Load(); s != nil && unsafe.StringData(s.text) == data && len(s.text) == len(text) {
		return s.route
	}
	r := t.Route(clean(text))
	if r != t.overflow && len(text) <= labelvalue.MaxBytes { // a router may derive its patterns from requests
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

// labelled returns the route of a label. Strings that are cleaned to the same label share it.
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

// remember indexes a template as received, but only a limited number of them and no long ones:
// these are cleaned each time.
func (t *Store) remember(template string, r *Route) {
	switch {
	case template == r.Label:
		t.routes.Put(r.Label, r) // neither the caller's memory nor a second copy
		return
	case t.routes.Len() < 2*t.limit && len(template) <= labelvalue.MaxBytes:
		t.routes.Put(strings.Clone(template), r)
	}
	t.cleaned[r.Label] = r
}

// routeMethod returns the counts of a route, method and TLS.
func (t *Store) routeMethod(r *Route, methodTLS int) *RouteMethod {
	first := r.first.Load()
	for w := first; w != nil; w = w.next {
		if w.MethodTLS == methodTLS {
			return w
		}
	}
	fresh := &RouteMethod{Route: r, next: first, MethodTLS: methodTLS, Created: t.Now().UnixNano()}
	if r.first.CompareAndSwap(first, fresh) {
		return fresh
	}
	return t.routeMethod(r, methodTLS) // another goroutine was faster, possibly with the same one
}

// Series returns the series in which requests are counted for a route.
func (t *Store) Series(r *Route, method string, secure bool, status int) *Series {
	return t.entry(t.routeMethod(r, t.methodTLS(method, secure)), t.StatusOf(status)).series
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

// Expect creates the series of a route that was not requested yet, so that they start at zero. It
// leaves half of the budget for actual requests.
func (t *Store) Expect(method, template string) {
	if t.Dynamic {
		return // the values of future requests are not known
	}
	if t.Exclude.route(labelvalue.Clean(template)) {
		return // it takes no place among the routes
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

// Ordered returns all series, and each RouteMethod that has any, in export order. The slices must
// not be changed.
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

// StatusLabel returns the label value of a status from StatusOf.
func (t *Store) StatusLabel(status int) string {
	if t.Config.GroupStatus && status != labelvalue.OverflowStatus {
		return labelvalue.StatusClass(100 * status)
	}
	return labelvalue.Status(status, t.Config.StatusText)
}
