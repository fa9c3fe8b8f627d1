package tachogrpc

import (
	"context"
	"slices"

	"google.golang.org/grpc"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// A Layer is what is put on methods: Track, DoNotTrack or ExcludeAll.
type Layer struct {
	layer   *adapter.Layer
	methods []string
}

// Track records RPCs in these metrics, too. They all must belong to one Meter. The server need not
// be measured: the metrics are recorded all the same.
func Track(metrics ...*tacho.Metric) Layer { return Layer{layer: adapter.Track(metrics...)} }

// DoNotTrack leaves RPCs out of the HTTP metrics; what Track has put on them is still recorded. The
// grpc_* families have no such exception.
func DoNotTrack(m *tacho.Meter) Layer { return Layer{layer: adapter.DoNotTrack(m)} }

// ExcludeAll leaves RPCs out of everything but the grpc_* families, what Track has put on them
// included, whichever of them stands first.
func ExcludeAll(m *tacho.Meter) Layer { return Layer{layer: adapter.ExcludeAll(m)} }

// Only restricts the layer to these methods, by their short names.
func (l Layer) Only(methods ...string) Layer {
	l.methods = methods
	return l
}

// On puts layers, the outermost first, on the methods of the services that are registered on it:
//
//	shop.RegisterShopServer(tachogrpc.On(srv, tachogrpc.Track(orders).Only("Buy")), service{})
func On(srv grpc.ServiceRegistrar, layers ...Layer) grpc.ServiceRegistrar {
	return registrar{srv, layers}
}

type registrar struct {
	grpc.ServiceRegistrar
	layers []Layer
}

// RegisterService implements grpc.ServiceRegistrar.
func (r registrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	own := *desc
	own.Methods, own.Streams = slices.Clone(desc.Methods), slices.Clone(desc.Streams)
	for _, l := range slices.Backward(r.layers) {
		for i := range own.Methods {
			if m := &own.Methods[i]; l.applies(m.MethodName) {
				m.Handler = l.unary("/"+desc.ServiceName+"/"+m.MethodName, m.Handler)
			}
		}
		for i := range own.Streams {
			if s := &own.Streams[i]; l.applies(s.StreamName) {
				s.Handler = l.stream("/"+desc.ServiceName+"/"+s.StreamName, s.Handler)
			}
		}
	}
	r.ServiceRegistrar.RegisterService(&own, impl)
}

func (l Layer) applies(method string) bool {
	return l.methods == nil || slices.Contains(l.methods, method)
}

func (l Layer) unary(name string, next grpc.MethodHandler) grpc.MethodHandler {
	return func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (reply any, err error) {
		l.layer.ServeRPC(ctx, name, carrierOf(ctx), func(ctx context.Context) uint32 {
			reply, err = next(srv, ctx, decode, interceptor)
			return uint32(codeOf(err))
		})
		return reply, err
	}
}

func (l Layer) stream(name string, next grpc.StreamHandler) grpc.StreamHandler {
	return func(srv any, s grpc.ServerStream) (err error) {
		l.layer.ServeRPC(s.Context(), name, carrierOf(s.Context()), func(ctx context.Context) uint32 {
			err = next(srv, linked{s, ctx})
			return uint32(codeOf(err))
		})
		return err
	}
}

// carrierOf lets labels read the RPC that is measured, if any.
func carrierOf(ctx context.Context) carrier {
	r, _ := ctx.Value(rpcKey{}).(*rpc)
	if r == nil {
		r = &rpc{Context: ctx}
	}
	return carrier{rpc: r}
}

// linked is a stream with another context.
type linked struct {
	grpc.ServerStream
	ctx context.Context
}

func (l linked) Context() context.Context { return l.ctx }
