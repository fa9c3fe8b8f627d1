package main

import (
	"context"
	"net"
	"net/http"
	"strconv"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachogrpc"
)

// A grpcServer is a server with its endpoint.
type grpcServer struct {
	registrar grpc.ServiceRegistrar
	server    *grpc.Server
	metrics   http.Handler
	counter   string
}

// grpcRows are the servers without a transport, and with one (see rpc).
func grpcRows() []row {
	return append(grpcRowsOf("grpc", withoutTransport), grpcRowsOf("grpc over bufconn", overBufconn)...)
}

func grpcRowsOf(framework string, serve func(grpcServer) service) []row {
	of := func(start func() grpcServer) func(workload) service {
		return func(w workload) service {
			s := start()
			registerGRPC(s.registrar, w)
			return serve(s)
		}
	}
	return []row{
		{framework, bare, of(bareGRPC)},
		{framework, "an empty stats handler and interceptor", of(emptyGRPC)},
		{framework, "tachogrpc, everything on", of(tachoGRPC(tachogrpc.Options{}))},
		{framework, "tachogrpc without grpc_*, minimal", of(tachoGRPC(tachogrpc.Options{OmitGRPC: true}, minimal))},
		{framework, "go-grpc-middleware/providers/prometheus", of(providerGRPC)},
		{framework, "otelgrpc + SDK + exporter", of(otelGRPC)},
	}
}

func bareGRPC() grpcServer {
	s := grpc.NewServer()
	return grpcServer{registrar: s, server: s}
}

// emptyGRPC shows what gRPC takes for a stats handler and an interceptor, both of which it needs to
// report all outcomes. It measures nothing.
func emptyGRPC() grpcServer {
	pass := func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		return next(ctx, in)
	}
	s := grpc.NewServer(grpc.StatsHandler(ignoring{}), grpc.UnaryInterceptor(pass))
	return grpcServer{registrar: s, server: s}
}

// ignoring is a stats handler that does nothing.
type ignoring struct{}

func (ignoring) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (ignoring) HandleConn(context.Context, stats.ConnStats)                       {}
func (ignoring) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (ignoring) HandleRPC(context.Context, stats.RPCStats)                         {}

func tachoGRPC(o tachogrpc.Options, on ...func(*tacho.Options)) func() grpcServer {
	return func() grpcServer {
		m := tacho.MustNew(optionsWith(on))
		s := tachogrpc.With(m, o)
		return grpcServer{s, s.Server, m.Metrics(), "http_requests_total"}
	}
}

// providerGRPC has the histogram, which is not on by default.
func providerGRPC() grpcServer {
	reg := prometheus.NewRegistry()
	p := grpcprom.NewServerMetrics(grpcprom.WithServerHandlingTimeHistogram())
	reg.MustRegister(p)
	s := grpc.NewServer(grpc.UnaryInterceptor(p.UnaryServerInterceptor()))
	return grpcServer{s, s, exposed(reg), "grpc_server_handled_total"}
}

// otelGRPC has no tracer: only its metrics are measured.
func otelGRPC() grpcServer {
	provider, metrics := otelProvider()
	s := grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithMeterProvider(provider))))
	return grpcServer{s, s, metrics, "rpc_server_call_duration_seconds_count"}
}

// registerGRPC registers the measured service: its methods answer with the code that the message
// selects.
func registerGRPC(r grpc.ServiceRegistrar, w workload) {
	desc := grpc.ServiceDesc{ServiceName: rpcService, HandlerType: (*any)(nil)}
	for i := range w.routes {
		info := &grpc.UnaryServerInfo{FullMethod: rpcProcedure(i)}
		desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: rpcMethod(i), Handler: func(_ any, ctx context.Context, decode func(any) error, around grpc.UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.StringValue)
			if err := decode(in); err != nil {
				return nil, err
			}
			if around == nil {
				return answerGRPC(ctx, in)
			}
			return around(ctx, in, info, answerGRPC)
		}})
	}
	r.RegisterService(&desc, struct{}{})
}

func answerGRPC(_ context.Context, in any) (any, error) {
	if code := codeOf(in.(*wrapperspb.StringValue)); code != codes.OK {
		return nil, status.Error(code, "as asked")
	}
	return reply(), nil
}

func withoutTransport(s grpcServer) service {
	return service{
		handler: s.server, metrics: s.metrics, counter: s.counter,
		wire: func(r *rpc) wire { return r.grpc },
		decode: func(out *sink) (codes.Code, int) {
			code, _ := strconv.Atoi(out.header.Get("Grpc-Status"))
			return codes.Code(code), max(0, out.bytes-7) // without the frame and the field's tag
		},
	}
}

func overBufconn(s grpcServer) service {
	listener := bufconn.Listen(1 << 16)
	go func() { _ = s.server.Serve(listener) }() // as long as the process lasts
	conn, err := grpc.NewClient("passthrough:///bench", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		panic(err) // only for a wrong target
	}
	return service{metrics: s.metrics, counter: s.counter, call: func(r *rpc) (codes.Code, int) {
		out := new(wrapperspb.StringValue)
		err := conn.Invoke(context.Background(), r.procedure, r.message, out)
		return status.Code(err), len(out.Value)
	}}
}
