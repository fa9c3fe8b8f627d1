package tachogrpc_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/stats"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachogrpc"
)

// BenchmarkEvents: what the events of a unary RPC cost, as gRPC sends them to the option's handler.
func BenchmarkEvents(b *testing.B) {
	for name, opts := range map[string]tacho.Options{"minimal": {Minimal: true}, "everything": {}} {
		b.Run(name, func(b *testing.B) {
			h := tachogrpc.NewServer(opts).StatsHandler()
			conn := h.TagConn(context.Background(), nil)
			began := time.Now()
			ended := began.Add(time.Millisecond)
			begin, in, out, header, trailer := &stats.Begin{BeginTime: began}, &stats.InPayload{Length: 5}, &stats.OutPayload{Length: 5}, new(stats.OutHeader), new(stats.OutTrailer)
			end := &stats.End{BeginTime: began, EndTime: ended}
			info := &stats.RPCTagInfo{FullMethodName: "/shop.Shop/Buy"}
			serve := func(context.Context, any) (any, error) { return nil, nil }
			b.ReportAllocs()
			for b.Loop() {
				ctx := h.TagRPC(conn, info)
				for _, event := range []stats.RPCStats{begin, in} {
					h.HandleRPC(ctx, event)
				}
				_, _ = tachogrpc.Unary(h, ctx, serve)
				for _, event := range []stats.RPCStats{header, out, trailer, end} {
					h.HandleRPC(ctx, event)
				}
			}
		})
	}
}
