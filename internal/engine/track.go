package engine

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/reqcopy"
)

// Track puts metrics on a handler of net/http, outermost first. They all must
// belong to one Meter. Its Handler need not be around: the metrics are recorded
// all the same, with what the handler itself answers.
func Track(next http.Handler, metrics ...*Metric) http.Handler {
	MustHandler("Track", next)
	if len(metrics) == 0 {
		return next
	}
	l := TrackLayer(metrics...)
	t := &tracker{layer: l, next: next}
	t.alone = &handler{engine: l.engine, next: t, only: true}
	return t
}

// MustHandler panics for what http.Handle panics for, and not only when it is
// served.
func MustHandler(name string, h http.Handler) {
	if h == nil {
		panic("tacho: " + name + ": the handler is nil")
	}
}

type tracker struct {
	layer *Layer
	next  http.Handler
	alone *handler // for requests that nobody measures
}

func (t *tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := t.layer.current(nil, w)
	if x == nil {
		t.serveAlone(w, r)
		return
	}
	if o, ok := x.carrier.(*observer); ok {
		o.inner = r // a middleware may have copied the request that the router writes into
	}
	defer x.Tracked(x.Track(t.layer.metrics...))
	t.next.ServeHTTP(w, r)
}

// serveAlone serves a request that has no exchange for this writer: one of its
// own is begun, unless an ExcludeAll further outside forbids it.
func (t *tracker) serveAlone(w http.ResponseWriter, r *http.Request) {
	o := observers.Get().(*observer)
	if !t.layer.beginAlone(&o.exchange, nil, r.Context(), r.Method, r.URL.Path) {
		o.release()
		t.next.ServeHTTP(w, r)
		return
	}
	o.has = abilities(w)
	t.alone.observe(o, w, r)
}

// Mark puts a Layer that marks on a handler of net/http.
func (l *Layer) Mark(name string, next http.Handler) http.Handler {
	MustHandler(name, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.markFound(nil, w, r.Context()) { // metrics further inside need to know all the same
			x := &Exchange{engine: l.engine, excluded: true}
			l.mark(x)
			seen := reqcopy.New(r, x.Link(r.Context()))
			defer seen.Return()
			r = &seen.Request
		}
		next.ServeHTTP(w, r)
	})
}
