package tachogrpc_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachogrpc"
)

// TestConformance: routes of the suite are methods, and what its client sends over HTTP reaches the
// gRPC server as an RPC over a connection of its own. GET is unary, other methods stream a request.
func TestConformance(t *testing.T) {
	adaptertest.Run(t, framework(map[adaptertest.Feature]string{
		adaptertest.Streaming:     "the unary services of this suite answer once",
		adaptertest.Hijacking:     "gRPC owns its connections",
		adaptertest.Informational: "gRPC has no such status",
		adaptertest.Handlers:      "its handlers are not those of net/http",
		adaptertest.Deadlines:     "handlers do not reach the connection",
		adaptertest.Requests:      "handlers do not see an http.Request",
		adaptertest.Redispatching: "an RPC has one method",
		adaptertest.EarlyStatus:   "the status follows the messages",
		adaptertest.EventStreams:  "all of gRPC has one content type",
		adaptertest.HalfClosing:   "a client that closes its connection has canceled its RPCs",
		adaptertest.NoBody:        "an RPC that succeeds has a message",
		adaptertest.PathValues:    "methods have no parameters in their names",
		adaptertest.PanicsEnd:     "a panic that nothing recovers ends the process",
	}, false))
}

// TestConformanceOfStreams: the same with bidirectional streams only.
func TestConformanceOfStreams(t *testing.T) {
	adaptertest.Run(t, framework(map[adaptertest.Feature]string{
		adaptertest.Hijacking:     "gRPC owns its connections",
		adaptertest.Informational: "gRPC has no such status",
		adaptertest.Handlers:      "its handlers are not those of net/http",
		adaptertest.Deadlines:     "handlers do not reach the connection",
		adaptertest.Requests:      "handlers do not see an http.Request",
		adaptertest.Redispatching: "an RPC has one method",
		adaptertest.EarlyStatus:   "the status follows the messages",
		adaptertest.EventStreams:  "all of gRPC has one content type",
		adaptertest.HalfClosing:   "a client that closes its connection has canceled its RPCs",
		adaptertest.NoBody:        "an RPC that succeeds has a message",
		adaptertest.PathValues:    "methods have no parameters in their names",
		adaptertest.PanicsEnd:     "a panic that nothing recovers ends the process",
	}, true))
}

// unknown is the code for unknown methods.
const unknown = uint32(codes.Unimplemented)

func framework(lacks map[adaptertest.Feature]string, streams bool) adaptertest.Framework {
	return adaptertest.Framework{
		Start: func(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
			return start(app, opts, streams)
		},
		Template: adaptertest.FullMethod,
		Status:   adaptertest.RPCStatus(unknown),
		Method:   func(string) string { return "POST" },
		Lacks:    lacks,
	}
}

// start serves the app, as a gRPC user would, with a gateway for the suite's client in front.
func start(app adaptertest.App, opts tacho.Options, streams bool) (adaptertest.Service, error) {
	options := []grpc.ServerOption{grpc.ForceServerCodecV2(raw{})}
	if app.Recovery == adaptertest.RecoveryOutside {
		options = append(options, grpc.UnaryInterceptor(recoverUnary), grpc.StreamInterceptor(recoverStream))
	}
	var srv grpc.ServiceRegistrar
	var server *grpc.Server
	var m *tacho.Meter
	inside := []grpc.ServerOption{}
	if app.Recovery == adaptertest.RecoveryInside {
		inside = append(inside, grpc.ChainUnaryInterceptor(recoverUnary), grpc.ChainStreamInterceptor(recoverStream))
	}
	if app.Plain {
		server = grpc.NewServer(append(options, inside...)...)
		srv = server
	} else {
		var err error
		if m, err = tacho.New(opts); err != nil {
			return adaptertest.Service{}, err
		}
		if app.Twice {
			inside = append(tachogrpc.ServerOptions(m, tachogrpc.Options{}), inside...)
		}
		measured := tachogrpc.With(m, tachogrpc.Options{}, append(options, inside...)...)
		srv, server = measured, measured.Server
	}
	g := &adaptertest.Gateway{Code: func(err error) (uint32, bool) { return uint32(status.Code(err)), true }}
	register(srv, m, app, g, streams)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return adaptertest.Service{}, err
	}
	go func() { _ = server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodecV2(raw{})))
	if err != nil {
		return adaptertest.Service{}, err
	}
	g.Open = func(ctx context.Context, method string, r *adaptertest.Route, in *http.Request) (adaptertest.RPC, error) {
		desc := &grpc.StreamDesc{ClientStreams: r != nil && (streams || !adaptertest.Unary(*r)), ServerStreams: streams}
		s, err := conn.NewStream(ctx, desc, method, grpc.CallAuthority(in.Host))
		return sent{s}, err
	}
	return g.Serve(m, func() {
		_ = conn.Close()
		server.Stop()
	})
}

// register registers each route as a method. Those of one service are registered together.
func register(srv grpc.ServiceRegistrar, m *tacho.Meter, app adaptertest.App, g *adaptertest.Gateway, streams bool) {
	services := map[string]*grpc.ServiceDesc{}
	layers := map[string][]tachogrpc.Layer{}
	for _, r := range app.Routes {
		g.Handle(r)
		full := adaptertest.FullMethod(r.Path)
		i := strings.LastIndex(full, "/")
		service, name := full[1:i], full[i+1:]
		desc := services[service]
		if desc == nil {
			desc = &grpc.ServiceDesc{ServiceName: service, HandlerType: (*any)(nil)}
			services[service] = desc
		}
		if !streams && adaptertest.Unary(r) {
			desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: name, Handler: unaryHandler(full, app, r)})
		} else {
			desc.Streams = append(desc.Streams, grpc.StreamDesc{StreamName: name, Handler: streamHandler(app, r), ClientStreams: true, ServerStreams: streams})
		}
		layers[service] = append(layers[service], onRoute(m, r, name)...)
	}
	for name, desc := range services {
		tachogrpc.On(srv, layers[name]...).RegisterService(desc, struct{}{})
	}
}

// onRoute is what is put on a route.
func onRoute(m *tacho.Meter, r adaptertest.Route, name string) (all []tachogrpc.Layer) {
	if m == nil {
		return nil
	}
	if r.ExcludeAll {
		all = append(all, tachogrpc.ExcludeAll(m).Only(name))
	}
	if r.DoNotTrack {
		all = append(all, tachogrpc.DoNotTrack(m).Only(name))
	}
	if r.Track != nil {
		all = append(all, tachogrpc.Track(r.Track(m)...).Only(name))
	}
	return all
}

func unaryHandler(full string, app adaptertest.App, r adaptertest.Route) grpc.MethodHandler {
	return func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		var in []byte
		if err := decode(&in); err != nil {
			return nil, err
		}
		serve := func(ctx context.Context, in any) (any, error) {
			c := &adaptertest.RPCCall{Unknown: unknown, Ctx: ctx, In: bytes.NewReader(*in.(*[]byte)), Set: setHeader(ctx)}
			err := failure(c.Serve(app, r))
			out := c.Reply()
			return &out, err
		}
		if interceptor == nil {
			return serve(ctx, &in)
		}
		return interceptor(ctx, &in, &grpc.UnaryServerInfo{Server: srv, FullMethod: full}, serve)
	}
}

func streamHandler(app adaptertest.App, r adaptertest.Route) grpc.StreamHandler {
	return func(_ any, s grpc.ServerStream) error {
		c := &adaptertest.RPCCall{
			Unknown: unknown, Ctx: s.Context(), Set: setHeader(s.Context()), Out: func(p []byte) error { return s.SendMsg(&p) },
			In: &adaptertest.Messages{Receive: func() (in []byte, err error) {
				err = s.RecvMsg(&in)
				return in, err
			}},
		}
		return failure(c.Serve(app, r))
	}
}

func failure(code uint32) error {
	if code == 0 {
		return nil
	}
	return status.Error(codes.Code(code), "on purpose")
}

func setHeader(ctx context.Context) func(key, value string) {
	return func(key, value string) { _ = grpc.SetHeader(ctx, metadata.Pairs(key, value)) }
}

// sent is an RPC of the gateway.
type sent struct{ grpc.ClientStream }

func (s sent) Send(p []byte) error { return s.SendMsg(&p) }

func (s sent) Receive() (out []byte, err error) {
	err = s.RecvMsg(&out)
	return out, err
}

func (s sent) Header() http.Header {
	md, _ := s.ClientStream.Header()
	return http.Header(md)
}

func recoverUnary(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (_ any, err error) {
	defer func() {
		if recover() != nil {
			err = status.Error(codes.Internal, "panic")
		}
	}()
	return next(ctx, in)
}

func recoverStream(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer func() {
		if recover() != nil {
			err = status.Error(codes.Internal, "panic")
		}
	}()
	return next(srv, s)
}

// raw is a codec for messages that are bytes.
type raw struct{}

func (raw) Name() string { return "proto" }
func (raw) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(bytes.Clone(*v.(*[]byte)))}, nil
}
func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}
