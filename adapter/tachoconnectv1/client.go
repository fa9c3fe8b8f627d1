package tachoconnectv1

import (
	"context"
	"net/http"

	"connectrpc.com/connect"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/connectrpc"
)

// ClientInterceptor records the RPCs of clients among the outgoing requests, as Meter.Transport
// does, by host and the HTTP status of the code, or "timeout" or "canceled" if the client ended the
// RPC:
//
//	shopconnect.NewShopClient(http.DefaultClient, url, connect.WithInterceptors(tachoconnectv1.ClientInterceptor(m, "search:9200")))
//
// hosts are those of Meter.Transport. A stream ends when it was read to its end, has failed, or was
// closed, or with its context. Do not use Meter.Transport for the same client: each RPC would count
// twice.
func ClientInterceptor(m *tacho.Meter, hosts ...string) connect.Interceptor {
	return &client{adapter.NewOutgoing(m, hosts...)}
}

type client struct{ to *adapter.Outgoing }

// WrapUnary implements connect.Interceptor.
func (c *client) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		if !r.Spec().IsClient {
			return next(ctx, r)
		}
		sent := c.to.Begin(ctx, http.MethodPost, r.Peer().Addr)
		defer sent.EndCode(uint32(connect.CodeInternal)) // of a panic
		response, err := next(ctx, r)
		sent.EndCode(codeOf(err))
		return response, err
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (c *client) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// WrapStreamingClient implements connect.Interceptor.
func (c *client) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		sent := c.to.Begin(ctx, http.MethodPost, conn.Peer().Addr)
		sent.EndWithContext()
		return &clientStream{conn, connectrpc.Sent{Call: sent, Code: codeOf}}
	}
}

// A clientStream detects the end of an RPC.
type clientStream struct {
	connect.StreamingClientConn
	sent connectrpc.Sent
}

// Send implements connect.StreamingClientConn.
func (s *clientStream) Send(msg any) error { return s.sent.Send(s.StreamingClientConn.Send(msg)) }

// Receive implements connect.StreamingClientConn.
func (s *clientStream) Receive(msg any) error {
	return s.sent.Receive(s.StreamingClientConn.Receive(msg))
}

// CloseResponse implements connect.StreamingClientConn.
func (s *clientStream) CloseResponse() error {
	s.sent.Call.Cancel() // unless it has ended
	return s.StreamingClientConn.CloseResponse()
}
