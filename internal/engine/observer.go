package engine

import (
	"context"
	"net/http"
	"sync"
)

// observer is what is known of one request on net/http while it is served.
type observer struct {
	exchange Exchange
	request  *http.Request       // as the handler around it received it
	has      int                 // what the writer can do
	entered  string              // the pattern of a router around us
	by       *handler            // whose exchange it is
	writer   http.ResponseWriter // as the handler around it received it
	inner    *http.Request       // as the handler further inside sees it
}

var observers = sync.Pool{New: func() any { return new(observer) }}

// release lets the observer be used again. It must not be released if anything
// but handles may still know it.
func (o *observer) release() {
	o.exchange.watch.use++
	o.request, o.exchange.watch.ctx, o.inner, o.writer, o.entered = nil, nil, nil, nil, ""
	observers.Put(o)
}

// An observer is the Carrier of its exchange.

// RequestHeader implements Carrier.
func (o *observer) RequestHeader(name string) string { return o.request.Header.Get(name) }

// ResponseHeader implements Carrier.
func (o *observer) ResponseHeader(name string) string { return o.writer.Header().Get(name) }

// PathValue implements Carrier.
func (o *observer) PathValue(name string) string { return o.inner.PathValue(name) }

// HTTP implements Carrier.
func (o *observer) HTTP() *http.Request { return o.inner }

// Context implements Carrier.
func (o *observer) Context() context.Context { return o.request.Context() }

// Writer implements Carrier.
func (o *observer) Writer() http.ResponseWriter { return o.writer }
