package adapter

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// ServeRPC serves an RPC within the Layer: it enters it, calls serve with the context for the
// handlers, and leaves it with the code that serve returns, also if serve panics. The sizes are not
// known. It is for layers other than those of Measure, whose adapters know more.
func (l *Layer) ServeRPC(ctx context.Context, procedure string, carrier Carrier, serve func(context.Context) (code uint32)) {
	call := l.Enter(ctx, nil, http.MethodPost, procedure, carrier)
	if call == nil {
		serve(ctx)
		return
	}
	code := uint32(0)
	defer func() {
		panicked := recover()
		if panicked == nil {
			call.Exchange().SetCode(context.Background(), code)
		}
		call.Leave(Outcome{Route: procedure, BytesIn: -1, BytesOut: -1, Panicked: panicked})
	}()
	code = serve(call.Context)
}

// ExpectRPC exports a procedure from zero, as Expect does, unless it is excluded. It reports whether
// it is measured.
func (r *Recorder) ExpectRPC(procedure string) (measured bool) {
	if measured = !r.Excludes(http.MethodPost, procedure); measured {
		r.Expect(http.MethodPost, procedure)
	}
	return measured
}

// deadlineGrace is how much earlier than the deadline of a server a client may give up an RPC at its
// own deadline: the server's begins when the RPC has arrived, on a machine that may be busy.
const deadlineGrace = 20 * time.Millisecond

// DeadlinePassed reports whether the context of an RPC has ended with the client's deadline, which
// makes it DEADLINE_EXCEEDED, as the client sees it. A client also cancels an RPC whose deadline has
// passed. So a cancellation counts as the deadline if that has passed meanwhile, or is at most 20 ms
// away: the result does not depend on which of them arrives first. An earlier one is CANCELLED.
func DeadlinePassed(ctx context.Context) bool {
	err := ctx.Err()
	if err == nil || err == context.DeadlineExceeded {
		return err != nil
	}
	deadline, ok := ctx.Deadline()
	return ok && time.Until(deadline) <= deadlineGrace
}

// ReportGRPCStatus reports the code of an RPC that a handler of net/http has put into its trailers,
// as gRPC and gRPC-Web do, to the exchange that encloses the handler. An RPC whose code is known
// already keeps it.
func (r *Recorder) ReportGRPCStatus(next http.Handler) http.Handler {
	const name = "Grpc-Status"
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		next.ServeHTTP(w, req)
		sent := w.Header()[name]
		if len(sent) == 0 {
			sent = w.Header()[http.TrailerPrefix+name]
		}
		if len(sent) == 0 {
			return
		}
		code, err := strconv.ParseUint(sent[0], 10, 32)
		if x := r.Enclosing(w, req.Context()); x != nil && err == nil {
			x.SetInnerCode(uint32(code))
		}
	})
}

// NoHTTP are the methods of a [Carrier] that a framework without net/http and without parameters in
// its paths has in common with others. Embed it.
type NoHTTP struct{}

// PathValue implements Carrier.
func (NoHTTP) PathValue(string) string { return "" }

// HTTP implements Carrier.
func (NoHTTP) HTTP() *http.Request { return nil }

// Writer implements Carrier.
func (NoHTTP) Writer() http.ResponseWriter { return nil }
