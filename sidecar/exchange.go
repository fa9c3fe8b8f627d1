package sidecar

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/tacho-go/tacho/adapter"
)

// An exchange is one request through the proxy. It is the context of the request, so that every
// part of the proxy finds it.
type exchange struct {
	context.Context
	gone atomic.Bool // the client, although the server has not noticed

	config   *config // that the request began with
	upstream *upstream
	client   writer
	body     requestBody
	response responseBody

	begin    time.Time // in the proxy
	sent     time.Time // to the upstream
	answered time.Time // the response's header came from the upstream

	trace       httptrace.ClientTrace
	connections atomic.Int32 // that the request got
	conn        net.Conn     // the last one, of net/http's transports
	status      int          // that tells what the service serves, 0 if it did not respond
	route       string
	rpc         *adapter.Exchange // of a gRPC request
	slot        bool              // of the limit of concurrent requests
	abort       bool              // the client's connection must end, because its response is not complete
}

type exchangeKey struct{}

// Value implements context.Context.
func (x *exchange) Value(key any) any {
	if key == (exchangeKey{}) {
		return x
	}
	return x.Context.Value(key)
}

// Err implements context.Context. A client that disconnects within its request's body does not
// cancel the server's context.
func (x *exchange) Err() error {
	if x.gone.Load() {
		return context.Canceled
	}
	return x.Context.Err()
}

func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// traced returns a request of net/http's transports with a trace that counts the connections it gets: more than
// one means that the transport has sent it again.
func (x *exchange) traced(out *http.Request) *http.Request {
	x.trace.GotConn = func(i httptrace.GotConnInfo) { x.connections.Add(1); x.conn = i.Conn }
	return out.WithContext(httptrace.WithClientTrace(out.Context(), &x.trace))
}

// wait waits for a slot if the number of concurrent requests is limited. It returns why the request
// got none, if so.
func (x *exchange) wait() (fault, bool) {
	c := x.config
	if c.limit == nil {
		return fault{}, false
	}
	x.slot = c.limit.take(x.Done(), c.options.MaxQueue, c.metrics)
	switch {
	case x.slot:
		return fault{}, false
	case x.Err() != nil:
		return fault{cause: causeClientGone, client: true}, true
	}
	return fault{status: http.StatusServiceUnavailable, cause: causeQueueTimeout, client: true}, true
}

// release returns the slot, at the end or when a tunnel opens.
func (x *exchange) release() {
	if x.slot {
		x.slot = false
		x.config.limit.give()
	}
}

// observe records what is known at the end.
func (x *exchange) observe() {
	if x.upstream != nil {
		for range x.connections.Load() - 1 {
			x.upstream.metrics.retries.Inc()
		}
	}
	switch {
	case x.sent.IsZero():
	case x.answered.IsZero():
		x.config.metrics.overhead.Observe(x.sent.Sub(x.begin).Seconds())
	default:
		x.config.metrics.overhead.Observe((x.sent.Sub(x.begin) + x.client.headed.Sub(x.answered)).Seconds())
	}
}

// settleRoute finds the route once the status is known: only the service itself tells which paths
// it serves.
func (x *exchange) settleRoute(r *http.Request) {
	x.route = x.config.routes.of(r.Method, r.URL.Path, x.status)
}
