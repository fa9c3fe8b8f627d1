package engine

import (
	"context"

	"github.com/tacho-go/tacho/internal/store"
)

// End records the exchange. It never panics and never blocks on I/O.
func (e *Engine) End(x *Exchange) {
	now := e.Now()
	x.endTracking(0, now)
	if !x.excluded {
		r := x.settledRoute()
		x.route, x.over = r, true
		marks := x.marks.Load()
		if marks >= markCoded {
			marks = x.takeInnerCode(marks)
		}
		if x.clientGone {
			x.clientGone = x.lost()
		}
		if marks == 0 && !x.only && !r.Excluded && !e.OmitHTTP {
			e.record(x, r, now)
		}
		if len(x.tracked) > 0 && marks&markNothing == 0 {
			x.recordTracked(r.Excluded && !e.ExcludeByDefault || marks&markPath != 0)
		}
		x.excluded = true // later writes are ignored
	}
	// Last, so that a request that is no longer in flight has been recorded.
	if e.Watches && !x.only && !x.unseen {
		e.leave(x)
	}
	if x.stream {
		e.Store.Streams.Add(^uint64(0))
	}
}

// record hands the outcome on to the store.
func (e *Engine) record(x *Exchange, r *store.Route, now int64) {
	if e.Variant != nil {
		r = e.Variant(x, r)
	}
	status := x.Outcome()
	var o store.Outcome // a literal would be built elsewhere and copied
	o.Method, o.TLS, o.Status, o.Panicked = x.method, x.secure, status, x.panicked
	o.Latency, o.Lifetime, o.BytesIn, o.BytesOut = now-x.start, -1, -1, -1
	o.Hint = x.number
	if x.firstByte != 0 && (x.stream || now-x.firstByte >= streamAfter) {
		o.Lifetime, o.Latency = o.Latency, x.firstByte-x.start
	}
	if !x.hijacked && !e.Minimal { // traffic on a hijacked connection is not known
		o.BytesIn, o.BytesOut = x.BytesIn, x.BytesSent(status)
	}
	if s, bucket := e.Store.Record(r, &o); s.Exemplars != nil {
		e.Exemplify(s, x.trace, bucket, now, o.Latency)
	}
}

// Exemplify stores the request's trace as a bucket's exemplar, at most once a second.
func (e *Engine) Exemplify(s *store.Series, ctx context.Context, bucket int, now, latency int64) {
	if ctx == nil || e.Trace == nil || !s.Exemplars.Claim(bucket, now) {
		return
	}
	traceID, spanID := e.Trace(ctx)
	s.Exemplars.Put(bucket, traceID, spanID, float64(latency)/1e9, e.Store.Now().UnixNano())
}
