package engine

import (
	"context"
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

// SetCode reports the code of an RPC. ctx is that of WroteHeader.
func (x *Exchange) SetCode(ctx context.Context, code uint32) {
	if x.status != 0 {
		return
	}
	status := http.StatusInternalServerError // as for UNKNOWN
	if code < uint32(len(codes)) {
		x.code, status = codes[code].name, codes[code].status
	} else {
		x.code = strconv.FormatUint(uint64(code), 10)
	}
	x.WroteHeader(ctx, status)
}
