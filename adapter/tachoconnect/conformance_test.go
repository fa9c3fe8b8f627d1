package tachoconnect_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachoconnect"
)

// TestConformance: routes of the suite are unary procedures in Connect's own protocol, over HTTP/1.1.
func TestConformance(t *testing.T) {
	adaptertest.Run(t, framework(map[adaptertest.Feature]string{
		adaptertest.Streaming:     "a unary procedure answers once",
		adaptertest.Uploads:       "a unary procedure gets a whole message",
		adaptertest.Hijacking:     "handlers do not reach the connection",
		adaptertest.Informational: "handlers cannot send a 1xx status",
		adaptertest.Deadlines:     "handlers do not reach the connection",
		adaptertest.Requests:      "handlers do not see an http.Request",
		adaptertest.Redispatching: "an RPC has one procedure",
		adaptertest.EarlyStatus:   "the status follows the messages",
		adaptertest.EventStreams:  "a protocol has one content type",
		adaptertest.HalfClosing:   "an RPC whose client is gone is canceled",
		adaptertest.NoBody:        "an RPC that succeeds has a message",
		adaptertest.PathValues:    "procedures have no parameters in their names",
	}, false))
}

// TestConformanceOfStreams: the same with bidirectional streams in each of the protocols, over
// HTTP/2.
func TestConformanceOfStreams(t *testing.T) {
	for name, protocol := range map[string][]connecthttp.Option{"connect": nil, "grpc": {connecthttp.WithGRPC()}, "grpcweb": {connecthttp.WithGRPCWeb()}} {
		t.Run(name, func(t *testing.T) {
			adaptertest.Run(t, framework(map[adaptertest.Feature]string{
				adaptertest.PlainBodies:   "streams frame their messages",
				adaptertest.Hijacking:     "handlers do not reach the connection",
				adaptertest.Informational: "handlers cannot send a 1xx status",
				adaptertest.Handlers:      "http.TimeoutHandler does not let streams through",
				adaptertest.Deadlines:     "handlers do not reach the connection",
				adaptertest.Requests:      "handlers do not see an http.Request",
				adaptertest.Redispatching: "an RPC has one procedure",
				adaptertest.EarlyStatus:   "the status follows the messages",
				adaptertest.EventStreams:  "a protocol has one content type",
				adaptertest.HalfClosing:   "an RPC whose client is gone is canceled",
				adaptertest.NoBody:        "an RPC that succeeds has a message",
				adaptertest.PathValues:    "procedures have no parameters in their names",
			}, true, protocol...))
		})
	}
}

// unknown is the code of a 404, which is what net/http answers for unknown services.
const unknown = uint32(connect.CodeNotFound)

func framework(lacks map[adaptertest.Feature]string, streams bool, protocol ...connecthttp.Option) adaptertest.Framework {
	return adaptertest.Framework{
		Start: func(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
			return start(app, opts, streams, protocol)
		},
		Template: adaptertest.FullMethod,
		Status:   adaptertest.RPCStatus(unknown),
		Method:   func(string) string { return "POST" },
		Lacks:    lacks,
	}
}

// start serves the app, as a user of Connect would, with a gateway for the suite's client in front.
func start(app adaptertest.App, opts tacho.Options, streams bool, protocol []connecthttp.Option) (adaptertest.Service, error) {
	var m *tacho.Meter
	if !app.Plain {
		var err error
		if m, err = tacho.New(opts); err != nil {
			return adaptertest.Service{}, err
		}
	}
	g := &adaptertest.Gateway{}
	inner := serverOf(app, m, g, streams)
	codec, plain := connecthttp.WithCodecs(raw{}), connecthttp.WithCompressors()
	mux := http.NewServeMux()
	if m == nil {
		connecthttp.Mount(mux, inner, codec, plain)
	} else {
		tachoconnect.Mount(m, mux, inner, codec, plain)
		mux.Handle("GET "+m.MetricsPath(), m.Metrics())
	}
	var h http.Handler = mux
	if m != nil {
		h = m.Handler(h) // for paths outside of the services
		switch {
		case app.Twice && streams: // Connect needs http.Flusher
			h = m.Handler(h)
		case app.Twice:
			h = m.Handler(adaptertest.Blind(h))
		}
	}
	if app.Recovery == adaptertest.RecoveryOutside {
		h = recovery(h)
	}
	service, err := app.Serve(h, m)
	if err != nil {
		return service, err
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!streams)
	protocols.SetUnencryptedHTTP2(streams)
	transport := &http.Transport{Protocols: protocols}
	client := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: transport}, service.URL, append(protocol, codec, plain)...))
	g.Code, g.Open = code, func(ctx context.Context, method string, r *adaptertest.Route, in *http.Request) (adaptertest.RPC, error) {
		spec := connect.Spec{Procedure: method}
		if r == nil {
			spec.Procedure = in.URL.EscapedPath()
		}
		if streams {
			spec.StreamType = connect.StreamTypeBidi
		}
		ctx, info := connect.NewClientContext(ctx)
		s, err := client.CallClientStream(ctx, spec)
		return &sent{s, info, streams, nil}, err
	}
	return g.Serve(m, func() {
		transport.CloseIdleConnections()
		service.Stop()
	})
}

// serverOf has each route as a procedure. What is put on single routes is an interceptor.
func serverOf(app adaptertest.App, m *tacho.Meter, g *adaptertest.Gateway, streams bool) *connect.Server {
	var interceptors []connect.ServerInterceptor
	for _, r := range app.Routes {
		interceptors = append(interceptors, onRoute(m, r)...)
	}
	if app.Recovery == adaptertest.RecoveryInside {
		interceptors = append(interceptors, recovering)
	}
	server := connect.NewServer(interceptors...)
	for _, r := range app.Routes {
		g.Handle(r)
		spec := connect.Spec{Procedure: adaptertest.FullMethod(r.Path)}
		if streams {
			spec.StreamType = connect.StreamTypeBidi
		}
		server.Register(connect.Method{Spec: spec, Handler: handler(app, r, streams)})
	}
	return server
}

func onRoute(m *tacho.Meter, r adaptertest.Route) (all []connect.ServerInterceptor) {
	only := func(i connect.ServerInterceptor) {
		all = append(all, tachoconnect.Only(i, adaptertest.FullMethod(r.Path)))
	}
	if m == nil {
		return nil
	}
	if r.ExcludeAll {
		only(tachoconnect.ExcludeAll(m))
	}
	if r.DoNotTrack {
		only(tachoconnect.DoNotTrack(m))
	}
	if r.Track != nil {
		only(tachoconnect.Track(r.Track(m)...))
	}
	return all
}

func handler(app adaptertest.App, r adaptertest.Route, streams bool) connect.ServerFunc {
	return func(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
		info, _ := connect.CallInfoForServerContext(ctx)
		receive := func() (in []byte, err error) {
			err = stream.Receive(&in)
			return in, err
		}
		c := &adaptertest.RPCCall{Unknown: unknown, Ctx: ctx, Set: info.ResponseHeader().Set}
		if streams {
			c.In, c.Out = &adaptertest.Messages{Receive: receive}, func(p []byte) error { return stream.Send(&p) }
		} else {
			in, err := receive()
			if err != nil {
				return err
			}
			c.In = bytes.NewReader(in)
		}
		if code := c.Serve(app, r); code != 0 {
			return connect.NewError(connect.Code(code), "on purpose")
		}
		if c.Status() == 0 { // it says nothing
			c.Failed = ctx.Err()
		}
		if c.Failed != nil {
			return c.Failed
		}
		if streams {
			return nil
		}
		out := c.Reply()
		return stream.Send(&out)
	}
}

func recovering(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) (err error) {
		defer func() {
			if recover() != nil {
				err = connect.NewError(connect.CodeInternal, "panic")
			}
		}()
		return next(ctx, spec, stream)
	}
}

func recovery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// sent is an RPC of the gateway.
type sent struct {
	connect.ClientStream
	info    *connect.CallInfo
	streams bool
	over    error
}

func (s *sent) Send(p []byte) error {
	p = bytes.Clone(p)
	return s.ClientStream.Send(&p)
}

func (s *sent) Receive() (out []byte, err error) {
	if s.over != nil {
		return nil, s.over
	}
	if err = s.ClientStream.Receive(&out); errors.Is(err, io.EOF) {
		err = io.EOF
	}
	if !s.streams {
		s.over = io.EOF
	}
	if status, _ := s.info.TransportInfo.(*connecthttp.ClientInfo); err != nil && err != io.EOF && status != nil {
		err = answer{err, status.ResponseStatus()}
	}
	return out, err
}

func (s *sent) Header() http.Header {
	h := http.Header{}
	for key, values := range s.info.ResponseHeader().All() {
		h[key] = values
	}
	return h
}

// An answer is an error with the status that was sent.
type answer struct {
	error
	status int
}

// code returns the code of an answer.
func code(err error) (uint32, bool) {
	a, _ := errors.AsType[answer](err)
	switch {
	case a.status == 0:
		return 0, false
	case a.status == http.StatusNotFound:
		return unknown, true
	case a.status == http.StatusOK && strings.Contains(err.Error(), "EOF"): // broken off
		return 0, false
	}
	return uint32(connect.CodeOf(a.error)), true
}

// raw is a codec for messages that are bytes.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) MarshalWrite(_ context.Context, dst io.Writer, msg any) error {
	_, err := dst.Write(*msg.(*[]byte))
	return err
}

func (raw) UnmarshalRead(_ context.Context, src io.Reader, msg any) (err error) {
	*msg.(*[]byte), err = io.ReadAll(src)
	return err
}
