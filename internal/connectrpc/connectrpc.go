// Package connectrpc has what the versions of Connect have in common, whose types differ: the codes of
// errors, the ends of a client's streams, and what labels see of an RPC.
package connectrpc

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/tacho-go/tacho/adapter"
)

// Some codes of Connect's, which are those of gRPC.
const (
	canceled         = 1
	unknown          = 2
	deadlineExceeded = 4
)

// Code returns the code that Connect sends for an error of a handler that is not one of Connect's.
func Code(err error) uint32 {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return canceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return deadlineExceeded
	}
	return unknown
}

// Outcome returns the code that the client of an RPC sees, given the handler's. A deadline in the
// RPC's context is that of the client.
func Outcome(ctx context.Context, code uint32) uint32 {
	if adapter.DeadlinePassed(ctx) {
		return deadlineExceeded
	}
	return code
}

// A Sent detects the end of a stream of a client.
type Sent struct {
	Call   *adapter.Sent
	Code   func(error) uint32
	Single bool // there is one response
}

// Send is given the result of sending a message, and returns it. After io.EOF, Receive has the error.
func (s *Sent) Send(err error) error {
	if err != nil && !errors.Is(err, io.EOF) {
		s.Call.EndCode(s.Code(err))
	}
	return err
}

// Receive is given the result of receiving a message, and returns it.
func (s *Sent) Receive(err error) error {
	switch {
	case errors.Is(err, io.EOF), err == nil && s.Single:
		s.Call.EndCode(0)
	case err != nil:
		s.Call.EndCode(s.Code(err))
	}
	return err
}

// Headers are those of an RPC: its response has none yet if that is nil. H is http.Header or
// something like it.
type Headers[H Header] interface {
	RequestHeader() H
	ResponseHeader() H
}

// A Header is read by name. It may be nil.
type Header interface{ Get(name string) string }

// A Carrier shows an RPC that is not measured to labels.
type Carrier[H Header] struct {
	adapter.NoHTTP
	Ctx     context.Context
	Headers Headers[H]
}

// RequestHeader implements adapter.Carrier.
func (c Carrier[H]) RequestHeader(name string) string { return c.Headers.RequestHeader().Get(name) }

// ResponseHeader implements adapter.Carrier.
func (c Carrier[H]) ResponseHeader(name string) string { return c.Headers.ResponseHeader().Get(name) }

// Context implements adapter.Carrier.
func (c Carrier[H]) Context() context.Context { return c.Ctx }
