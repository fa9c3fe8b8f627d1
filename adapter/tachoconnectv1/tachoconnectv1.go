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
	"slices"
	"strings"
	"sync"

	"connectrpc.com/connect"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/connectrpc"
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
	s.rec.ExpectRPC(procedure)
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

// serve serves an RPC. It reports the code of a panic, too.
func (r reporter) serve(ctx context.Context, procedure string, next func() error) {
	x := r.rec.Enclosing(nil, ctx)
	if x == nil {
		next()
		return
	}
	x.SetRoute(procedure)
	code := uint32(connect.CodeInternal)
	defer func() { x.SetInnerCode(code) }()
	code = connectrpc.Outcome(ctx, codeOf(next()))
}

// WrapUnary implements connect.Interceptor.
func (r reporter) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (response connect.AnyResponse, err error) {
		if request.Spec().IsClient {
			return next(ctx, request)
		}
		r.serve(ctx, request.Spec().Procedure, func() error {
			response, err = next(ctx, request)
			return err
		})
		return response, err
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (r reporter) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements connect.Interceptor.
func (r reporter) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) (err error) {
		r.serve(ctx, conn.Spec().Procedure, func() error {
			err = next(ctx, conn)
			return err
		})
		return err
	}
}

// codeOf returns the code that Connect sends for an error of a handler.
func codeOf(err error) uint32 {
	var coded *connect.Error
	if errors.As(err, &coded) {
		return uint32(coded.Code())
	}
	return connectrpc.Code(err)
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

func layer(l *adapter.Layer) connect.Interceptor { return layered{l} }

// layered serves unary procedures and streams within a layer. It leaves clients alone.
type layered struct{ layer *adapter.Layer }

func (l layered) serve(ctx context.Context, procedure string, headers connectrpc.Headers[http.Header], next func(context.Context) error) {
	carrier := connectrpc.Carrier[http.Header]{Ctx: ctx, Headers: headers}
	l.layer.ServeRPC(ctx, procedure, carrier, func(ctx context.Context) uint32 { return codeOf(next(ctx)) })
}

// WrapUnary implements connect.Interceptor.
func (l layered) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		if r.Spec().IsClient {
			return next(ctx, r)
		}
		u := unary{request: r}
		l.serve(ctx, r.Spec().Procedure, &u, func(ctx context.Context) error {
			u.response, u.err = next(ctx, r)
			return u.err
		})
		return u.response, u.err
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (l layered) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements connect.Interceptor.
func (l layered) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) (err error) {
		l.serve(ctx, conn.Spec().Procedure, conn, func(ctx context.Context) error {
			err = next(ctx, conn)
			return err
		})
		return err
	}
}

// unary has the headers of a unary RPC.
type unary struct {
	request  connect.AnyRequest
	response connect.AnyResponse
	err      error
}

func (u *unary) RequestHeader() http.Header { return u.request.Header() }

func (u *unary) ResponseHeader() http.Header {
	if u.response == nil {
		return nil
	}
	return u.response.Header()
}
