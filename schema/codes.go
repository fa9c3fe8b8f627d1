package schema

import (
	"strconv"
	"strings"
	"unicode"
)

// httpErrors are the statuses, status classes and status texts from 500 on.
const httpErrors = "5..|Internal Server Error|Not Implemented|Bad Gateway|Service Unavailable|Gateway Timeout|" +
	"HTTP Version Not Supported|Variant Also Negotiates|Insufficient Storage|Loop Detected|Not Extended|" +
	"Network Authentication Required"

// rpcCodes are the status codes of gRPC, by number, as Go writes them. Connect has the same ones
// without OK. (https://grpc.io/docs/guides/status-codes/)
//
// fails marks the codes that are failures of a server according to the semantic conventions of
// OpenTelemetry; the others are the client's doing. (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/)
var rpcCodes = []struct {
	name  string
	fails bool
}{
	{"OK", false},
	{"Canceled", false},
	{"Unknown", true},
	{"InvalidArgument", false},
	{"DeadlineExceeded", true},
	{"NotFound", false},
	{"AlreadyExists", false},
	{"PermissionDenied", false},
	{"ResourceExhausted", false},
	{"FailedPrecondition", false},
	{"Aborted", false},
	{"OutOfRange", false},
	{"Unimplemented", true},
	{"Internal", true},
	{"Unavailable", true},
	{"DataLoss", true},
	{"Unauthenticated", false},
}

// ErrorStatus is the regular expression for the statuses of failed requests: statuses, status
// classes and status texts from 500 on, and the codes of RPCs that failed in the server, as numbers
// and in the spellings of Go, gRPC and Connect. A client that disconnected (499, Canceled) is not a
// failure of the service.
var ErrorStatus = httpErrors + "|" + strings.Join(rpcErrors(), "|")

func rpcErrors() (all []string) {
	for number, code := range rpcCodes {
		if code.fails {
			all = append(all, strconv.Itoa(number), code.name, strings.ToUpper(snake(code.name)), snake(code.name))
		}
	}
	return all
}

// snake writes DataLoss as data_loss.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
