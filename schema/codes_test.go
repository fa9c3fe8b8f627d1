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

// TestRouteOf: a route of labels that are joined, and the way back.
func TestRouteOf(t *testing.T) {
	split, whole := schema.GoGRPCMiddleware().Requests, schema.OTelRPC().Duration
	for _, c := range []struct {
		family schema.Family
		labels map[string]string
		want   string
	}{
		{split, map[string]string{"grpc_service": "shop.v1.Shop", "grpc_method": "Buy"}, "/shop.v1.Shop/Buy"},
		{split, map[string]string{"grpc_service": "a/b.Shop", "grpc_method": "Buy"}, "/a/b.Shop/Buy"},
		{whole, map[string]string{"rpc_method": "shop.v1.Shop/Buy"}, "/shop.v1.Shop/Buy"},
		{whole, map[string]string{"rpc_method": "_OTHER"}, "/_OTHER"},
		{schema.Default().Requests, map[string]string{"path": "/orders/{id}"}, "/orders/{id}"},
	} {
		l, _ := c.family.Label(schema.Route)
		if got := l.RouteOf(func(name string) string { return c.labels[name] }); got != c.want {
			t.Errorf("%v is the route %q, want %q", c.labels, got, c.want)
		}
		names, values := l.Labels(c.want)
		if len(names) != len(c.labels) {
			t.Errorf("%s has the labels %v, want %v", c.want, names, c.labels)
		}
		for i, name := range names {
			if values[i] != c.labels[name] {
				t.Errorf("%s has %s=%q, want %q", c.want, name, values[i], c.labels[name])
			}
		}
	}
	l, _ := split.Label(schema.Route)
	for _, name := range []string{"unmatched", "unknown"} {
		if got := l.RouteOf(func(string) string { return name }); got != name {
			t.Errorf("methods that are %s are the route %q", name, got)
		}
		if names, values := l.Labels(name); len(names) != 1 || names[0] != "grpc_service" || values[0] != name {
			t.Errorf("%s has the labels %v=%v", name, names, values)
		}
	}
}
