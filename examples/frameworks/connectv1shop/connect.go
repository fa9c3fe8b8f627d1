// Package connectv1shop is the shop on Connect v1. Package connectshop is on v2.
package connectv1shop

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachoconnectv1"
	"github.com/tacho-go/tacho/examples/frameworks/rpcshop"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// New returns the Meter of the shop, and what serves it until a listener is closed.
func New() (*tacho.Meter, func(net.Listener) error) {
	mux := http.NewServeMux()
	s := tachoconnectv1.Use(mux, tacho.Options{})
	orders := tachoconnectv1.Only([]string{rpcshop.Procedure("Order")}, tachoconnectv1.Track(shop.Orders(s.Meter)))
	mux.Handle(newHandler(s, orders, connect.WithCompressMinBytes(1024)))
	healthy := func(context.Context, string) (string, error) { return "", nil }
	mux.Handle(rpcshop.Health, unary(rpcshop.Health, healthy, s))
	// Recovering is outside of the measurement: so panics count in http_request_panics_total.
	return s.Meter, rpcshop.Server(shop.Recovering(s.Handler(mux)))
}

type message = wrapperspb.StringValue

// newHandler is what protoc-gen-connect-go generates otherwise.
func newHandler(options ...connect.HandlerOption) (string, http.Handler) {
	mux := http.NewServeMux()
	for name, serve := range rpcshop.Unary {
		mux.Handle(rpcshop.Procedure(name), unary(rpcshop.Procedure(name), serve, options...))
	}
	for name, s := range rpcshop.Streams {
		mux.Handle(rpcshop.Procedure(name), stream(rpcshop.Procedure(name), s, options...))
	}
	return rpcshop.Procedure(""), mux
}

func unary(procedure string, serve func(context.Context, string) (string, error), options ...connect.HandlerOption) http.Handler {
	return connect.NewUnaryHandler(procedure, func(ctx context.Context, in *connect.Request[message]) (*connect.Response[message], error) {
		out, err := serve(ctx, in.Msg.Value)
		if err != nil {
			return nil, coded(err)
		}
		return connect.NewResponse(wrapperspb.String(out)), nil
	}, options...)
}

// stream makes a handler of one of Connect's three kinds.
func stream(procedure string, s rpcshop.Stream, options ...connect.HandlerOption) http.Handler {
	switch {
	case s.Requests && s.Responses:
		return connect.NewBidiStreamHandler(procedure, func(ctx context.Context, bs *connect.BidiStream[message, message]) error {
			receive := func() (string, error) {
				in, err := bs.Receive()
				if errors.Is(err, io.EOF) {
					err = io.EOF
				}
				return in.GetValue(), err
			}
			return coded(s.Serve(ctx, receive, func(out string) error { return bs.Send(wrapperspb.String(out)) }))
		}, options...)
	case s.Requests:
		return connect.NewClientStreamHandler(procedure, func(ctx context.Context, cs *connect.ClientStream[message]) (*connect.Response[message], error) {
			response := connect.NewResponse(new(message))
			receive := func() (string, error) {
				if cs.Receive() {
					return cs.Msg().Value, nil
				}
				return "", cmp.Or(cs.Err(), io.EOF)
			}
			err := s.Serve(ctx, receive, func(out string) error {
				response.Msg.Value = out
				return nil
			})
			return response, coded(err)
		}, options...)
	}
	return connect.NewServerStreamHandler(procedure, func(ctx context.Context, in *connect.Request[message], ss *connect.ServerStream[message]) error {
		receive := func() (string, error) { return in.Msg.Value, nil }
		return coded(s.Serve(ctx, receive, func(out string) error { return ss.Send(wrapperspb.String(out)) }))
	}, options...)
}

func coded(err error) error {
	if f, ok := errors.AsType[*rpcshop.Failure](err); ok {
		return connect.NewError(connect.Code(f.Code), errors.New(f.Reason))
	}
	return err
}

// Dial returns a client, whose RPCs m records, and what closes it.
func Dial(m *tacho.Meter, address string) (rpcshop.Client, func(), error) {
	transport := rpcshop.Transport()
	recorded := connect.WithInterceptors(tachoconnectv1.ClientInterceptor(m, address))
	return func(ctx context.Context, procedure string, in ...string) ([]string, uint32) {
		client := connect.NewClient[message, message](&http.Client{Transport: transport}, "http://"+address+procedure, recorded)
		out, err := call(ctx, client, procedure, in)
		if err != nil {
			return out, uint32(connect.CodeOf(err))
		}
		return out, 0
	}, transport.CloseIdleConnections, nil
}

func call(ctx context.Context, client *connect.Client[message, message], procedure string, in []string) ([]string, error) {
	s, _ := rpcshop.Find(procedure)
	switch {
	case s.Requests && s.Responses:
		return callBidi(ctx, client, in)
	case s.Requests:
		cs := client.CallClientStream(ctx)
		for _, m := range in {
			_ = cs.Send(wrapperspb.String(m)) // CloseAndReceive has the error
		}
		return values(cs.CloseAndReceive())
	case s.Responses:
		ss, err := client.CallServerStream(ctx, connect.NewRequest(wrapperspb.String(in[0])))
		if err != nil {
			return nil, err
		}
		defer ss.Close()
		var all []string
		for ss.Receive() {
			all = append(all, ss.Msg().Value)
		}
		return all, ss.Err()
	}
	return values(client.CallUnary(ctx, connect.NewRequest(wrapperspb.String(in[0]))))
}

func values(response *connect.Response[message], err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	return []string{response.Msg.Value}, nil
}

func callBidi(ctx context.Context, client *connect.Client[message, message], in []string) (all []string, err error) {
	bs := client.CallBidiStream(ctx)
	defer bs.CloseResponse()
	for _, m := range in {
		_ = bs.Send(wrapperspb.String(m)) // Receive has the error
	}
	_ = bs.CloseRequest()
	for {
		out, err := bs.Receive()
		if errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return all, err
		}
		all = append(all, out.Value)
	}
}
