package tacho

import (
	"context"
	"net/http"
	"time"

	"github.com/tacho-go/tacho/internal/engine"
)

// Values of the route label that are no template.
const (
	// Unmatched is the route of every request for which the router found no
	// route (404, 405), whatever its path.
	Unmatched = "unmatched"
	// Unknown is the route of every request for which no router was in sight.
	Unknown = "unknown"
)

// StatusClientClosedRequest is recorded when the client hung up before a
// status was written and the response was lost. The code is nginx's; it is
// never sent.
const StatusClientClosedRequest = 499

// A Request is a request as functions behind labels see it, with what became of
// it. It is valid during the call of such a function only.
type Request struct {
	x *engine.Exchange
	m *Meter
}

// Method returns the request's method as the label shows it: OTHER if it is
// not a known one.
func (r Request) Method() string {
	known := &r.m.store.Methods
	return known.Names[known.Index(r.x.Method())]
}

// Path returns the path that the client sent. It is not bounded: a label must
// not show it as it is, unless Values declares what counts.
func (r Request) Path() string { return r.x.Path() }

// Route returns the template of the route, or "unmatched" or "unknown".
// Gauges of requests in progress may be too early to know it.
func (r Request) Route() string { return r.x.Label() }

// Status returns the status that is recorded, 0 while the request is in
// progress.
func (r Request) Status() int {
	if !r.x.Over() {
		return 0
	}
	return r.x.Outcome()
}

// StatusText returns the status as a label shows it: "200", or "OK" with
// Options.StatusText, or "2xx" with Options.GroupStatus.
func (r Request) StatusText() string {
	t := r.m.store
	return t.StatusLabel(t.StatusOf(r.Status()))
}

// Code returns the code of an RPC, such as NOT_FOUND, "" while it is in progress or if the
// request is none. Its status is the one that HTTP has for the code: NOT_FOUND is 404.
func (r Request) Code() string { return r.x.Code() }

// Panicked reports whether the handler panicked.
func (r Request) Panicked() bool { return r.x.Panicked() }

// BytesIn returns the bytes of the request's body that were read, -1 if not known.
func (r Request) BytesIn() int64 { return max(r.x.BytesIn, -1) }

// BytesOut returns the bytes of the response's body, -1 if not known.
func (r Request) BytesOut() int64 { return max(r.x.BytesSent(r.x.Outcome()), -1) }

// Elapsed returns the time since the request began.
func (r Request) Elapsed() time.Duration { return time.Duration(r.m.Now() - r.x.Start()) }

// Header returns the first value of a request's header. Clients send what they
// like: declare the Values that count.
func (r Request) Header(name string) string {
	if r.x.Carrier() == nil {
		return ""
	}
	return r.x.Carrier().RequestHeader(name)
}

// ResponseHeader returns the first value of a response's header.
func (r Request) ResponseHeader(name string) string {
	if r.x.Carrier() == nil {
		return ""
	}
	return r.x.Carrier().ResponseHeader(name)
}

// PathValue returns what stands in the path for a parameter of the route.
func (r Request) PathValue(name string) string {
	if r.x.Carrier() == nil {
		return ""
	}
	return r.x.Carrier().PathValue(name)
}

// HTTP returns the request, or nil where the framework is not built on
// net/http. Its body must be left alone.
func (r Request) HTTP() *http.Request {
	if r.x.Carrier() == nil {
		return nil
	}
	return r.x.Carrier().HTTP()
}

// Context returns the request's context.
func (r Request) Context() context.Context {
	if r.x.Carrier() == nil {
		return context.Background()
	}
	return r.x.Carrier().Context()
}
