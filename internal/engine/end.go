package engine

import (
	"context"
	"net/http"
)

// End records the exchange. It never panics and never blocks on I/O.
func (e *Engine) End(x *Exchange) {
	now := e.Now()
	x.endTracking(0, now)
	if !x.excluded {
		x.over = true
		if x.clientGone {
			x.clientGone = x.lost()
		}
		e.Record(x, now)
		x.excluded = true // whatever still writes to it is too late
	}
	// Last, so that what is in flight no more has been recorded.
	if e.Watches && !x.only && !x.unseen {
		e.leave(x)
	}
	if x.stream {
		e.Streams.Add(^uint64(0))
	}
}

// What Record needs to know.

// Counted reports whether the HTTP metrics count the exchange.
func (x *Exchange) Counted() bool { return x.marks.Load() == 0 && !x.only }

// Method returns the request's method as it came.
func (x *Exchange) Method() string { return x.method }

// Path returns the path as the client sent it.
func (x *Exchange) Path() string { return x.path }

// IsSecure reports whether the request came over TLS.
func (x *Exchange) IsSecure() bool { return x.secure }

// Hint is a number that mostly differs between processors: an exchange that comes
// from a pool is used again on the processor that used it before.
func (x *Exchange) Hint() uint32 { return x.number }

// Start returns when the exchange began, on the clock of Now.
func (x *Exchange) Start() int64 { return x.start }

// Streamed returns when the response of a stream was first flushed, 0 if the
// response is none.
func (x *Exchange) Streamed(now int64) (firstByte int64) {
	if x.firstByte != 0 && (x.stream || now-x.firstByte >= StreamAfter) {
		return x.firstByte
	}
	return 0
}

// Panicked reports whether the handler panicked.
func (x *Exchange) Panicked() bool { return x.panicked }

// Hijacked reports whether the handler took the connection over.
func (x *Exchange) Hijacked() bool { return x.hijacked }

// Over reports whether the outcome is known.
func (x *Exchange) Over() bool { return x.over }

// Trace returns the context for Options.TraceFunc.
func (x *Exchange) Trace() context.Context { return x.trace }

// Carrier returns what Carry was called with, or nil.
func (x *Exchange) Carrier() Carrier { return x.carrier }

// Template returns the string of SetTemplate, and what makes a label of it.
func (x *Exchange) Template() (text string, clean func(string) string) { return x.template, x.clean }

// Named returns the label of SetRoute, or nil.
func (x *Exchange) Named() *string { return x.named.Load() }

// Status returns the status that was written so far, 0 before that.
func (x *Exchange) Status() int { return x.status }

// Code returns the code of SetCode, "" without one.
func (x *Exchange) Code() string { return x.code }

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

// BytesSent leaves out what a handler wrote where HTTP sends no body (RFC
// 9110, sections 9.3.2 and 15.3.5): frameworks count it all the same.
func (x *Exchange) BytesSent(status int) int64 {
	if x.BytesOut > 0 && x.sendsNoBody(status) {
		return 0
	}
	return x.BytesOut
}

func (x *Exchange) sendsNoBody(status int) bool {
	return x.method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
}
