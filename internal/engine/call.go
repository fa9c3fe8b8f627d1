package engine

import (
	"context"
	"net/http"
	"sync"

	"github.com/tacho-go/tacho/internal/reqcopy"
)

// A Stack holds the active calls of one request, the innermost first, and
// spare ones for the next request. Package adapter documents it.
type Stack struct {
	top, spare *Call
	first      Call // is allocated with the Stack
	begun      bool // first was handed out
}

// enter returns a call for a layer that is entered. EnterHTTP does the same inline.
func (s *Stack) enter(e *Engine, w http.ResponseWriter, r *http.Request) *Call {
	if s != nil {
		return s.call(e, w, r)
	}
	return fromPool(e, w, r)
}

// call returns a spare call, or a new one.
func (s *Stack) call(e *Engine, w http.ResponseWriter, r *http.Request) *Call {
	c := s.unused()
	c.engine, c.Writer, c.Request, c.request, c.stack = e, w, r, r, s
	return c
}

// spares are calls of frameworks that have no place for a Stack.
var spares = sync.Pool{New: func() any { return new(Call) }}

func (s *Stack) unused() *Call {
	switch {
	case s == nil || s.spare == nil && s.begun:
		return new(Call)
	case s.spare == nil:
		s.begun = true
		return &s.first
	}
	c := s.spare
	s.spare = c.outer
	return c
}

// pass returns a call that belongs to another exchange.
func (s *Stack) pass(e *Engine, w http.ResponseWriter, r *http.Request, x *Exchange, route string) *Call {
	c := s.enter(e, w, r)
	c.enclosing, c.route, c.use = x, route, passing
	c.exchange.coded, c.exchange.over = 0, false // for SetCode
	return c
}

// takeBack keeps a call for another request. Nothing else may refer to it.
func (s *Stack) takeBack(c *Call) {
	if s == nil {
		c.toPool()
		return
	}
	c.outer, s.spare = s.spare, c
}

// fromPool and toPool are not inlined, so that what most requests need can be.
//
//go:noinline
func fromPool(e *Engine, w http.ResponseWriter, r *http.Request) *Call {
	c := spares.Get().(*Call)
	c.engine, c.Writer, c.Request, c.request, c.stack = e, w, r, r, nil
	return c
}

// toPool keeps a call without what belongs to its request: the next one may be long in coming.
//
//go:noinline
func (c *Call) toPool() {
	c.Request, c.request, c.Writer, c.Context = nil, nil, nil, nil
	spares.Put(c)
}

func (s *Stack) push(c *Call) {
	if s != nil {
		c.outer, s.top = s.top, c
	}
}

// find returns the innermost call of a Meter with one of these uses. Most stacks are empty, which
// the caller sees without a call.
func (s *Stack) find(e *Engine, uses use) *Call {
	if s == nil || s.top == nil {
		return nil
	}
	return s.search(e, uses)
}

func (s *Stack) search(e *Engine, uses use) *Call {
	for c := s.top; c != nil; c = c.outer {
		if c.use&uses != 0 && c.exchange.Of(e) {
			return c
		}
	}
	return nil
}

// Params returns the value of a route parameter in the path.
type Params interface{ Param(name string) string }

// A Call is the pass of one request through a Layer. Package adapter documents it.
type Call struct {
	Request *http.Request       // for the handlers
	Context context.Context     // for the handlers if there is no http.Request
	Writer  http.ResponseWriter // as it was when the layer was entered
	Local   any                 // the adapter's own

	exchange  Exchange
	engine    *Engine
	request   *http.Request // as received
	params    Params
	copied    *reqcopy.Copy // for the handlers, if the request has a body
	linked    bool          // the handlers' context leads to the exchange
	route     string        // as it was when the layer was entered
	use       use
	stack     *Stack // the stack of this call, and the call below it
	outer     *Call
	enclosing *Exchange // to which the request already belongs
	tracks    *Exchange // in which mark began
	mark      int
}

// Exchange returns the exchange that the call has begun.
func (c *Call) Exchange() *Exchange { return &c.exchange }

// ReadsRequest reports whether something that is recorded may read the request's Carrier.
func (c *Call) ReadsRequest() bool {
	return c.tracks != nil || len(c.exchange.tracked) > 0 || c.engine.Variant != nil
}

// TellsTLS reports whether the schema tells requests over TLS from others.
func (c *Call) TellsTLS() bool { return c.engine.Store.Config.Schemes }

// watched returns the exchange to which the response must be reported, or nil.
func (c *Call) watched() *Exchange {
	if c.use == excluded || c.engine.Minimal { // otherwise the values at the end suffice
		return nil
	}
	return &c.exchange
}

// watchedAgain is watched for a layer that is entered once more: a dispatch has removed the writer
// that reports to the exchange, or a middleware has wrapped it.
func (c *Call) watchedAgain(w http.ResponseWriter) *Exchange {
	if r, ok := w.(interface{ Exchange() *Exchange }); ok && r.Exchange() == &c.exchange {
		return nil
	}
	return c.watched()
}

// Restore returns the request that a framework's context had before the call.
func (c *Call) Restore(r *http.Request) *http.Request {
	if c.copied != nil && r == &c.copied.Request {
		return c.request
	}
	return r
}

// Leave ends what entering the layer began, and goes on to panic. The parameters are
// the fields of the Outcome that package adapter documents: on their own they stay in
// registers.
func (c *Call) Leave(route string, status int, sent, kept bool, in, out int64, panicked any) {
	if c.tracks != nil {
		c.tracked()
	}
	if c.use == passing {
		c.passed(route)
	} else {
		c.pop()
		if c.copied != nil {
			c.returnCopy()
		}
		if c.use&(measuring|trackingUse) != 0 {
			c.report(route, in, out)
			x := &c.exchange
			if status == 0 {
				status = http.StatusOK
			}
			if sent && c.engine.Minimal {
				// Nobody looked when it was written; whether the client is still
				// there now does not matter.
				x.WroteHeader(context.Background(), status)
			}
			x.Settle(x.watch.ctx, status, panicked)
			c.engine.End(x)
		}
		c.done(kept)
	}
	if panicked != nil {
		panic(panicked)
	}
}

func (c *Call) tracked() {
	c.tracks.Tracked(c.mark)
	c.tracks = nil
}

// passed ends a call that belongs to another exchange. It sets the route if that was not known at
// first, or if the request was dispatched again and this layer is not in the new chain.
func (c *Call) passed(route string) {
	if c.enclosing != nil && route != c.route {
		c.enclosing.SetRoute(route)
	}
	if c.enclosing != nil && c.exchange.coded != 0 {
		c.enclosing.SetInnerCode(c.exchange.coded - 1)
	}
	c.enclosing = nil
	c.stack.takeBack(c)
}

// returnCopy ends the handlers' copy of the request.
func (c *Call) returnCopy() {
	c.copied.Return()
	c.exchange.BytesIn = c.copied.BytesRead()
	c.copied = nil
}

// report takes over what the adapter knows of the request, besides how it ended.
func (c *Call) report(route string, in, out int64) {
	x := &c.exchange
	switch {
	case c.request == nil:
		x.Route = route
	case route != c.route: // the router has decided, or a handler has dispatched the request again
		x.SetTemplate(route)
	}
	if in != 0 {
		x.BytesIn = in
	}
	if out != 0 {
		x.BytesOut = out
	}
}

// done keeps the call for another request, unless somebody else may know it. What it
// points to the framework keeps as well.
func (c *Call) done(kept bool) {
	c.params = nil
	if c.linked {
		c.linked = false
		return
	}
	if !kept {
		c.stack.takeBack(c)
	}
}

// pop takes the call off its stack.
func (c *Call) pop() {
	if c.stack != nil {
		c.stack.top = c.outer
	}
}

// carried implements Carrier for a call on net/http.
type carried struct{ call *Call }

// RequestHeader implements Carrier.
func (c carried) RequestHeader(name string) string { return c.call.request.Header.Get(name) }

// ResponseHeader implements Carrier.
func (c carried) ResponseHeader(name string) string { return c.call.Writer.Header().Get(name) }

// PathValue implements Carrier.
func (c carried) PathValue(name string) string {
	if c.call.params == nil {
		return c.call.Request.PathValue(name)
	}
	return c.call.params.Param(name)
}

// HTTP implements Carrier.
func (c carried) HTTP() *http.Request { return c.call.request }

// Context implements Carrier.
func (c carried) Context() context.Context { return c.call.request.Context() }

// Writer implements Carrier: it returns the writer below the framework's own, and below the one
// that reports to the exchange, which may stand there.
func (c carried) Writer() http.ResponseWriter {
	u, ok := c.call.Writer.(interface{ Unwrap() http.ResponseWriter })
	if !ok {
		return c.call.Writer
	}
	w := u.Unwrap()
	if h, ok := w.(watching); ok && h.Exchange() == &c.call.exchange {
		return h.Unwrap()
	}
	return w
}

// A watching writer is one of Exchange.Watch.
type watching interface {
	Unwrap() http.ResponseWriter
	Exchange() *Exchange
}
