// Peer prints what go-grpc-middleware's Prometheus provider exports for the RPCs of TestFamilies:
//
//	go run . >../go-grpc-middleware.prom
//
// in a module that requires github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus v1.1.1.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"os"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	registry := prometheus.NewRegistry()
	server, client := grpcprom.NewServerMetrics(grpcprom.WithServerHandlingTimeHistogram()), grpcprom.NewClientMetrics(grpcprom.WithClientHandlingTimeHistogram())
	registry.MustRegister(server, client)
	srv := grpc.NewServer(grpc.ChainUnaryInterceptor(server.UnaryServerInterceptor()), grpc.ChainStreamInterceptor(server.StreamServerInterceptor()))
	srv.RegisterService(&desc, struct{}{})
	server.InitializeMetrics(srv)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go srv.Serve(listener)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(client.UnaryClientInterceptor()), grpc.WithChainStreamInterceptor(client.StreamClientInterceptor()))
	check(err)
	call(conn)
	srv.GracefulStop()
	families, err := registry.Gather()
	check(err)
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(os.Stdout, f)
		check(err)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// call makes one RPC of each kind, and one that fails.
func call(conn *grpc.ClientConn) {
	ctx := context.Background()
	in, out := wrapperspb.String("book"), new(wrapperspb.StringValue)
	check(conn.Invoke(ctx, "/shop.Shop/Buy", in, out))
	_ = conn.Invoke(ctx, "/shop.Shop/Buy", wrapperspb.String("none"), out)
	for i := range desc.Streams {
		d := &desc.Streams[i]
		s, err := conn.NewStream(ctx, d, "/shop.Shop/"+d.StreamName)
		check(err)
		check(s.SendMsg(in))
		check(s.CloseSend())
		for err == nil {
			err = s.RecvMsg(out)
		}
		if err != io.EOF {
			log.Fatal(err)
		}
	}
}

var desc = grpc.ServiceDesc{
	ServiceName: "shop.Shop", HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Buy", Handler: func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		in := new(wrapperspb.StringValue)
		if err := decode(in); err != nil {
			return nil, err
		}
		return interceptor(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: "/shop.Shop/Buy"}, func(_ context.Context, in any) (any, error) {
			if in.(*wrapperspb.StringValue).Value == "none" {
				return nil, status.Error(codes.NotFound, "none")
			}
			return in, nil
		})
	}}},
	Streams: []grpc.StreamDesc{
		{StreamName: "Chat", Handler: echo, ClientStreams: true, ServerStreams: true},
		{StreamName: "Upload", Handler: echo, ClientStreams: true},
		{StreamName: "Watch", Handler: echo, ServerStreams: true},
	},
}

// echo sends one message back.
func echo(_ any, s grpc.ServerStream) error {
	in := new(wrapperspb.StringValue)
	if err := s.RecvMsg(in); err != nil {
		return err
	}
	return s.SendMsg(in)
}
