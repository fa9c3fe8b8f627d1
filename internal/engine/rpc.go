package engine

import (
	"context"
	"math"
	"net/http"
	"strconv"
)

// codes are the RPC codes that gRPC and Connect share, by number, with the HTTP statuses that
// google.rpc.Code assigns to them.
var codes = [...]struct {
	name   string
	status int
}{
	{"OK", http.StatusOK},
	{"CANCELLED", StatusClientClosedRequest},
	{"UNKNOWN", http.StatusInternalServerError},
	{"INVALID_ARGUMENT", http.StatusBadRequest},
	{"DEADLINE_EXCEEDED", http.StatusGatewayTimeout},
	{"NOT_FOUND", http.StatusNotFound},
	{"ALREADY_EXISTS", http.StatusConflict},
	{"PERMISSION_DENIED", http.StatusForbidden},
	{"RESOURCE_EXHAUSTED", http.StatusTooManyRequests},
	{"FAILED_PRECONDITION", http.StatusBadRequest},
	{"ABORTED", http.StatusConflict},
	{"OUT_OF_RANGE", http.StatusBadRequest},
	{"UNIMPLEMENTED", http.StatusNotImplemented},
	{"INTERNAL", http.StatusInternalServerError},
	{"UNAVAILABLE", http.StatusServiceUnavailable},
	{"DATA_LOSS", http.StatusInternalServerError},
	{"UNAUTHENTICATED", http.StatusUnauthorized},
}

// deadlineExceeded is the code of an RPC whose client has given it up at its deadline: that the client
// has left is what the code says.
const deadlineExceeded = 4

// SetCode reports the code of an RPC. It replaces a status that was written: over HTTP, gRPC sends
// 200 before the outcome is known. ctx is that of WroteHeader.
func (x *Exchange) SetCode(ctx context.Context, code uint32) {
	if x.coded == 0 && !x.over && !x.replaced {
		x.setCode(code)
		x.clientGone = code != deadlineExceeded && left(ctx)
	}
}

func (x *Exchange) setCode(code uint32) {
	x.coded = min(code, math.MaxUint32-1) + 1
	x.status = StatusOf(code)
}

// StatusOf returns the HTTP status of a code.
func StatusOf(code uint32) int {
	if code < uint32(len(codes)) {
		return codes[code].status
	}
	return http.StatusInternalServerError // as for UNKNOWN
}

// SetInnerCode reports the code of an RPC on the exchange that encloses that of an inner adapter.
// The first call counts. Any goroutine may call it.
func (x *Exchange) SetInnerCode(code uint32) {
	code = min(code, uint32(len(codes))) // the bits hold no others
	for {
		marks := x.marks.Load()
		if marks&markCoded != 0 || x.marks.CompareAndSwap(marks, marks|markCoded|code<<codeShift) {
			return
		}
	}
}

// takeInnerCode uses the code of SetInnerCode, and returns the other marks.
func (x *Exchange) takeInnerCode(marks uint32) uint32 {
	if marks&markCoded != 0 && x.coded == 0 && !x.replaced {
		x.setCode(marks >> codeShift)
		x.clientGone = x.clientGone && x.coded != deadlineExceeded+1
	}
	return marks & (markCoded - 1)
}

// Code returns the name of the code, "" without one.
func (x *Exchange) Code() string {
	switch {
	case x.coded == 0:
		return ""
	case x.coded <= uint32(len(codes)):
		return codes[x.coded-1].name
	}
	return strconv.FormatUint(uint64(x.coded-1), 10)
}
