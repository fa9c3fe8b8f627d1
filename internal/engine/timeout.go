package engine

import (
	"context"
	"net/http"
	"reflect"
	"runtime"
)

// timedOut finds out whether an http.TimeoutHandler around the handler has
// answered in its place. It runs when a handler returns whose context is over.
//
// TimeoutHandler sends nothing of what the handler wrote once its time is up: an
// early status does not count, and neither does a late one.
func (x *Exchange) timedOut(ctx context.Context) {
	if x.carrier == nil || x.hijacked {
		return
	}
	outer := x.carrier.Writer()
	w := timeoutWriter(outer)
	switch {
	case w == nil:
	case x.status == 0:
		if ctx.Err() == context.DeadlineExceeded {
			x.WriteFailed(http.ErrHandlerTimeout)
		}
	case w == outer:
		x.tooLate(w)
	}
}

// timeoutWriter returns the writer that an http.TimeoutHandler has given to the
// handlers in it, or nil.
func timeoutWriter(w http.ResponseWriter) http.ResponseWriter {
	for w != nil {
		if reflect.TypeOf(w).String() == "*http.timeoutWriter" {
			return w
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = u.Unwrap()
	}
	return nil
}

// decisionTurns is how often a late handler lets other goroutines run, so that
// TimeoutHandler, which the same deadline has woken, can answer. A context that
// a middleware further inside has limited never makes it do so.
const decisionTurns = 64

// tooLate writes nothing to a TimeoutHandler's writer until the error shows that
// it has answered. The status has been written, so that this changes nothing.
func (x *Exchange) tooLate(w http.ResponseWriter) {
	for range decisionTurns {
		_, err := w.Write(nil)
		switch {
		case err == http.ErrHandlerTimeout:
			x.WriteFailed(err)
			return
		case err != nil: // the client has left, and got nothing
			x.clientGone, x.broken = true, true
			return
		}
		runtime.Gosched()
	}
}
