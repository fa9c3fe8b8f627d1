package engine

import (
	"cmp"
	"context"
	"net/http"
	"reflect"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/reqcopy"
)

// A Layer is a middleware of an adapter: it measures, records metrics of a route, or marks
// exchanges. Package adapter documents it.
type Layer struct {
	engine  *Engine
	use     use
	metrics []*Metric
	mark    func(*Exchange)
	ends    ending
}

// A use is the purpose of a Call.
type use int

const (
	measuring   use = 1 << iota // by a MeasureLayer
	trackingUse                 // by a TrackLayer, if nothing measures
	marked                      // by a MarkLayer, if nothing measures
	excluded                    // by a MeasureLayer, of a request that is not measured
	passing                     // by any, if the request belongs to another exchange
)

// MeasureLayer measures.
func MeasureLayer(e *Engine) *Layer {
	e.Join()
	return &Layer{engine: e, use: measuring}
}

// TrackLayer records metrics, which must all belong to one Meter.
func TrackLayer(metrics ...*Metric) *Layer {
	if len(metrics) == 0 {
		return new(Layer)
	}
	e := metrics[0].Engine
	e.MustOwn(metrics...)
	return &Layer{engine: e, use: trackingUse, metrics: metrics}
}

// MarkLayer calls DoNotTrack or ExcludeAll.
func MarkLayer(e *Engine, mark func(*Exchange)) *Layer {
	e.Join() // so that the exchange is found behind any middleware
	return &Layer{engine: e, use: marked, mark: mark}
}

// current returns the exchange to which metrics on a route belong, or nil. It does not use the
// request's context: behind http.TimeoutHandler, the context's exchange belongs to another
// goroutine.
func (l *Layer) current(s *Stack, w http.ResponseWriter) *Exchange {
	if c := s.find(l.engine, measuring|trackingUse); c != nil {
		return &c.exchange
	}
	return l.engine.Current(w)
}

// beginAlone begins an exchange for metrics of a route if there is none. It returns false if the
// request is excluded.
func (l *Layer) beginAlone(x *Exchange, s *Stack, ctx context.Context, method, path string) bool {
	if c := s.find(l.engine, marked); c != nil && c.exchange.ExcludedAll() {
		return false
	}
	if linked := l.engine.linkedExchange(ctx); linked != nil && linked.ExcludedAll() {
		return false
	}
	return l.engine.BeginTracked(x, method, path, l.metrics...)
}

// markFound marks the exchanges of the request, and reports whether there are any.
func (l *Layer) markFound(s *Stack, w http.ResponseWriter, ctx context.Context) (found bool) {
	for _, x := range [...]*Exchange{l.current(s, w), l.engine.linkedExchange(ctx), l.engine.writerExchange(w, true)} {
		if x != nil {
			l.mark(x)
			found = true
		}
	}
	return found
}

// EnterHTTP enters the layer with a request of a framework that is built on net/http.
//
// Most layers measure, and most requests take part in no exchange yet. For these it is
// one straight way. What is known goes into the call at once: kept in variables, it
// would be saved and restored around each function that is called.
func (l *Layer) EnterHTTP(s *Stack, w http.ResponseWriter, r *http.Request, p Params, route string) (*Call, *Exchange) {
	if l.use != measuring {
		return l.enterRoute(s, w, r, p, route)
	}
	e := l.engine
	var c *Call
	if s == nil {
		c = fromPool(e, w, r)
	} else {
		if outer := s.find(e, measuring|excluded); outer != nil {
			return nil, outer.watchedAgain(w)
		}
		c = s.call(e, w, r)
	}
	c.params, c.route, c.use = p, route, measuring
	if e.Nested() || !e.Minimal && !l.ends.at(w) { // with Minimal no writer of ours stands in between
		if c.joins() {
			return c, nil
		}
	}
	if !c.engine.Begin(&c.exchange, c.request.Method, c.request.URL.Path) {
		return c.exclude(), nil
	}
	c.begin()
	return c, c.watched()
}

// enterRoute is EnterHTTP where the layer is one of a route.
func (l *Layer) enterRoute(s *Stack, w http.ResponseWriter, r *http.Request, p Params, route string) (*Call, *Exchange) {
	switch l.use {
	case trackingUse:
		return l.trackHTTP(s, w, r, p, route)
	case marked:
		return l.markHTTP(s, w, r, route), nil
	}
	return nil, nil // Track without metrics
}

// joins reports whether the request already takes part in an exchange, and lets the
// call take part in it as well.
func (c *Call) joins() bool {
	x := c.engine.Enclosing(c.Writer, c.request.Context())
	if x == nil {
		return false
	}
	if c.route != "" {
		x.SetRoute(c.route)
	}
	c.params, c.enclosing, c.use = nil, x, passing
	return true
}

func (l *Layer) trackHTTP(s *Stack, w http.ResponseWriter, r *http.Request, p Params, route string) (*Call, *Exchange) {
	e := l.engine
	if x := l.current(s, w); x != nil {
		c := s.pass(e, w, r, nil, route)
		c.tracks, c.mark = x, x.Track(l.metrics...)
		return c, nil
	}
	c := s.enter(e, w, r)
	if !l.beginAlone(&c.exchange, s, r.Context(), r.Method, r.URL.Path) {
		s.takeBack(c)
		return nil, nil
	}
	c.params, c.route, c.use = p, route, trackingUse
	c.begin()
	c.tracks, c.mark = &c.exchange, c.exchange.Track(l.metrics...)
	return c, c.watched()
}

func (l *Layer) markHTTP(s *Stack, w http.ResponseWriter, r *http.Request, route string) *Call {
	if l.markFound(s, w, r.Context()) {
		return nil
	}
	c := s.enter(l.engine, w, r) // inner metrics need the mark in any case
	l.engine.BeginTracked(&c.exchange, r.Method, r.URL.Path)
	l.mark(&c.exchange)
	c.use, c.route = marked, route
	s.push(c)
	if s == nil {
		c.copy(true) // inner metrics find it by the context
	}
	return c
}

// Enter enters the layer with a request of a framework that is not built on net/http.
// ctx may be nil.
func (l *Layer) Enter(ctx context.Context, s *Stack, method, path string, carrier Carrier) *Call {
	switch l.use {
	case measuring:
		return l.measure(ctx, s, method, path, carrier)
	case trackingUse:
		return l.track(ctx, s, method, path, carrier)
	case marked:
		return l.markCall(ctx, s, method, path)
	}
	return nil // Track without metrics
}

func (l *Layer) measure(ctx context.Context, s *Stack, method, path string, carrier Carrier) *Call {
	e := l.engine
	if s.find(e, measuring|excluded) != nil {
		return nil
	}
	if x := e.linkedExchange(ctx); x != nil {
		return s.pass(e, nil, nil, x, "").in(ctx)
	}
	c := s.enter(e, nil, nil).in(ctx)
	if !e.Begin(&c.exchange, method, path) {
		return c.excludeCall(s)
	}
	return c.beginCall(s, carrier, measuring)
}

func (l *Layer) track(ctx context.Context, s *Stack, method, path string, carrier Carrier) *Call {
	e := l.engine
	if x := cmp.Or(l.current(s, nil), e.linkedExchange(ctx)); x != nil && !x.excluded {
		c := s.pass(e, nil, nil, nil, "").in(ctx)
		c.tracks, c.mark = x, x.Track(l.metrics...)
		return c
	}
	c := s.enter(e, nil, nil).in(ctx)
	if !l.beginAlone(&c.exchange, s, ctx, method, path) {
		s.takeBack(c)
		return nil
	}
	c.beginCall(s, carrier, trackingUse)
	c.tracks, c.mark = &c.exchange, c.exchange.Track(l.metrics...)
	return c
}

func (l *Layer) markCall(ctx context.Context, s *Stack, method, path string) *Call {
	if l.markFound(s, nil, ctx) {
		return nil
	}
	c := s.enter(l.engine, nil, nil).in(ctx)
	l.engine.BeginTracked(&c.exchange, method, path)
	c.exchange.excluded = true
	l.mark(&c.exchange)
	c.use = marked
	c.link()
	s.push(c)
	return c
}

// An ending caches the type of the server's own writer, which wraps no other one. Most requests
// then need not search for an enclosing exchange.
type ending struct{ writer atomic.Pointer[reflect.Type] }

func (e *ending) at(w http.ResponseWriter) bool {
	u, ok := w.(interface{ Unwrap() http.ResponseWriter })
	if !ok {
		return false
	}
	inner := u.Unwrap()
	if known := e.writer.Load(); known != nil && *known == reflect.TypeOf(inner) {
		return true
	}
	return e.learn(inner)
}

func (e *ending) learn(w http.ResponseWriter) bool {
	if _, goesOn := w.(interface{ Unwrap() http.ResponseWriter }); goesOn {
		return false
	}
	if e.writer.Load() == nil { // one is enough: most connections have the same type
		t := reflect.TypeOf(w)
		e.writer.Store(&t)
	}
	return true
}

// begin goes on where Begin or BeginTracked has begun the exchange.
func (c *Call) begin() {
	x, r := &c.exchange, c.request
	x.watch.ctx = r.Context()
	c.stack.push(c)
	if c.route != "" {
		x.SetTemplate(c.route)
	}
	if r.TLS != nil {
		x.Secure()
	}
	x.Carry(carried{c})
	if c.engine.Nested() || reqcopy.Needed(r) {
		c.copy(c.engine.Nested() && c.use != trackingUse)
	}
}

// copy makes a copy of the request for the handlers if needed: to count a body, or to let inner
// layers find the exchange.
func (c *Call) copy(linked bool) {
	var link context.Context
	switch {
	case linked:
		link, c.linked = c.exchange.Link(c.request.Context()), true
	case c.engine.Minimal || !reqcopy.Needed(c.request):
		return
	}
	c.copied = reqcopy.New(c.request, link)
	c.Request = &c.copied.Request
}

// exclude is for a request that is not measured. A layer further inside must not
// measure it either.
func (c *Call) exclude() *Call {
	c.params, c.use = nil, excluded
	if !c.engine.Nested() {
		c.stack.takeBack(c)
		return nil
	}
	c.stack.push(c)
	c.copy(true)
	return c
}

// in returns the call in a context.
func (c *Call) in(ctx context.Context) *Call {
	c.Context = ctx
	return c
}

// beginCall is begin without http.Request.
func (c *Call) beginCall(s *Stack, carrier Carrier, what use) *Call {
	c.use, c.exchange.watch.ctx = what, c.Context
	s.push(c)
	c.exchange.Carry(carrier)
	if c.engine.Nested() && what != trackingUse {
		c.link()
	}
	return c
}

// excludeCall is exclude without http.Request.
func (c *Call) excludeCall(s *Stack) *Call {
	if !c.engine.Nested() {
		s.takeBack(c)
		return nil
	}
	c.use = excluded
	s.push(c)
	c.link()
	return c
}

// link makes the context of the call lead to its exchange.
func (c *Call) link() {
	if c.Context != nil {
		c.Context, c.linked = c.exchange.Link(c.Context), true
	}
}
