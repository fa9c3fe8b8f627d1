package adapter

import (
	"context"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/outgoing"
)

// Outgoing records the requests that a client of a framework sends, in the same metrics as
// Meter.Transport. It is safe for concurrent use.
type Outgoing outgoing.Sender

// NewOutgoing returns the Outgoing of a client. hosts are those of Meter.Transport. It panics if the
// registry already has metrics with these names.
func NewOutgoing(m *tacho.Meter, hosts ...string) *Outgoing {
	return (*Outgoing)(outgoing.NewSender(outgoing.Of(m), hosts))
}

// Begin begins a request to a target: a host, with or without a port, or a URL or gRPC target that
// ends in one. ctx is the context of the request.
func (o *Outgoing) Begin(ctx context.Context, method, target string) *Sent {
	return &Sent{ctx: ctx, sent: (*outgoing.Sender)(o).Begin(method, target)}
}

// A Sent is a request of an Outgoing. The first call that ends it counts. Any goroutine may call its
// methods.
type Sent struct {
	ctx  context.Context
	sent *outgoing.Sent
	stop func() bool
}

// The codes for which the client itself may have ended an RPC.
const canceled, deadlineExceeded = 1, 4

// EndCode ends an RPC with its code, as the status of Exchange.SetCode. The status of
// DEADLINE_EXCEEDED is "timeout", and if the context has canceled the RPC, "canceled".
func (s *Sent) EndCode(code uint32) {
	if s.stop != nil {
		s.stop()
	}
	s.sent.End(engine.StatusOf(code), code == canceled && s.ctx.Err() == context.Canceled, code == deadlineExceeded)
}

// Cancel ends a request that the client has given up: its status is "canceled".
func (s *Sent) Cancel() { s.sent.End(0, true, false) }

// EndWithContext ends the request with its context, for streams of which nobody may see the end.
// Call it once, before anything else can end the request.
func (s *Sent) EndWithContext() {
	s.stop = context.AfterFunc(s.ctx, func() { s.sent.End(0, s.ctx.Err() == context.Canceled, true) })
}
