package engine

import (
	"context"
	"net/http"
	"sync"
)

// observer is the state of one request on net/http while it is served.
type observer struct {
	exchange Exchange
	request  *http.Request       // as the observing handler received it
	has      int                 // the abilities of the writer
	entered  string              // the pattern of an outer router
	by       *handler            // whose exchange it is
	writer   http.ResponseWriter // as the observing handler received it
	inner    *http.Request       // as the inner handler received it
}

var observers = sync.Pool{New: func() any { return new(observer) }}

// release makes the observer available for reuse. Only handles may still refer to it.
func (o *observer) release() {
	o.exchange.watch.use++
	if o.exchange.inner.Load() != nil {
		o.exchange.inner.Store(nil)
	}
	o.request, o.exchange.watch.ctx, o.inner, o.writer, o.entered = nil, nil, nil, nil, ""
	observers.Put(o)
}

// An observer is the Carrier of its exchange.

// RequestHeader implements Carrier.
func (o *observer) RequestHeader(name string) string { return o.request.Header.Get(name) }

// ResponseHeader implements Carrier.
func (o *observer) ResponseHeader(name string) string { return o.writer.Header().Get(name) }

// PathValue implements Carrier.
func (o *observer) PathValue(name string) string {
	if v := o.inner.PathValue(name); v != "" {
		return v
	}
	if r := o.exchange.inner.Load(); r != nil {
		return r.PathValue(name)
	}
	return ""
}

// HTTP implements Carrier.
func (o *observer) HTTP() *http.Request { return o.inner }

// Context implements Carrier.
func (o *observer) Context() context.Context { return o.request.Context() }

// Writer implements Carrier.
func (o *observer) Writer() http.ResponseWriter { return o.writer }
