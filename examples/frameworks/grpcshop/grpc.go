// Package grpcshop is the shop on gRPC.
package grpcshop

import (
	"context"
	"errors"
	"io"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachogrpc"
	"github.com/tacho-go/tacho/examples/frameworks/rpcshop"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// New returns the Meter of the shop, and what serves it until a listener is closed. gRPC has no place for
// a metrics endpoint: use Meter.Serve.
func New() (*tacho.Meter, func(net.Listener) error) {
	// This interceptor runs outside of tacho's: so panics count in http_request_panics_total.
	srv := tachogrpc.NewServer(tacho.Options{}, grpc.UnaryInterceptor(recovering))
	orders := tachogrpc.Track(shop.Orders(srv.Meter)).Only("Order")
	tachogrpc.On(srv, orders).RegisterService(service(), struct{}{})
	healthpb.RegisterHealthServer(srv, health.NewServer())
	return srv.Meter, srv.Serve
}

func recovering(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (_ any, err error) {
	defer func() {
		if recover() != nil {
			err = status.Error(codes.Internal, "a panic")
		}
	}()
	return next(ctx, in)
}

// service is what protoc generates otherwise.
func service() *grpc.ServiceDesc {
	desc := &grpc.ServiceDesc{ServiceName: rpcshop.Service, HandlerType: (*any)(nil)}
	for name, serve := range rpcshop.Unary {
		desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: name, Handler: unary(name, serve)})
	}
	for name, s := range rpcshop.Streams {
		desc.Streams = append(desc.Streams, grpc.StreamDesc{
			StreamName: name, ClientStreams: s.Requests, ServerStreams: s.Responses, Handler: stream(s),
		})
	}
	return desc
}

func unary(name string, serve func(context.Context, string) (string, error)) grpc.MethodHandler {
	handler := func(ctx context.Context, in any) (any, error) {
		out, err := serve(ctx, in.(*wrapperspb.StringValue).Value)
		return wrapperspb.String(out), coded(err)
	}
	return func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		in := new(wrapperspb.StringValue)
		if err := decode(in); err != nil {
			return nil, err
		}
		return interceptor(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: rpcshop.Procedure(name)}, handler)
	}
}

func stream(s rpcshop.Stream) grpc.StreamHandler {
	return func(_ any, ss grpc.ServerStream) error {
		receive := func() (string, error) {
			in := new(wrapperspb.StringValue)
			err := ss.RecvMsg(in)
			return in.Value, err
		}
		return coded(s.Serve(ss.Context(), receive, func(out string) error { return ss.SendMsg(wrapperspb.String(out)) }))
	}
}

func coded(err error) error {
	if f, ok := errors.AsType[*rpcshop.Failure](err); ok {
		return status.Error(codes.Code(f.Code), f.Reason)
	}
	return err
}

// Dial returns a client, whose RPCs m records, and what closes it.
func Dial(m *tacho.Meter, address string) (rpcshop.Client, func(), error) {
	options := tachogrpc.DialOptions(m, tachogrpc.Options{Hosts: []string{address}})
	conn, err := grpc.NewClient(address, append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, procedure string, in ...string) ([]string, uint32) {
		out, err := call(ctx, conn, procedure, in)
		return out, uint32(status.Code(err))
	}, func() { _ = conn.Close() }, nil
}

func call(ctx context.Context, conn *grpc.ClientConn, procedure string, in []string) (all []string, err error) {
	out := new(wrapperspb.StringValue)
	s, streams := rpcshop.Find(procedure)
	if !streams {
		err = conn.Invoke(ctx, procedure, wrapperspb.String(in[0]), out)
		return []string{out.Value}, err
	}
	cs, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: s.Requests, ServerStreams: s.Responses}, procedure)
	if err != nil {
		return nil, err
	}
	for _, message := range in {
		if err := cs.SendMsg(wrapperspb.String(message)); err != nil {
			break // RecvMsg has the reason
		}
	}
	_ = cs.CloseSend()
	for {
		if err := cs.RecvMsg(out); err == io.EOF {
			return all, nil
		} else if err != nil {
			return all, err
		}
		all = append(all, out.Value)
	}
}
