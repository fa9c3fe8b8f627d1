package sidecar

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Codes of gRPC.
const (
	codeCanceled          = 1
	codeUnknown           = 2
	codeInvalidArgument   = 3
	codeDeadlineExceeded  = 4
	codePermissionDenied  = 7
	codeResourceExhausted = 8
	codeUnimplemented     = 12
	codeInternal          = 13
	codeUnavailable       = 14
)

// faultCodes are the codes of faults. The others are the service's, which is unavailable then: a client may try
// again. Those of the client are not codes of 5xx.
var faultCodes = map[string]uint32{
	causeConnectTimeout:  codeDeadlineExceeded,
	causeTimeout:         codeDeadlineExceeded,
	causeClientTimeout:   codeCanceled,
	causeClientMalformed: codeInvalidArgument,
	causeClientInvalid:   codeInvalidArgument,
	causeClientTooLarge:  codeResourceExhausted,
	causeNoUpstream:      codeUnimplemented,
}

// code returns the code of a fault.
func (f fault) code() uint32 {
	if f.reset != 0 {
		return f.reset
	}
	if code, ok := faultCodes[f.cause]; ok {
		return code
	}
	return codeUnavailable
}

// A streamError is the end of a stream of HTTP/2. errors.As finds those of net/http, whose type is not exported,
// by the names of their fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

// Error implements error.
func (e streamError) Error() string { return "stream error " + strconv.FormatUint(uint64(e.Code), 10) }

// resetCodes are the codes that gRPC assigns to those of HTTP/2 (gRPC over HTTP2, "Errors"). All others are
// INTERNAL.
var resetCodes = map[uint32]uint32{
	0x7: codeUnavailable,       // REFUSED_STREAM
	0x8: codeCanceled,          // CANCEL
	0xb: codeResourceExhausted, // ENHANCE_YOUR_CALM
	0xc: codePermissionDenied,  // INADEQUATE_SECURITY
}

// resetCode returns the code that a client of gRPC takes from the reset of its stream, 0 if err is none. A server
// resets a stream with CANCEL at the deadline that the client has set, a moment before the client may notice.
func resetCode(err error, h http.Header, since time.Time) uint32 {
	var e streamError
	if !errors.As(err, &e) {
		return 0
	}
	code, ok := resetCodes[e.Code]
	if !ok {
		return codeInternal
	}
	if limit, ok := rpcTimeout(h); ok && code == codeCanceled && time.Since(since) >= limit {
		return codeDeadlineExceeded
	}
	return code
}

// rpcUnits are the units of Grpc-Timeout.
var rpcUnits = map[byte]time.Duration{
	'H': time.Hour, 'M': time.Minute, 'S': time.Second, 'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond,
}

// rpcTimeout returns the timeout of an RPC, and whether it has one. One that no Duration can hold is none.
func rpcTimeout(h http.Header) (time.Duration, bool) {
	text := h.Get("Grpc-Timeout")
	if len(text) < 2 || len(text) > 9 { // at most eight digits
		return 0, false
	}
	last := len(text) - 1
	n, err := strconv.ParseUint(text[:last], 10, 32)
	unit, ok := rpcUnits[text[last]]
	if !ok || err != nil || n > uint64(math.MaxInt64/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// isGRPC reports whether a request is gRPC, but not gRPC-Web, which HTTP/1.1 carries.
func isGRPC(h http.Header) bool {
	const want = "application/grpc"
	rest, ok := strings.CutPrefix(h.Get("Content-Type"), want)
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// refuseRPC responds to a gRPC request as a gRPC server does that fails at once. Clients understand no status of
// HTTP but 200: 504 would be UNAVAILABLE.
func (x *exchange) refuseRPC(f fault) {
	h := x.client.Header()
	clear(h)
	h.Set("Content-Type", "application/grpc")
	x.setCode("", f)
	x.client.WriteHeader(http.StatusOK)
	x.rpc.SetCode(x, f.code())
}

// setCode sets the code and the message of a fault: in the header, or with [http.TrailerPrefix] in the trailers, to
// end a response that the service has not ended.
func (x *exchange) setCode(prefix string, f fault) {
	h := x.client.Header()
	h.Set(prefix+"Grpc-Status", strconv.FormatUint(uint64(f.code()), 10))
	h.Set(prefix+"Grpc-Message", explanations[f.cause])
}

// settleCode reports the code of an RPC, which comes after the status 200: as the last headers, or instead
// of a body. It is missing if the client has left before. A service that does not have the RPC does not serve its
// route.
func (x *exchange) settleCode() {
	if x.rpc == nil || x.status != http.StatusOK {
		return
	}
	header := x.client.Header()
	text := header.Get("Grpc-Status")
	if text == "" {
		text = header.Get(http.TrailerPrefix + "Grpc-Status")
	}
	code, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		code = codeUnknown // as clients take it
		if x.abort {
			code = codeCanceled
		}
	}
	if code == codeUnimplemented {
		x.status = http.StatusNotFound
	}
	x.rpc.SetCode(x, uint32(code))
}
