package tachogrpc

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/grpcfamilies"
)

// measures measure the RPCs of a server.
type measures struct {
	rec      *adapter.Recorder
	families *grpcfamilies.Families
}

// An rpc is one RPC, and its context.
type rpc struct {
	context.Context
	by       *measures
	name     string
	exchange adapter.Exchange
	outer    *adapter.Exchange // to which the RPC already belongs: that of Meter.Handler
	linked   context.Context   // leads to the exchange
	seen     context.Context   // of the handler

	begun, excluded, streams bool
	panicked                 any                  // while the handler runs
	method                   *grpcfamilies.Method // nil until it is known that a service has it
	in, out                  atomic.Int64
	failed                   atomic.Uint32 // the code of an error of the stream, which has been sent, and one
	returned                 uint32        // the code of the handler, and one
	sent                     atomic.Bool   // the status

	mu             sync.Mutex // a handler may send and receive in goroutines of its own
	over           bool
	header, footer metadata.MD
}

type rpcKey struct{}

// Value implements context.Context.
func (r *rpc) Value(key any) any {
	switch {
	case key == any(rpcKey{}):
		return r
	case r.linked != nil:
		return r.linked.Value(key)
	}
	return r.Context.Value(key)
}

// of returns the RPC of a context. Several Meters may measure it.
func (h *measures) of(ctx context.Context) *rpc {
	r, _ := ctx.Value(rpcKey{}).(*rpc)
	for r != nil && r.by != h {
		r, _ = r.Context.Value(rpcKey{}).(*rpc)
	}
	return r
}

// connKey is where the context of a connection has the first measures of a Meter. Further ones, if
// ServerOptions are used twice, do nothing.
type connKey struct{ rec *adapter.Recorder }

// TagConn implements stats.Handler.
func (h *measures) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	if ctx.Value(connKey{h.rec}) != nil {
		return ctx
	}
	return context.WithValue(ctx, connKey{h.rec}, h)
}

func (h *measures) first(ctx context.Context) bool { return ctx.Value(connKey{h.rec}) == any(h) }

// HandleConn implements stats.Handler.
func (h *measures) HandleConn(context.Context, stats.ConnStats) {}

// TagRPC implements stats.Handler.
func (h *measures) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	if !h.first(ctx) {
		return ctx
	}
	return &rpc{Context: ctx, by: h, name: info.FullMethodName}
}

// HandleRPC implements stats.Handler.
func (h *measures) HandleRPC(ctx context.Context, event stats.RPCStats) {
	r := h.of(ctx)
	if r == nil {
		if !h.first(ctx) {
			return
		}
		r = &rpc{Context: ctx, by: h} // of a name that cannot be one
	}
	switch event := event.(type) {
	case *stats.Begin:
		r.begin(event)
	case *stats.InPayload:
		r.in.Add(int64(event.Length))
		if r.method != nil {
			r.method.Receive()
		}
	case *stats.OutPayload:
		r.sends(int64(event.Length))
	case *stats.OutHeader:
		r.mu.Lock()
		r.header = event.Header
		r.mu.Unlock()
	case *stats.OutTrailer:
		r.answered(event.Trailer)
	case *stats.End:
		r.finish(r.outcome(event.Error), event.EndTime.Sub(event.BeginTime))
	}
}

// begin begins an RPC that a service has, or grpc.UnknownServiceHandler.
func (r *rpc) begin(s *stats.Begin) {
	r.begun, r.streams = true, s.IsClientStream || s.IsServerStream
	r.enter()
	if r.excluded {
		return
	}
	if m := r.by.families.Known(r.name); m != nil {
		r.knows(m)
	} else if !r.streams { // that handler is a stream's
		r.knows(r.by.families.Method(r.name, grpcfamilies.Kind(false, false)))
	}
}

// enter begins the exchange.
func (r *rpc) enter() {
	rec := r.by.rec
	if r.outer = rec.Enclosing(nil, r.Context); r.outer != nil {
		twin, _ := r.Context.Value(rpcKey{}).(*rpc)
		r.excluded = twin != nil
		return
	}
	if !rec.Begin(&r.exchange, post, r.name) {
		r.excluded = true
		return
	}
	if p, ok := peer.FromContext(r.Context); ok && p.AuthInfo != nil && p.AuthInfo.AuthType() == "tls" {
		r.exchange.Secure()
	}
	r.exchange.Carry(carrier{rpc: r})
	r.linked = r.exchange.Link(r.Context)
}

// knows says which method of a service it is.
func (r *rpc) knows(m *grpcfamilies.Method) {
	if r.method == nil {
		r.method = m
		m.Begin()
		if r.outer != nil {
			r.outer.SetRoute(m.Name)
		}
	}
}

func (r *rpc) sends(n int64) {
	r.out.Add(n)
	if r.method != nil {
		r.method.Send()
	}
	if r.streams {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !r.over && !r.excluded && r.outer == nil {
			r.exchange.Flushed("")
		}
	}
}

// answered: the status was sent. For an unknown method, this is the only event.
func (r *rpc) answered(footer metadata.MD) {
	r.mu.Lock()
	r.footer = footer
	r.mu.Unlock()
	r.sent.Store(true)
	switch code := cmp.Or(r.failed.Load(), r.returned); {
	case !r.begun:
		r.enter()
		r.end(codes.Unimplemented)
	case r.outer != nil && code != 0 && (code > 1 || r.streams || r.out.Load() > 0): // else a reply was refused
		r.outer.SetInnerCode(code - 1) // now: it ends before the RPC does
	}
}

// outcome returns the code that the client got, given the error of the handler. A response that was
// not sent any more is lost: the RPC has failed then, whatever the handler says.
func (r *rpc) outcome(err error) codes.Code {
	code, failed, ended := status.Code(err), r.failed.Load(), r.Err()
	switch sent := r.sent.Load(); {
	case sent && failed != 0:
		code = codes.Code(failed - 1)
	case sent:
	case ended != nil:
		code = codes.Canceled
	case r.panicked != nil, err == nil:
		code = codes.Internal
	}
	if ended == context.DeadlineExceeded || code == codes.Canceled && adapter.DeadlinePassed(r.Context) {
		return codes.DeadlineExceeded
	}
	return code
}

// finish ends an RPC that a service has, or grpc.UnknownServiceHandler.
func (r *rpc) finish(code codes.Code, took time.Duration) {
	if r.excluded {
		return
	}
	if r.method == nil {
		r.knows(r.by.families.Method(tacho.Unmatched, grpcfamilies.Kind(true, true)))
	}
	r.method.End(uint32(code), took.Seconds())
	r.end(code)
}

func (r *rpc) end(code codes.Code) {
	route := tacho.Unmatched
	if r.method != nil {
		route = r.method.Name
	}
	x := &r.exchange
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	switch {
	case r.excluded:
		return
	case r.outer != nil:
		r.outer.SetRoute(route)
		r.outer.SetInnerCode(uint32(code))
	default:
		x.SetCode(context.Background(), uint32(code)) // gRPC cancels the RPC's own when all is sent
		x.Settle(context.Background(), http.StatusOK, r.panicked)
		x.SetBytesIn(r.in.Load())
		x.SetBytesOut(r.out.Load())
		x.SetTemplate(route)
		r.by.rec.End(x)
	}
}

// unary and stream detect panics, without stopping them.

func (h *measures) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	r := h.of(ctx)
	if r == nil {
		return handler(ctx, req)
	}
	r.seen, r.panicked = ctx, codes.Internal
	reply, err := handler(ctx, req)
	r.returns(err)
	return reply, err
}

func (h *measures) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	r := h.of(ss.Context())
	if r == nil {
		return handler(srv, ss)
	}
	if srv != nil && !r.excluded { // a service has it
		r.knows(h.families.Method(r.name, grpcfamilies.Kind(info.IsClientStream, info.IsServerStream)))
	}
	r.seen, r.panicked = ss.Context(), codes.Internal
	err := handler(srv, &stream{ss, r})
	r.returns(err)
	return err
}

func (r *rpc) returns(err error) {
	r.panicked, r.returned = nil, uint32(codeOf(err))+1
}

// codeOf returns the code that gRPC sends for an error.
func codeOf(err error) codes.Code {
	if s, ok := status.FromError(err); ok {
		return s.Code()
	}
	return status.FromContextError(err).Code()
}

// A stream detects errors that gRPC sends to the client at once, whatever the handler does then.
type stream struct {
	grpc.ServerStream
	rpc *rpc
}

func (s *stream) SendMsg(m any) error { return s.rpc.fails(s.ServerStream.SendMsg(m)) }
func (s *stream) RecvMsg(m any) error { return s.rpc.fails(s.ServerStream.RecvMsg(m)) }

func (r *rpc) fails(err error) error {
	if err != nil && err != io.EOF {
		r.failed.CompareAndSwap(0, uint32(status.Code(err))+1)
	}
	return err
}

// A carrier shows an RPC to labels.
type carrier struct {
	adapter.NoHTTP
	*rpc
}

// RequestHeader implements adapter.Carrier.
func (c carrier) RequestHeader(name string) string {
	return first(metadata.ValueFromIncomingContext(c.rpc.Context, name))
}

// ResponseHeader implements adapter.Carrier. Trailers count as headers.
func (c carrier) ResponseHeader(name string) string {
	return first(append(c.header.Get(name), c.footer.Get(name)...))
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// Context implements adapter.Carrier.
func (c carrier) Context() context.Context { return cmp.Or(c.seen, c.rpc.Context) }
