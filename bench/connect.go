package main

import (
	"context"
	"errors"
	"net/http"

	connectv1 "connectrpc.com/connect"
	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/otelconnect"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachoconnect"
	"github.com/tacho-go/tacho/adapter/tachoconnectv1"
)

var errAsked = errors.New("as asked")

func connectRows() []row {
	const framework = "connect v2"
	return []row{
		{framework, bare, bareConnect},
		{framework, "tachoconnect, everything on", tachoconnectRow()},
		{framework, "tachoconnect, minimal", tachoconnectRow(minimal)},
		{framework, "otelconnect + SDK + exporter", otelConnect},
	}
}

// newConnect returns the measured service: its procedures answer with the code that the message
// selects.
func newConnect(w workload, interceptors ...connect.ServerInterceptor) *connect.Server {
	s := connect.NewServer(interceptors...)
	for i := range w.routes {
		spec := connect.Spec{Procedure: rpcProcedure(i), StreamType: connect.StreamTypeUnary}
		s.Register(connect.Method{Spec: spec, Handler: answerConnect})
	}
	return s
}

func answerConnect(_ context.Context, _ connect.Spec, stream connect.ServerStream) error {
	in := new(wrapperspb.StringValue)
	if err := stream.Receive(in); err != nil {
		return err
	}
	if code := codeOf(in); code != codes.OK {
		return connect.NewError(connect.Code(code), errAsked.Error())
	}
	return stream.Send(reply())
}

// overConnect is a service in Connect's own protocol.
func overConnect(h, metrics http.Handler, counter string) service {
	return service{
		handler: h, metrics: metrics, counter: counter,
		wire:   func(r *rpc) wire { return r.connect },
		decode: decodeConnect,
	}
}

func decodeConnect(out *sink) (codes.Code, int) {
	switch out.status {
	case 0, http.StatusOK:
		return codes.OK, out.bytes - 2 // without the field's tag
	case http.StatusConflict:
		return codes.AlreadyExists, 0
	case http.StatusNotFound:
		return codes.NotFound, 0
	}
	return codes.Internal, 0
}

func bareConnect(w workload) service {
	mux := http.NewServeMux()
	connecthttp.Mount(mux, newConnect(w))
	return overConnect(mux, nil, "")
}

func tachoconnectRow(on ...func(*tacho.Options)) func(workload) service {
	return func(w workload) service {
		mux := http.NewServeMux()
		m := tachoconnect.Use(mux, newConnect(w), optionsWith(on))
		return overConnect(mux, m.Metrics(), "http_requests_total")
	}
}

// otelConnect has no tracer: only its metrics are measured.
func otelConnect(w workload) service {
	provider, metrics := otelProvider()
	i, err := otelconnect.NewServerInterceptor(otelconnect.WithMeterProvider(provider), otelconnect.WithoutTracing())
	if err != nil {
		panic(err) // only for wrong options
	}
	mux := http.NewServeMux()
	connecthttp.Mount(mux, newConnect(w, i))
	return overConnect(mux, metrics, otelConnectCounter)
}

const otelConnectCounter = "rpc_server_call_duration_seconds_count"

func connectV1Rows() []row {
	const framework = "connect v1"
	return []row{
		{framework, bare, func(w workload) service { return overConnect(newConnectV1(w), nil, "") }},
		{framework, "tachoconnectv1, everything on", tachoconnectv1Row()},
		{framework, "tachoconnectv1, minimal", tachoconnectv1Row(minimal)},
		{framework, "otelconnect + SDK + exporter", otelConnectV1},
	}
}

func newConnectV1(w workload, options ...connectv1.HandlerOption) *http.ServeMux {
	mux := http.NewServeMux()
	for i := range w.routes {
		mux.Handle(rpcProcedure(i), connectv1.NewUnaryHandler(rpcProcedure(i), answerConnectV1, options...))
	}
	return mux
}

func answerConnectV1(_ context.Context, in *connectv1.Request[wrapperspb.StringValue]) (*connectv1.Response[wrapperspb.StringValue], error) {
	if code := codeOf(in.Msg); code != codes.OK {
		return nil, connectv1.NewError(connectv1.Code(code), errAsked)
	}
	return connectv1.NewResponse(reply()), nil
}

func tachoconnectv1Row(on ...func(*tacho.Options)) func(workload) service {
	return func(w workload) service {
		s := tachoconnectv1.New(tacho.MustNew(optionsWith(on)))
		return overConnect(s.Handler(newConnectV1(w, s)), s.Meter.Metrics(), "http_requests_total")
	}
}

func otelConnectV1(w workload) service {
	provider, metrics := otelProvider()
	i, err := otelconnect.NewInterceptor(otelconnect.WithMeterProvider(provider), otelconnect.WithoutTracing())
	if err != nil {
		panic(err) // only for wrong options
	}
	return overConnect(newConnectV1(w, connectv1.WithInterceptors(i)), metrics, otelConnectCounter)
}
