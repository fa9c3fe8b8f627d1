package tachogrpc_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachogrpc"
)

// ignored are a stats handler and an interceptor that do nothing: what gRPC itself allocates for
// them.
type ignored struct{}

func (ignored) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (ignored) HandleConn(context.Context, stats.ConnStats)                       {}
func (ignored) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (ignored) HandleRPC(context.Context, stats.RPCStats)                         {}

func ignoring(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	return next(ctx, req)
}

// TestAllocations: an RPC allocates one value of ours, its context, beyond the events of gRPC's
// stats handlers.
func TestAllocations(t *testing.T) {
	buying := func(srv *grpc.Server, registrar grpc.ServiceRegistrar) func() {
		conn := serve(t, srv, registrar)
		return func() {
			if _, err := invoke(t.Context(), conn, "/shop.Shop/Buy", "book"); err != nil {
				t.Fatal(err)
			}
		}
	}
	bare := grpc.NewServer(grpc.StatsHandler(ignored{}), grpc.ChainUnaryInterceptor(ignoring))
	srv := tachogrpc.NewServer(tacho.Options{})
	adaptertest.AllocationsUpTo(t, "Buy", 1, buying(bare, bare), buying(srv.Server, srv))
}
