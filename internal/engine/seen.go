package engine

import (
	"net/http"
)

// The view of an exchange for functions of labels.

// Label returns the label of the route as far as it is known.
func (x *Exchange) Label() string { return x.settledRoute().Label }

// Method returns the request's method as received.
func (x *Exchange) Method() string { return x.method }

// Path returns the path as the client sent it.
func (x *Exchange) Path() string { return x.path }

// Start returns when the exchange began, on the clock of Now.
func (x *Exchange) Start() int64 { return x.start }

// Panicked reports whether the handler panicked.
func (x *Exchange) Panicked() bool { return x.panicked }

// Over reports whether the outcome is known.
func (x *Exchange) Over() bool { return x.over }

// Carrier returns the argument of Carry, or nil.
func (x *Exchange) Carrier() Carrier { return x.carrier }

// Status returns the status that was written, 0 before that.
func (x *Exchange) Status() int { return x.status }

// Outcome returns the status to record.
func (x *Exchange) Outcome() int {
	switch {
	case x.status != 0 && !x.clientGone:
		return x.status
	case x.hijacked:
		return http.StatusSwitchingProtocols
	case x.panicked:
		return http.StatusInternalServerError
	case x.clientGone:
		return StatusClientClosedRequest
	}
	return http.StatusOK
}

// BytesSent returns the size of the response's body without what a handler wrote where HTTP sends
// no body (RFC 9110, sections 9.3.2 and 15.3.5): frameworks count that as well.
func (x *Exchange) BytesSent(status int) int64 {
	if x.BytesOut > 0 && x.sendsNoBody(status) {
		return 0
	}
	return x.BytesOut
}
