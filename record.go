package tacho

import (
	"context"
	"net/http"

	"github.com/tacho-go/tacho/internal/store"
)

// enter and leave count requests in flight.
func (m *Meter) enter(x *Exchange) { x.flight = m.store.Enter(x.method, x.secure, x.stripe()) }

func (m *Meter) leave(x *Exchange) { m.store.Leave(x.flight, x.stripe()) }

// End records the exchange. It never panics and never blocks on I/O.
func (m *Meter) End(x *Exchange) {
	m.end(x, m.now())
	// Last, so that what is in flight no more has been recorded.
	if m.watches && !x.only && !x.unseen {
		m.leave(x)
	}
	if x.stream {
		m.store.Streams.Add(^uint64(0))
	}
}

func (m *Meter) end(x *Exchange, now int64) {
	x.endTracking(0, now)
	if x.excluded {
		return
	}
	r := x.settledRoute()
	x.route, x.over = r, true
	if x.clientGone {
		x.clientGone = x.lost()
	}
	marks := x.marks.Load()
	if marks == 0 && !x.only && !r.Excluded && !m.opts.OmitHTTP {
		m.record(x, r, now)
	}
	if len(x.tracked) > 0 && marks&markNothing == 0 {
		m.recordTracked(x, r.Excluded && !m.opts.excludeByDefault || marks&markPath != 0)
	}
	x.excluded = true // whatever still writes to it is too late
}

// settledRoute is the route as far as it is known.
func (x *Exchange) settledRoute() *store.Route {
	if named := x.named.Load(); named != nil {
		return named
	}
	if x.route != nil {
		return x.route
	}
	return x.meter.store.Route(x.routeName())
}

func (x *Exchange) routeName() string {
	if x.Route == "" {
		return Unknown
	}
	return x.Route
}

// record hands the outcome on to the store.
func (m *Meter) record(x *Exchange, r *store.Route, now int64) {
	t := m.store
	if t.Dynamic {
		r = t.Variant(m.grouped(x, r), m.extrasOf(x))
	}
	status := x.outcome()
	o := store.Outcome{
		Method: x.method, TLS: x.secure, Status: status, Panicked: x.panicked,
		Latency: now - x.start, Lifetime: -1, BytesIn: -1, BytesOut: -1, Hint: x.stripe(),
	}
	if x.firstByte != 0 && (x.stream || now-x.firstByte >= streamAfter) {
		o.Lifetime, o.Latency = o.Latency, x.firstByte-x.start
	}
	if !x.hijacked && !m.opts.Minimal { // what passed on a hijacked connection is not known
		o.BytesIn, o.BytesOut = x.BytesIn, x.bytesSent(status)
	}
	if s, bucket := t.Record(r, &o); s.Exemplars != nil {
		m.exemplify(s, x.ctx, bucket, now, o.Latency)
	}
}

// exemplify lets a bucket point to the request's trace, at most once a second.
func (m *Meter) exemplify(s *store.Series, ctx context.Context, bucket int, now, latency int64) {
	if ctx == nil || !s.Exemplars.Claim(bucket, now) {
		return
	}
	traceID, spanID := m.trace(ctx)
	s.Exemplars.Put(bucket, traceID, spanID, float64(latency)/1e9, m.wall().UnixNano())
}

// trace calls Options.TraceFunc.
func (m *Meter) trace(ctx context.Context) (traceID, spanID string) {
	defer m.recoverPanic(traceFunc)
	return m.opts.TraceFunc(ctx)
}

// grouped is the route under which Options.GroupBy puts a request.
func (m *Meter) grouped(x *Exchange, r *store.Route) *store.Route {
	group := m.store.Group
	if group == nil {
		return r
	}
	return m.store.Route(group.Value(m.ask(m.opts.GroupBy.Func, Request{x}, groupBy)))
}

// extrasOf are the values of Options.Labels for a request.
func (m *Meter) extrasOf(x *Exchange) []string {
	for i := len(x.extras); i < len(m.extras); i++ {
		x.extras = append(x.extras, m.extra(i, x))
	}
	return x.extras
}

// extra is the value of one of Options.Labels for a request.
func (m *Meter) extra(i int, x *Exchange) string {
	return m.store.Extras[i].Value(m.ask(m.extras[i].Func, Request{x}, labelFunc))
}

// outcome is the status to record.
func (x *Exchange) outcome() int {
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

// bytesSent leaves out what a handler wrote where HTTP sends no body (RFC
// 9110, sections 9.3.2 and 15.3.5): frameworks count it all the same.
func (x *Exchange) bytesSent(status int) int64 {
	if x.BytesOut > 0 && x.sendsNoBody(status) {
		return 0
	}
	return x.BytesOut
}

func (x *Exchange) sendsNoBody(status int) bool {
	return x.method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
}
