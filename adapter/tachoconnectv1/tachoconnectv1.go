// Package tachoconnectv1 measures servers and clients of Connect v1. Package tachoconnect is for v2.
//
//	s := tachoconnectv1.Use(mux, tacho.Options{})
//	mux.Handle(shopconnect.NewShopHandler(shop{}, s)) // s is an option of each service
//	http.ListenAndServe(addr, s.Handler(mux))
//
// The route of an RPC is its procedure, /shop.Shop/Buy, and its status the HTTP status of its code,
// in all three protocols: gRPC, gRPC-Web and Connect's streams always send 200. Everything else is
// as for any HTTP request. Procedures that a service does not have are tacho.Unmatched.
package tachoconnectv1

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	"connectrpc.com/connect"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// A Server measures the services that have it among their options: as the first one, so that others
// such as connect.WithRecover decide on the code before it is recorded. Their procedures are exported
// from zero. It is safe for concurrent use.
type Server struct {
	connect.HandlerOption
	Meter *tacho.Meter

	rec   *adapter.Recorder
	mu    sync.RWMutex
	known map[string]bool // procedures, and services with a slash at the end
}

// Use makes a Server with a new Meter, whose endpoint it mounts at Options.Endpoint.Path. It panics
// on options that tacho.New refuses.
func Use(mux *http.ServeMux, opts tacho.Options) *Server {
	s := New(tacho.MustNew(opts))
	mux.Handle("GET "+s.Meter.MetricsPath(), s.Meter.Metrics())
	return s
}

// New makes a Server with an existing Meter. It does not mount the endpoint.
func New(m *tacho.Meter) *Server {
	s := &Server{Meter: m, rec: adapter.Of(m), known: map[string]bool{}}
	// Connect asks for the options of each procedure: so all of them are known.
	s.HandlerOption = connect.WithConditionalHandlerOptions(func(spec connect.Spec) []connect.HandlerOption {
		s.expect(spec.Procedure)
		return []connect.HandlerOption{connect.WithInterceptors(Interceptor(m))}
	})
	return s
}

func (s *Server) expect(procedure string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[procedure], s.known[procedure[:strings.LastIndexByte(procedure, '/')+1]] = true, true
	if !s.rec.Excludes(http.MethodPost, procedure) {
		s.rec.Expect(http.MethodPost, procedure)
	}
}

// Handler measures the requests to a mux: RPCs by their procedures and codes, and others as
// Meter.Handler does, which may stand around it.
func (s *Server) Handler(mux *http.ServeMux) http.Handler {
	route := func(r *http.Request) string {
		route := s.route(r.URL.Path)
		if route == "" {
			if _, pattern := mux.Handler(r); pattern == "" {
				return tacho.Unmatched
			}
		}
		return route
	}
	return adapter.Middleware(s.Meter, route)(s.rec.ReportGRPCStatus(mux))
}

// route is the procedure with a path, or "" for a path outside of the services.
func (s *Server) route(path string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case s.known[path] && !strings.HasSuffix(path, "/"):
		return path
	case s.known[path[:strings.LastIndexByte(path, '/')+1]]:
		return tacho.Unmatched
	}
	return ""
}

// Interceptor reports the code of each RPC to the Meter.Handler around it, for services that are set
// up by hand:
//
//	mux.Handle(shopconnect.NewShopHandler(shop{}, connect.WithInterceptors(tachoconnectv1.Interceptor(m))))
//	http.ListenAndServe(addr, m.Handler(mux))
//
// The route of a procedure that the service does not have is then the service's, /shop.Shop/.
func Interceptor(m *tacho.Meter) connect.Interceptor {
	rec := adapter.Of(m)
	rec.Join()
	return reporter{rec}
}

// A reporter reports codes to the exchange around an RPC.
type reporter struct{ rec *adapter.Recorder }

// WrapUnary implements connect.Interceptor.
func (r reporter) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		x := r.rec.Enclosing(nil, ctx)
		if x == nil || request.Spec().IsClient {
			return next(ctx, request)
		}
		x.SetRoute(request.Spec().Procedure)
		code := connect.CodeInternal // of a panic
		defer func() { x.SetInnerCode(uint32(code)) }()
		response, err := next(ctx, request)
		code = outcome(ctx, err)
		return response, err
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (r reporter) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements connect.Interceptor.
func (r reporter) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		x := r.rec.Enclosing(nil, ctx)
		if x == nil {
			return next(ctx, conn)
		}
		x.SetRoute(conn.Spec().Procedure)
		code := connect.CodeInternal // of a panic
		defer func() { x.SetInnerCode(uint32(code)) }()
		err := next(ctx, conn)
		code = outcome(ctx, err)
		return err
	}
}

// outcome returns the code of an RPC. A deadline in its context is that of the client, which has
// passed there as well.
func outcome(ctx context.Context, err error) connect.Code {
	if ctx.Err() == context.DeadlineExceeded {
		return connect.CodeDeadlineExceeded
	}
	return codeOf(err)
}

// codeOf returns the code that Connect sends for an error of a handler.
func codeOf(err error) connect.Code {
	var coded *connect.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &coded):
		return coded.Code()
	case errors.Is(err, context.Canceled):
		return connect.CodeCanceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return connect.CodeDeadlineExceeded
	}
	return connect.CodeUnknown
}

// Track records RPCs in these metrics, too. They all must belong to one Meter. The server need not
// be measured: the metrics are recorded all the same. Like any interceptor, it applies to all
// procedures of its service; see [Only].
func Track(metrics ...*tacho.Metric) connect.Interceptor { return layer(adapter.Track(metrics...)) }

// DoNotTrack leaves RPCs out of the HTTP metrics; what Track has put on them is still recorded.
func DoNotTrack(m *tacho.Meter) connect.Interceptor { return layer(adapter.DoNotTrack(m)) }

// ExcludeAll leaves RPCs out of everything, what Track has put on them included, whichever of them
// stands first.
func ExcludeAll(m *tacho.Meter) connect.Interceptor { return layer(adapter.ExcludeAll(m)) }

// Only applies interceptors to these procedures only.
func Only(procedures []string, interceptors ...connect.Interceptor) connect.HandlerOption {
	return connect.WithConditionalHandlerOptions(func(spec connect.Spec) []connect.HandlerOption {
		if !slices.Contains(procedures, spec.Procedure) {
			return nil
		}
		return []connect.HandlerOption{connect.WithInterceptors(interceptors...)}
	})
}

func layer(l *adapter.Layer) connect.Interceptor {
	return interceptor(func(ctx context.Context, c call, serve func(context.Context) error) {
		l.ServeRPC(ctx, c.procedure, carrier{ctx: ctx, call: c}, func(ctx context.Context) uint32 { return uint32(codeOf(serve(ctx))) })
	})
}

// A call is what the two kinds of interceptors know of an RPC.
type call struct {
	procedure string
	request   http.Header
	response  func() http.Header
}

// An interceptor serves unary procedures and streams alike. It leaves clients alone.
type interceptor func(ctx context.Context, c call, serve func(context.Context) error)

// WrapUnary implements connect.Interceptor.
func (i interceptor) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (response connect.AnyResponse, err error) {
		if r.Spec().IsClient {
			return next(ctx, r)
		}
		header := func() http.Header {
			if response == nil {
				return nil
			}
			return response.Header()
		}
		i(ctx, call{r.Spec().Procedure, r.Header(), header}, func(ctx context.Context) error {
			response, err = next(ctx, r)
			return err
		})
		return response, err
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (i interceptor) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements connect.Interceptor.
func (i interceptor) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) (err error) {
		i(ctx, call{conn.Spec().Procedure, conn.RequestHeader(), conn.ResponseHeader}, func(ctx context.Context) error {
			err = next(ctx, conn)
			return err
		})
		return err
	}
}

// A carrier shows an RPC that is not measured to labels.
type carrier struct {
	adapter.NoHTTP
	ctx  context.Context
	call call
}

// RequestHeader implements adapter.Carrier.
func (c carrier) RequestHeader(name string) string { return c.call.request.Get(name) }

// ResponseHeader implements adapter.Carrier.
func (c carrier) ResponseHeader(name string) string { return c.call.response().Get(name) }

// Context implements adapter.Carrier.
func (c carrier) Context() context.Context { return c.ctx }
