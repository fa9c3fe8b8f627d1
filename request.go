package tacho

import (
	"context"
	"net/http"
	"time"
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
type Request struct{ x *Exchange }

// A Carrier is how an adapter lets functions behind labels look at its
// framework's request; see [Exchange.Carry]. Strings need not be valid after the
// call.
type Carrier interface {
	// RequestHeader and ResponseHeader return the first value of a header.
	RequestHeader(name string) string
	ResponseHeader(name string) string
	// PathValue returns what stands in the path for a parameter of the route.
	PathValue(name string) string
	// HTTP returns the request of frameworks that are built on net/http, or nil.
	HTTP() *http.Request
	// Context returns the request's context.
	Context() context.Context
	// Writer returns the writer that the framework was given for the response, or
	// nil where it is not built on net/http.
	Writer() http.ResponseWriter
}

// Method returns the request's method as the label shows it: OTHER if it is
// not a known one.
func (r Request) Method() string {
	known := &r.x.meter.store.Methods
	return known.Names[known.Index(r.x.method)]
}

// Path returns the path that the client sent. It is not bounded: a label must
// not show it as it is, unless Values declares what counts.
func (r Request) Path() string { return r.x.path }

// Route returns the template of the route, or "unmatched" or "unknown".
// Gauges of requests in progress may be too early to know it.
func (r Request) Route() string {
	if route := r.x.settledRoute(); route != nil {
		return route.Label
	}
	return Unknown
}

// Status returns the status that is recorded, 0 while the request is in
// progress.
func (r Request) Status() int {
	if !r.x.over {
		return 0
	}
	return r.x.outcome()
}

// StatusText returns the status as a label shows it: "200", or "OK" with
// Options.StatusText, or "2xx" with Options.GroupStatus.
func (r Request) StatusText() string {
	t := r.x.meter.store
	return t.StatusLabel(t.StatusOf(r.Status()))
}

// Panicked reports whether the handler panicked.
func (r Request) Panicked() bool { return r.x.panicked }

// BytesIn returns the bytes of the request's body that were read, -1 if not known.
func (r Request) BytesIn() int64 { return max(r.x.BytesIn, -1) }

// BytesOut returns the bytes of the response's body, -1 if not known.
func (r Request) BytesOut() int64 { return max(r.x.bytesSent(r.x.outcome()), -1) }

// Elapsed returns the time since the request began.
func (r Request) Elapsed() time.Duration { return time.Duration(r.x.meter.now() - r.x.start) }

// Header returns the first value of a request's header. Clients send what they
// like: declare the Values that count.
func (r Request) Header(name string) string {
	if r.x.carrier == nil {
		return ""
	}
	return r.x.carrier.RequestHeader(name)
}

// ResponseHeader returns the first value of a response's header.
func (r Request) ResponseHeader(name string) string {
	if r.x.carrier == nil {
		return ""
	}
	return r.x.carrier.ResponseHeader(name)
}

// PathValue returns what stands in the path for a parameter of the route.
func (r Request) PathValue(name string) string {
	if r.x.carrier == nil {
		return ""
	}
	return r.x.carrier.PathValue(name)
}

// HTTP returns the request, or nil where the framework is not built on
// net/http. Its body must be left alone.
func (r Request) HTTP() *http.Request {
	if r.x.carrier == nil {
		return nil
	}
	return r.x.carrier.HTTP()
}

// Context returns the request's context.
func (r Request) Context() context.Context {
	if r.x.carrier == nil {
		return context.Background()
	}
	return r.x.carrier.Context()
}
