package tachoconnect

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"connectrpc.com/connect/v2"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
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
			s := &clientStream{call: to.Begin(ctx, http.MethodPost, host), single: spec.StreamType&connect.StreamTypeServer == 0}
			if spec.StreamType != connect.StreamTypeUnary {
				s.call.EndWithContext()
			}
			var err error
			if s.ClientStream, err = next(ctx, spec); err != nil {
				s.end(err)
				return nil, err
			}
			return s, nil
		}
	}
}

// A clientStream detects the end of an RPC.
type clientStream struct {
	connect.ClientStream
	call   *adapter.Sent
	single bool // there is one response
}

func (s *clientStream) end(err error) {
	code := codeOf(err)
	if coded, ok := errors.AsType[*connect.Error](err); ok && coded != nil {
		code = coded.Code() // also a remote one
	}
	s.call.EndCode(uint32(code))
}

// Send implements connect.ClientStream. After io.EOF, Receive has the error.
func (s *clientStream) Send(msg any) error {
	err := s.ClientStream.Send(msg)
	if err != nil && !errors.Is(err, io.EOF) {
		s.end(err)
	}
	return err
}

// Receive implements connect.ClientStream.
func (s *clientStream) Receive(msg any) error {
	err := s.ClientStream.Receive(msg)
	switch {
	case errors.Is(err, io.EOF), err == nil && s.single:
		s.end(nil)
	case err != nil:
		s.end(err)
	}
	return err
}

// Close implements connect.ClientStream.
func (s *clientStream) Close() error {
	s.call.Cancel() // unless it has ended
	return s.ClientStream.Close()
}
