package engine

import (
	"context"
	"net/http"
)

// Enclosing returns the exchange of this Meter to which the writer or context already belongs, or
// nil.
func (e *Engine) Enclosing(w http.ResponseWriter, ctx context.Context) *Exchange {
	if e.Nested() {
		if x := e.linkedExchange(ctx); x != nil {
			return x
		}
	}
	return e.writerExchange(w, false)
}

// Current returns the exchange of this Meter to which the writer reports, or nil. Unlike Enclosing,
// it also finds those of BeginTracked, and none that belongs to another goroutine.
func (e *Engine) Current(w http.ResponseWriter) *Exchange {
	return e.writerExchange(w, true)
}

// contextLink lets an inner handler find an exchange, however often the request was copied or the
// writer wrapped in between. Links of several Meters can be nested: each returns its own exchange.
type contextLink struct {
	context.Context
	exchange *Exchange
}

type linkKey struct{ shared *Shared }

func (l *contextLink) Value(key any) any {
	if k, ok := key.(linkKey); ok && l.exchange.engine.Shared == k.shared {
		return l.exchange
	}
	return l.Context.Value(key)
}

// linkedExchange returns the exchange of this Meter in the context, or nil.
func (e *Engine) linkedExchange(ctx context.Context) *Exchange {
	if ctx == nil {
		return nil
	}
	x, _ := ctx.Value(linkKey{e.Shared}).(*Exchange)
	return x
}

// writerExchange returns the innermost exchange of this Meter to which the writer reports, or nil.
// Those of BeginTracked count if tracked is set.
func (e *Engine) writerExchange(w http.ResponseWriter, tracked bool) *Exchange {
	for w != nil {
		has := abilities(w) // takes a third of the time of failing type assertions
		if has&isReporter != 0 {
			if x := w.(interface{ Exchange() *Exchange }).Exchange(); x.Of(e) && (tracked || !x.only) {
				return x
			}
		}
		if has&isUnwrapper == 0 {
			return nil
		}
		w = w.(interface{ Unwrap() http.ResponseWriter }).Unwrap()
	}
	return nil
}
