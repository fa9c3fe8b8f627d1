package tachoconnectv1_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachoconnectv1"
)

// TestConformance: routes of the suite are unary procedures in Connect's own protocol, over HTTP/1.1.
func TestConformance(t *testing.T) {
	adaptertest.Run(t, framework(map[adaptertest.Feature]string{
		adaptertest.Streaming:     "a unary procedure answers once",
		adaptertest.Uploads:       "a unary procedure gets a whole message",
		adaptertest.ServesEnded:   "an RPC whose context has ended is canceled without calling its handler",
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
	for name, protocol := range map[string][]connect.ClientOption{"connect": nil, "grpc": {connect.WithGRPC()}, "grpcweb": {connect.WithGRPCWeb()}} {
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

func framework(lacks map[adaptertest.Feature]string, streams bool, protocol ...connect.ClientOption) adaptertest.Framework {
	return adaptertest.Framework{
		Start: func(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
			return start(app, opts, streams, protocol)
		},
		Template: func(path string) string { // Connect knows the last two segments only
			segments := strings.Split(adaptertest.FullMethod(path), "/")
			return "/" + strings.Join(segments[len(segments)-2:], "/")
		},
		Status: adaptertest.RPCStatus(unknown),
		Method: func(string) string { return "POST" },
		Lacks:  lacks,
	}
}

// start serves the app, as a user of Connect would, with a gateway for the suite's client in front.
func start(app adaptertest.App, opts tacho.Options, streams bool, protocol []connect.ClientOption) (adaptertest.Service, error) {
	var m *tacho.Meter
	g := &adaptertest.Gateway{Code: code}
	mux := http.NewServeMux()
	var h http.Handler = mux
	var options []connect.HandlerOption
	if !app.Plain {
		var err error
		if m, err = tacho.New(opts); err != nil {
			return adaptertest.Service{}, err
		}
		s := tachoconnectv1.New(m)
		options = append(options, s)
		h = s.Handler(mux)
		switch {
		case app.Twice && streams: // Connect needs http.Flusher
			h = m.Handler(h)
		case app.Twice:
			h = m.Handler(adaptertest.Blind(h))
		}
	}
	if app.Recovery == adaptertest.RecoveryInside {
		options = append(options, connect.WithRecover(func(context.Context, connect.Spec, http.Header, any) error {
			return connect.NewError(connect.CodeInternal, errors.New("panic"))
		}))
	}
	if app.Recovery == adaptertest.RecoveryOutside {
		h = recovery(h)
	}
	for _, r := range app.Routes {
		g.Handle(r)
		own := append(onRoute(m, r), append(options[:len(options):len(options)], connect.WithCodec(raw{}), connect.WithCompression("gzip", nil, nil))...)
		mux.Handle(adaptertest.FullMethod(r.Path), handler(app, r, streams, own))
	}
	service, err := app.Serve(h, m)
	if err != nil {
		return service, err
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!streams)
	protocols.SetUnencryptedHTTP2(streams)
	transport := &http.Transport{Protocols: protocols}
	g.Open = func(ctx context.Context, method string, r *adaptertest.Route, in *http.Request) (adaptertest.RPC, error) {
		if r == nil {
			method = in.URL.EscapedPath()
		}
		s := &sent{ctx: ctx}
		all := append(protocol[:len(protocol):len(protocol)], connect.WithCodec(raw{}), connect.WithAcceptCompression("gzip", nil, nil))
		s.client = connect.NewClient[message, message](&http.Client{Transport: statusOf{transport, &s.status}}, service.URL+method, all...)
		if streams {
			s.stream = s.client.CallBidiStream(ctx)
		}
		return s, nil
	}
	return g.Serve(m, func() {
		transport.CloseIdleConnections()
		service.Stop()
	})
}

func onRoute(m *tacho.Meter, r adaptertest.Route) (all []connect.HandlerOption) {
	only := func(i connect.Interceptor) {
		all = append(all, tachoconnectv1.Only([]string{adaptertest.FullMethod(r.Path)}, i))
	}
	if m == nil {
		return nil
	}
	if r.ExcludeAll {
		only(tachoconnectv1.ExcludeAll(m))
	}
	if r.DoNotTrack {
		only(tachoconnectv1.DoNotTrack(m))
	}
	if r.Track != nil {
		only(tachoconnectv1.Track(r.Track(m)...))
	}
	return all
}

// A message is bytes.
type message struct{ data []byte }

func handler(app adaptertest.App, r adaptertest.Route, streams bool, options []connect.HandlerOption) http.Handler {
	procedure := adaptertest.FullMethod(r.Path)
	if streams {
		return connect.NewBidiStreamHandler(procedure, func(ctx context.Context, s *connect.BidiStream[message, message]) error {
			return outcome(ctx, &adaptertest.RPCCall{
				Unknown: unknown, Ctx: ctx, Set: s.ResponseHeader().Set, Out: func(p []byte) error { return s.Send(&message{bytes.Clone(p)}) },
				In: &adaptertest.Messages{Receive: func() ([]byte, error) {
					in, err := s.Receive()
					if err != nil {
						return nil, err
					}
					return in.data, nil
				}},
			}, app, r)
		}, options...)
	}
	return connect.NewUnaryHandler(procedure, func(ctx context.Context, in *connect.Request[message]) (*connect.Response[message], error) {
		out := connect.NewResponse(new(message))
		c := &adaptertest.RPCCall{Unknown: unknown, Ctx: ctx, Set: out.Header().Set, In: bytes.NewReader(in.Msg.data)}
		err := outcome(ctx, c, app, r)
		out.Msg.data = c.Reply()
		if err != nil {
			return nil, err
		}
		return out, nil
	}, options...)
}

// outcome serves a call, and returns its error.
func outcome(ctx context.Context, c *adaptertest.RPCCall, app adaptertest.App, r adaptertest.Route) error {
	if code := c.Serve(app, r); code != 0 {
		return connect.NewError(connect.Code(code), errors.New("on purpose"))
	}
	if c.Status() == 0 { // it says nothing
		c.Failed = ctx.Err()
	}
	return c.Failed
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
	ctx    context.Context
	client *connect.Client[message, message]
	stream *connect.BidiStreamForClient[message, message] // nil if unary
	in     chan []byte
	once   sync.Once
	header http.Header
	over   bool
	status atomic.Int64 // of the response
}

func (s *sent) input() chan []byte {
	s.once.Do(func() { s.in = make(chan []byte, 1) })
	return s.in
}

func (s *sent) Send(p []byte) error {
	if s.stream != nil {
		return s.stream.Send(&message{bytes.Clone(p)})
	}
	select {
	case s.input() <- bytes.Clone(p):
	default: // a unary procedure gets the first piece
	}
	return nil
}

func (s *sent) CloseSend() error {
	if s.stream != nil {
		return s.stream.CloseRequest()
	}
	select {
	case s.input() <- nil:
	default:
	}
	return nil
}

func (s *sent) Receive() ([]byte, error) {
	if s.over {
		return nil, io.EOF
	}
	if s.stream == nil {
		s.over = true
		out, err := s.client.CallUnary(s.ctx, connect.NewRequest(&message{<-s.input()}))
		if err != nil {
			return nil, answer{err, int(s.status.Load())}
		}
		s.header = out.Header()
		return out.Msg.data, nil
	}
	out, err := s.stream.Receive()
	s.header = s.stream.ResponseHeader()
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err != nil:
		return nil, answer{err, int(s.status.Load())}
	}
	return out.data, nil
}

func (s *sent) Header() http.Header { return s.header }

// statusOf keeps the status of a response.
type statusOf struct {
	http.RoundTripper
	status *atomic.Int64
}

func (s statusOf) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.RoundTripper.RoundTrip(r)
	if err == nil {
		s.status.Store(int64(resp.StatusCode))
	}
	return resp, err
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

func (raw) Name() string                  { return "proto" }
func (raw) Marshal(m any) ([]byte, error) { return m.(*message).data, nil }
func (raw) Unmarshal(data []byte, m any) error {
	m.(*message).data = bytes.Clone(data)
	return nil
}
