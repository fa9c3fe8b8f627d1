package engine

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/reqcopy"
)

// Track records the requests of a net/http handler in metrics, outermost first. All must belong to
// one Meter. Its Handler is not required: without it, the metrics record the handler's own
// response.
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

// MustHandler panics like http.Handle, before the handler is served.
func MustHandler(name string, h http.Handler) {
	if h == nil {
		panic("tacho: " + name + ": the handler is nil")
	}
}

type tracker struct {
	layer *Layer
	next  http.Handler
	alone *handler // for requests without an exchange
}

func (t *tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := t.layer.current(nil, w)
	if x == nil {
		t.serveAlone(w, r)
		return
	}
	if o, ok := x.carrier.(*observer); ok {
		o.inner = r // a middleware may have copied the request that the router changes
	}
	defer x.Tracked(x.Track(t.layer.metrics...))
	t.next.ServeHTTP(w, r)
}

// serveAlone serves a request that has no exchange for this writer: it begins one, unless an outer
// ExcludeAll prevents it.
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

// Mark wraps a net/http handler with a Layer that marks.
func (l *Layer) Mark(name string, next http.Handler) http.Handler {
	MustHandler(name, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.markFound(nil, w, r.Context()) { // inner metrics need the mark in any case
			x := &Exchange{engine: l.engine, excluded: true}
			l.mark(x)
			seen := reqcopy.New(r, x.Link(r.Context()))
			defer seen.Return()
			r = &seen.Request
		}
		next.ServeHTTP(w, r)
	})
}
