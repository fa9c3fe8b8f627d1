package tachogrpc

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/grpcfamilies"
)

// DialOptions returns the options for a client:
//
//	conn, err := grpc.NewClient("dns:///search:9200", tachogrpc.DialOptions(m, tachogrpc.Options{Hosts: []string{"search:9200"}})...)
//
// Its RPCs are recorded in the metrics of outgoing requests, as by Meter.Transport: with the method
// POST, the host, and the HTTP status of the code, or "timeout" or "canceled" if the client ended
// the RPC. An RPC whose retries succeed counts once. A stream ends when gRPC considers it finished:
// when it was read to its end or has failed, or when its context or connection has ended.
func DialOptions(m *tacho.Meter, o Options) []grpc.DialOption {
	d := &dialer{to: adapter.NewOutgoing(m, o.Hosts...), families: familiesOf(m, o, grpcfamilies.Client)}
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(d.unary), grpc.WithChainStreamInterceptor(d.stream)}
}

// A dialer measures the RPCs of clients.
type dialer struct {
	to       *adapter.Outgoing
	families *grpcfamilies.Families
}

// A sent is an RPC of a client.
type sent struct {
	method *grpcfamilies.Method
	call   *adapter.Sent
	start  time.Time
	over   atomic.Bool
}

func (d *dialer) begin(ctx context.Context, cc *grpc.ClientConn, name, kind string) *sent {
	s := &sent{method: d.families.Method(name, kind), call: d.to.Begin(ctx, post, cc.CanonicalTarget()), start: time.Now()}
	s.method.Begin()
	return s
}

func (s *sent) end(err error) {
	if s.over.Swap(true) {
		return
	}
	if err == io.EOF {
		err = nil
	}
	code := codeOf(err)
	s.method.End(uint32(code), time.Since(s.start).Seconds())
	s.call.EndCode(uint32(code))
}

func (d *dialer) unary(ctx context.Context, name string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	s := d.begin(ctx, cc, name, grpcfamilies.Kind(false, false))
	defer s.end(status.Error(codes.Internal, "a panic")) // unless it has ended
	s.method.Send()
	err := invoke(ctx, name, req, reply, cc, opts...)
	if err == nil {
		s.method.Receive()
	}
	s.end(err)
	return err
}

func (d *dialer) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, name string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s := d.begin(ctx, cc, name, grpcfamilies.Kind(desc.ClientStreams, desc.ServerStreams))
	cs, err := open(ctx, desc, cc, name, append(opts[:len(opts):len(opts)], grpc.OnFinish(s.end))...)
	if err != nil {
		s.end(err)
		return nil, err
	}
	return &clientStream{cs, s}, nil
}

// A clientStream counts messages.
type clientStream struct {
	grpc.ClientStream
	sent *sent
}

func (c *clientStream) SendMsg(m any) error {
	err := c.ClientStream.SendMsg(m)
	if err == nil {
		c.sent.method.Send()
	}
	return err
}

func (c *clientStream) RecvMsg(m any) error {
	err := c.ClientStream.RecvMsg(m)
	if err == nil {
		c.sent.method.Receive()
	}
	return err
}
