// Package tachoconnect measures servers and clients of Connect v2. Package tachoconnectv1 is for v1.
//
//	server := connect.NewServer()
//	shopconnect.RegisterShopHandler(server, shop{})
//	tachoconnect.Use(mux, server, tacho.Options{}) // instead of connecthttp.Mount
//
// The route of an RPC is its procedure, /shop.Shop/Buy, and its status the HTTP status of its code,
// in all three protocols: gRPC, gRPC-Web and Connect's streams always send 200. Everything else is
// as for any HTTP request. Procedures that a service does not have are tacho.Unmatched.
package tachoconnect

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/connectrpc"
)

// Use mounts a server on a mux as connecthttp.Mount does, and does all that measuring takes: a new
// Meter measures its procedures and exports them from zero, and answers at Options.Endpoint.Path.
// Like connecthttp.Mount, it serves the procedures that are registered already.
//
// The interceptors of the server run inside the measurement, whatever they are. Use panics on
// options that tacho.New refuses.
//
// To count requests for other paths of the mux as well, serve Meter.Handler(mux): an RPC still
// counts once.
func Use(mux connecthttp.ServeMux, server *connect.Server, opts tacho.Options, options ...connecthttp.Option) *tacho.Meter {
	m := tacho.MustNew(opts)
	Mount(m, mux, server, options...)
	mux.Handle(m.MetricsPath(), m.Metrics())
	return m
}

// Mount is Use for an existing Meter. It does not mount the endpoint.
func Mount(m *tacho.Meter, mux connecthttp.ServeMux, server *connect.Server, options ...connecthttp.Option) {
	rec := adapter.Of(m)
	outer := connect.NewServer(interceptor(rec))
	forward := func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		info, _ := connect.CallInfoForServerContext(ctx)
		return server.Call(ctx, spec.Procedure, info, stream)
	}
	outer.SetUnknownHandler(forward)
	for spec := range server.Specs() {
		outer.Register(connect.Method{Spec: spec, Handler: forward})
		rec.ExpectRPC(spec.Procedure)
	}
	connecthttp.Mount(measuredMux{mux, m}, outer, options...)
}

// interceptor reports the code of each RPC.
func interceptor(rec *adapter.Recorder) connect.ServerInterceptor {
	rec.Join()
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			err := next(ctx, spec, stream)
			if x := rec.Enclosing(nil, ctx); x != nil {
				x.SetInnerCode(connectrpc.Outcome(ctx, codeOf(err)))
			}
			return err
		}
	}
}

// codeOf returns the code that Connect sends for an error of a handler.
func codeOf(err error) uint32 {
	coded, ok := errors.AsType[*connect.Error](err)
	switch {
	case !ok || coded == nil:
		return connectrpc.Code(err)
	case coded.IsRemote():
		return uint32(connect.CodeInternal)
	}
	return uint32(coded.Code())
}

// A measuredMux measures the handlers that connecthttp.Mount makes.
type measuredMux struct {
	connecthttp.ServeMux
	meter *tacho.Meter
}

// Handle implements connecthttp.ServeMux. A pattern that ends in a slash is for procedures that the
// service does not have.
func (m measuredMux) Handle(pattern string, h http.Handler) {
	route := pattern
	if strings.HasSuffix(pattern, "/") {
		route = tacho.Unmatched
	}
	measure := adapter.Middleware(m.meter, func(*http.Request) string { return route })
	m.ServeMux.Handle(pattern, measure(adapter.Of(m.meter).ReportGRPCStatus(h)))
}

// Track records RPCs in these metrics, too. They all must belong to one Meter. The server need not
// be measured: the metrics are recorded all the same. Like any interceptor, it applies to all
// procedures of its server; see [Only].
func Track(metrics ...*tacho.Metric) connect.ServerInterceptor {
	return layer(adapter.Track(metrics...))
}

// DoNotTrack leaves RPCs out of the HTTP metrics; what Track has put on them is still recorded.
func DoNotTrack(m *tacho.Meter) connect.ServerInterceptor { return layer(adapter.DoNotTrack(m)) }

// ExcludeAll leaves RPCs out of everything, what Track has put on them included, whichever of them
// stands first.
func ExcludeAll(m *tacho.Meter) connect.ServerInterceptor { return layer(adapter.ExcludeAll(m)) }

// Only restricts an interceptor to these procedures.
func Only(i connect.ServerInterceptor, procedures ...string) connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		with := i(next)
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			if slices.Contains(procedures, spec.Procedure) {
				return with(ctx, spec, stream)
			}
			return next(ctx, spec, stream)
		}
	}
}

func layer(l *adapter.Layer) connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) (err error) {
			l.ServeRPC(ctx, spec.Procedure, carrierOf(ctx), func(ctx context.Context) uint32 {
				err = next(ctx, spec, stream)
				return codeOf(err)
			})
			return err
		}
	}
}

// carrierOf shows an RPC that is not measured to labels.
func carrierOf(ctx context.Context) adapter.Carrier {
	info, ok := connect.CallInfoForServerContext(ctx)
	if !ok {
		info = new(connect.CallInfo)
	}
	return connectrpc.Carrier[*connect.Header]{Ctx: ctx, Headers: info}
}
