package tacho

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/reqcopy"
)

// Track puts metrics on a handler of net/http, outermost first. They all must
// belong to one Meter. Its Handler need not be around: the metrics are recorded
// all the same, with what the handler itself answers.
func Track(next http.Handler, metrics ...*Metric) http.Handler {
	mustHandler("Track", next)
	if len(metrics) == 0 {
		return next
	}
	t := &tracker{meter: metrics[0].meter, metrics: metrics, next: next}
	t.meter.MustOwn(metrics...)
	t.alone = &handler{meter: t.meter, next: t, only: true}
	return t
}

// MustOwn panics if one of the metrics is not this Meter's: what is tracked at
// one place belongs together. Adapters call it when metrics are put on a route.
func (m *Meter) MustOwn(metrics ...*Metric) {
	for _, x := range metrics {
		if x.meter.core != m.core {
			panic("tacho: Track: the metric " + x.Name() + " belongs to another Meter than the first one; track it on its own")
		}
	}
}

// Handler puts the metric on a handler of net/http.
func (x *Metric) Handler(next http.Handler) http.Handler { return Track(next, x) }

// HandlerFunc puts the metric on a handler function of net/http.
func (x *Metric) HandlerFunc(next http.HandlerFunc) http.Handler {
	if next == nil {
		mustHandler("HandlerFunc", nil)
	}
	return Track(next, x)
}

// mustHandler panics for what http.Handle panics for, and not only when it is
// served.
func mustHandler(name string, h http.Handler) {
	if h == nil {
		panic("tacho: " + name + ": the handler is nil")
	}
}

type tracker struct {
	meter   *Meter
	metrics []*Metric
	next    http.Handler
	alone   *handler // for requests that nobody measures
}

func (t *tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The writer is asked, and not the context: behind http.TimeoutHandler the
	// exchange of the latter belongs to another goroutine.
	x := t.meter.Current(w)
	if x == nil {
		t.serveAlone(w, r)
		return
	}
	if o, ok := x.carrier.(*observer); ok {
		o.inner = r // a middleware may have copied the request that the router writes into
	}
	defer x.Tracked(x.Track(t.metrics...))
	t.next.ServeHTTP(w, r)
}

// serveAlone serves a request that has no exchange for this writer: one of its
// own is begun, unless an ExcludeAll further outside forbids it.
func (t *tracker) serveAlone(w http.ResponseWriter, r *http.Request) {
	if linked := t.meter.linkedExchange(r.Context()); linked != nil && linked.ExcludedAll() {
		t.next.ServeHTTP(w, r)
		return
	}
	o := observers.Get().(*observer)
	if !t.meter.BeginTracked(&o.exchange, r.Method, r.URL.Path, t.metrics...) {
		o.release()
		t.next.ServeHTTP(w, r)
		return
	}
	o.has = abilities(w)
	t.alone.observe(o, w, r)
}

// DoNotTrack leaves the requests of a handler out of the HTTP metrics; those
// that were put on it are still recorded.
func (m *Meter) DoNotTrack(next http.Handler) http.Handler {
	mustHandler("DoNotTrack", next)
	return m.marking(next, (*Exchange).DoNotTrack)
}

// ExcludeAll leaves the requests of a handler out of everything, metrics that
// were put on it included, whichever of them stands inside.
func (m *Meter) ExcludeAll(next http.Handler) http.Handler {
	mustHandler("ExcludeAll", next)
	return m.marking(next, (*Exchange).ExcludeAll)
}

func (m *Meter) marking(next http.Handler, mark func(*Exchange)) http.Handler {
	m.Join() // so that the exchange is found whatever stands in between
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found := false
		for _, x := range []*Exchange{m.linkedExchange(r.Context()), m.writerExchange(w, true)} {
			if x != nil {
				mark(x)
				found = true
			}
		}
		if !found { // metrics further inside need to know all the same
			x := &Exchange{meter: m, excluded: true}
			mark(x)
			seen := reqcopy.New(r, x.Link(r.Context()))
			defer seen.Return()
			r = &seen.Request
		}
		next.ServeHTTP(w, r)
	})
}
