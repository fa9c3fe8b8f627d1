// Package tachogrpc measures gRPC servers and clients.
//
//	srv := tachogrpc.NewServer(tacho.Options{})
//	shop.RegisterShopServer(srv, service{})
//	go srv.Meter.Serve(ctx, tacho.ServeOptions{Address: ":9464"})
//	srv.Serve(listener)
//
// The route of an RPC is its full method, /shop.Shop/Buy, its method POST, and its status the HTTP
// status of its code: NOT_FOUND is 404, UNAVAILABLE is 503. Methods that no service has are
// tacho.Unmatched, also behind grpc.UnknownServiceHandler, because clients choose their names.
//
// In addition, the grpc_server_* and grpc_client_* families are those of go-grpc-middleware's
// Prometheus provider, with all of its histograms but those of single messages, so that its
// dashboards and alerts remain.
//
// Health checks and reflection are not recorded; Options.Exclude.Paths replaces this default.
package tachogrpc

import (
	"google.golang.org/grpc"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/grpcfamilies"
)

// Options are what only this adapter has.
type Options struct {
	// OmitGRPC omits the grpc_* families. Those of tacho remain.
	OmitGRPC bool

	// Hosts lists the values of the client's host label, as for Meter.Transport: targets with a
	// port, or without one for any port. Every other target is recorded as "other".
	Hosts []string
}

// A Server is a grpc.Server that is measured. Register services on the Server itself, so that their
// methods are exported from zero.
type Server struct {
	*grpc.Server
	Meter *tacho.Meter

	measures *measures
}

// NewServer makes a Meter and a server that it measures, with all else that this takes: methods
// start at zero when their service is registered. gRPC has no place for a metrics endpoint; serve
// that with Meter.Serve, or mount Meter.Metrics on the HTTP server that you already have.
//
// NewServer takes the place of grpc.NewServer, since a server gets its interceptors when it is made.
// It panics on options that tacho.New refuses.
func NewServer(opts tacho.Options, options ...grpc.ServerOption) *Server {
	return With(tacho.MustNew(opts), Options{}, options...)
}

// With is NewServer for an existing Meter.
func With(m *tacho.Meter, o Options, options ...grpc.ServerOption) *Server {
	h := newMeasures(m, o)
	return &Server{Server: grpc.NewServer(append(h.options(), options...)...), Meter: m, measures: h}
}

// RegisterService implements grpc.ServiceRegistrar.
func (s *Server) RegisterService(desc *grpc.ServiceDesc, impl any) {
	s.Server.RegisterService(desc, impl)
	s.measures.expect(s.GetServiceInfo())
}

// ServerOptions returns the options for a server that is made elsewhere, such as xds.NewGRPCServer:
//
//	srv := grpc.NewServer(tachogrpc.ServerOptions(m, tachogrpc.Options{})...)
//
// Their order among other options does not matter: a panic is recorded whether the interceptor that
// recovers it stands before or after them. Call Expect when the services are registered.
func ServerOptions(m *tacho.Meter, o Options) []grpc.ServerOption { return newMeasures(m, o).options() }

// Expect exports the methods of a server's services from zero. A [Server] does this itself.
func Expect(m *tacho.Meter, o Options, srv interface {
	GetServiceInfo() map[string]grpc.ServiceInfo
}) {
	(&measures{rec: adapter.Of(m), families: familiesOf(m, o, grpcfamilies.Server)}).expect(srv.GetServiceInfo())
}

func newMeasures(m *tacho.Meter, o Options) *measures {
	h := &measures{rec: adapter.Of(m), families: familiesOf(m, o, grpcfamilies.Server)}
	h.rec.Join()
	return h
}

// familiesOf returns the families of a Meter.
func familiesOf(m *tacho.Meter, o Options, side grpcfamilies.Side) *grpcfamilies.Families {
	if o.OmitGRPC {
		return new(grpcfamilies.Families)
	}
	f, err := grpcfamilies.Of(m.Registerer(), side)
	if err != nil {
		panic("tachogrpc: " + err.Error() + "; remove those, or set Options.OmitGRPC")
	}
	return f
}

// options: the stats handler sees each RPC from its begin to its end, and those that are refused
// before any interceptor. Only interceptors see a panic.
func (h *measures) options() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.StatsHandler(h), grpc.ChainUnaryInterceptor(h.unary), grpc.ChainStreamInterceptor(h.stream)}
}

func (h *measures) expect(services map[string]grpc.ServiceInfo) {
	for service, info := range services {
		for _, m := range info.Methods {
			if name := "/" + service + "/" + m.Name; h.rec.ExpectRPC(name) {
				h.families.Method(name, grpcfamilies.Kind(m.IsClientStream, m.IsServerStream)).Initialize()
			}
		}
	}
}

// post is the HTTP method of every RPC.
const post = "POST"
