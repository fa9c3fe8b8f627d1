package tachoconnect

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"connectrpc.com/connect/v2"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/connectrpc"
)

// ClientInterceptor records the RPCs of a client among the outgoing requests, as Meter.Transport
// does, with the host of the base URL and the HTTP status of the code, or "timeout" or "canceled" if
// the client ended the RPC:
//
//	client := connect.NewClient(connecthttp.NewTransport(http.DefaultClient, url), tachoconnect.ClientInterceptor(m, url))
//
// A stream ends when it was read to its end, has failed, or was closed, or with its context. Do not
// use Meter.Transport for the same client: each RPC would count twice.
func ClientInterceptor(m *tacho.Meter, baseURL string) connect.ClientInterceptor {
	host := baseURL
	if u, err := url.Parse(baseURL); err == nil && u.Host != "" {
		host = u.Host
	}
	to := adapter.NewOutgoing(m, host)
	return func(next connect.ClientFunc) connect.ClientFunc {
		return func(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
			single := spec.StreamType&connect.StreamTypeServer == 0
			s := &clientStream{sent: connectrpc.Sent{Call: to.Begin(ctx, http.MethodPost, host), Code: receivedCode, Single: single}}
			if spec.StreamType != connect.StreamTypeUnary {
				s.sent.Call.EndWithContext()
			}
			var err error
			if s.ClientStream, err = next(ctx, spec); err != nil {
				s.sent.Call.EndCode(receivedCode(err))
				return nil, err
			}
			return s, nil
		}
	}
}

// receivedCode returns the code of an error that a client gets, also of a remote one.
func receivedCode(err error) uint32 {
	if coded, ok := errors.AsType[*connect.Error](err); ok && coded != nil {
		return uint32(coded.Code())
	}
	return connectrpc.Code(err)
}

// A clientStream detects the end of an RPC.
type clientStream struct {
	connect.ClientStream
	sent connectrpc.Sent
}

// Send implements connect.ClientStream.
func (s *clientStream) Send(msg any) error { return s.sent.Send(s.ClientStream.Send(msg)) }

// Receive implements connect.ClientStream.
func (s *clientStream) Receive(msg any) error { return s.sent.Receive(s.ClientStream.Receive(msg)) }

// Close implements connect.ClientStream.
func (s *clientStream) Close() error {
	s.sent.Call.Cancel() // unless it has ended
	return s.ClientStream.Close()
}
