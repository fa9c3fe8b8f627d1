package schema_test

import (
	"regexp"
	"testing"

	"github.com/tacho-go/tacho/schema"
)

// TestErrorStatus: which statuses and codes are failures of the server, in every spelling.
func TestErrorStatus(t *testing.T) {
	failed := regexp.MustCompile("^(?:" + schema.ErrorStatus + ")$")
	for _, s := range []string{
		"500", "503", "599", "5xx", "Internal Server Error", "Network Authentication Required",
		"2", "Unknown", "UNKNOWN", "unknown",
		"4", "DeadlineExceeded", "DEADLINE_EXCEEDED", "deadline_exceeded",
		"12", "Unimplemented", "UNIMPLEMENTED", "unimplemented",
		"13", "Internal", "INTERNAL", "internal",
		"14", "Unavailable", "UNAVAILABLE", "unavailable",
		"15", "DataLoss", "DATA_LOSS", "data_loss",
	} {
		if !failed.MatchString(s) {
			t.Errorf("%s is not an error", s)
		}
	}
	for _, s := range []string{
		"", "200", "204", "404", "499", "2xx", "4xx", "OK", "Not Found", "0", "1", "3", "5", "6", "7", "8", "9", "10", "11", "16", "17", "20", "52",
		"ok", "Canceled", "CANCELLED", "CANCELED", "canceled", "InvalidArgument", "INVALID_ARGUMENT", "NotFound", "NOT_FOUND", "not_found",
		"AlreadyExists", "PermissionDenied", "ResourceExhausted", "RESOURCE_EXHAUSTED", "FailedPrecondition", "Aborted", "OutOfRange", "Unauthenticated", "unauthenticated",
	} {
		if failed.MatchString(s) {
			t.Errorf("%s is an error", s)
		}
	}
}
