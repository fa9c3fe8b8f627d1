// Package connectshop is the shop on Connect v2. Package connectv1shop is on v1.
package connectshop

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachoconnect"
	"github.com/tacho-go/tacho/examples/frameworks/rpcshop"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// New returns the Meter of the shop, and what serves it until a listener is closed.
func New() (*tacho.Meter, func(net.Listener) error) {
	m := tacho.MustNew(tacho.Options{})
	server := connect.NewServer(tachoconnect.Only(tachoconnect.Track(shop.Orders(m)), rpcshop.Procedure("Order")))
	register(server)

	mux := http.NewServeMux()
	tachoconnect.Mount(m, mux, server, connecthttp.WithCompressMinBytes(1024))
	mux.Handle("GET /metrics", m.Metrics())
	// m.Handler counts requests for other paths as well. Recovering is outside of it, so that panics
	// count in http_request_panics_total.
	return m, rpcshop.Server(shop.Recovering(m.Handler(mux)))
}

// register is what protoc-gen-connect-go generates otherwise.
func register(server *connect.Server) {
	for name, serve := range rpcshop.Unary {
		server.Register(connect.Method{Spec: spec(rpcshop.Procedure(name)), Handler: unary(serve)})
	}
	for name, s := range rpcshop.Streams {
		server.Register(connect.Method{Spec: spec(rpcshop.Procedure(name)), Handler: stream(s)})
	}
	healthy := func(context.Context, string) (string, error) { return "", nil }
	server.Register(connect.Method{Spec: spec(rpcshop.Health), Handler: unary(healthy)})
}

func spec(procedure string) connect.Spec {
	s := connect.Spec{Procedure: procedure}
	method, _ := rpcshop.Find(procedure)
	if method.Requests {
		s.StreamType |= connect.StreamTypeClient
	}
	if method.Responses {
		s.StreamType |= connect.StreamTypeServer
	}
	return s
}

func unary(serve func(context.Context, string) (string, error)) connect.ServerFunc {
	return func(ctx context.Context, _ connect.Spec, ss connect.ServerStream) error {
		in := new(wrapperspb.StringValue)
		if err := ss.Receive(in); err != nil {
			return err
		}
		out, err := serve(ctx, in.Value)
		if err != nil {
			return coded(err)
		}
		return ss.Send(wrapperspb.String(out))
	}
}

func stream(s rpcshop.Stream) connect.ServerFunc {
	return func(ctx context.Context, _ connect.Spec, ss connect.ServerStream) error {
		receive := func() (string, error) {
			in := new(wrapperspb.StringValue)
			err := ss.Receive(in)
			if errors.Is(err, io.EOF) {
				err = io.EOF
			}
			return in.Value, err
		}
		return coded(s.Serve(ctx, receive, func(out string) error { return ss.Send(wrapperspb.String(out)) }))
	}
}

func coded(err error) error {
	if f, ok := errors.AsType[*rpcshop.Failure](err); ok {
		return connect.NewError(connect.Code(f.Code), f.Reason)
	}
	return err
}

// Dial returns a client, whose RPCs m records, and what closes it.
func Dial(m *tacho.Meter, address string) (rpcshop.Client, func(), error) {
	url, transport := "http://"+address, rpcshop.Transport()
	client := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: transport}, url), tachoconnect.ClientInterceptor(m, url))
	return func(ctx context.Context, procedure string, in ...string) ([]string, uint32) {
		out, err := call(ctx, client, procedure, in)
		if err != nil {
			return out, uint32(connect.CodeOf(err))
		}
		return out, 0
	}, transport.CloseIdleConnections, nil
}

func call(ctx context.Context, client *connect.Client, procedure string, in []string) (all []string, err error) {
	out := new(wrapperspb.StringValue)
	if _, streams := rpcshop.Find(procedure); !streams {
		err = client.CallUnary(ctx, spec(procedure), wrapperspb.String(in[0]), out)
		return []string{out.Value}, err
	}
	cs, err := client.CallClientStream(ctx, spec(procedure))
	if err != nil {
		return nil, err
	}
	defer cs.Close()
	for _, message := range in {
		if err := cs.Send(wrapperspb.String(message)); err != nil {
			break // Receive has the reason
		}
	}
	_ = cs.CloseSend()
	for {
		if err := cs.Receive(out); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return all, err
		}
		all = append(all, out.Value)
	}
}
