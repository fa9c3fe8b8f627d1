package engine

import (
	"context"
	"net/http"
	"reflect"
	"runtime"
	"time"
)

// timedOut detects whether an http.TimeoutHandler around the handler has already responded. It runs
// if a handler returns after its context has ended.
//
// After its timeout, TimeoutHandler discards everything that the handler wrote: an early status
// does not count, and neither does a late one.
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

// timeoutWriter returns the writer that an http.TimeoutHandler passed to its handler, or nil.
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

// decisionTurns is how often a late handler yields to other goroutines, so that TimeoutHandler,
// which the same deadline has woken, can respond; decisionPauses is how often it then sleeps, each
// time twice as long, for at most 6.3 ms in total: on a busy machine yielding may not suffice. The
// handler's client has its response already, or gets it without the handler. It never yields for a
// context that an inner middleware has limited.
const (
	decisionTurns  = 64
	decisionPauses = 6
	firstPause     = 100 * time.Microsecond
)

// tooLate writes an empty body to a TimeoutHandler's writer until the error shows that it has
// responded. The status has already been written, so this changes nothing.
func (x *Exchange) tooLate(w http.ResponseWriter) {
	for turn := range decisionTurns + decisionPauses {
		_, err := w.Write(nil)
		switch {
		case err == http.ErrHandlerTimeout:
			x.WriteFailed(err)
			return
		case err != nil: // the client has disconnected and got nothing
			x.clientGone, x.broken = true, true
			return
		}
		if turn < decisionTurns {
			runtime.Gosched()
		} else {
			time.Sleep(firstPause << (turn - decisionTurns))
		}
	}
}
