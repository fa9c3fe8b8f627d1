package tacho

import (
	"fmt"
	"net/http"
)

// Access says who may read the metrics endpoint. The zero value lets everybody,
// and warns once if that turns out to be the whole internet.
//
// Allow is asked first; then a client must name one of the Users, or show one of
// the BearerTokens, if there are any of these. Comparing takes the same time
// whatever is wrong. To read hashed passwords or certificates from
// exporter-toolkit's web configuration file, serve the endpoint on a port of its
// own with package web.
type Access struct {
	// Allow lists the addresses that may connect, as prefixes (10.0.0.0/8) or
	// single addresses. The connection's own address counts, never a header;
	// behind a proxy that is the proxy's.
	Allow []string

	// Users are names and passwords for basic authentication (RFC 7617).
	Users map[string]string

	// BearerTokens are tokens for bearer authentication (RFC 6750).
	BearerTokens []string

	// Middleware is put around the endpoint, inside of the checks above.
	Middleware func(http.Handler) http.Handler

	// Public says that everybody may read the metrics, and silences the warning.
	Public bool
}

// guarded reports whether anybody is kept out.
func (a Access) guarded() bool {
	return len(a.Allow)+len(a.Users)+len(a.BearerTokens) > 0 || a.Middleware != nil
}

// String keeps secrets out of logs that print Options.
func (a Access) String() string {
	return fmt.Sprintf("{Allow:%v Users:%d BearerTokens:%d Middleware:%t Public:%t}",
		a.Allow, len(a.Users), len(a.BearerTokens), a.Middleware != nil, a.Public)
}
