package tacho

import (
	"fmt"
	"net/http"
)

// Access restricts who may read the metrics endpoint. The zero value lets everyone read it, and
// logs a warning once if the endpoint turns out to be public.
//
// Allow is checked first. If there are Users or BearerTokens, a client must then authenticate as
// one of the Users or with one of the BearerTokens. Comparisons take constant time. For hashed
// passwords or certificates from exporter-toolkit's web configuration file, serve the endpoint on
// its own port with package web.
type Access struct {
	// Allow lists the addresses that may connect, as prefixes (10.0.0.0/8) or single addresses. It
	// is compared with the connection's remote address, never with a header. Behind a proxy, that
	// is the proxy's address.
	Allow []string

	// Users are names and passwords for basic authentication (RFC 7617).
	Users map[string]string

	// BearerTokens are tokens for bearer authentication (RFC 6750).
	BearerTokens []string

	// Middleware wraps the endpoint, inside the checks above.
	Middleware func(http.Handler) http.Handler

	// Public declares that everyone may read the metrics, and disables the warning.
	Public bool
}

// guarded reports whether access is restricted.
func (a Access) guarded() bool {
	return len(a.Allow)+len(a.Users)+len(a.BearerTokens) > 0 || a.Middleware != nil
}

// String omits secrets, for logs that print Options.
func (a Access) String() string {
	return fmt.Sprintf("{Allow:%v Users:%d BearerTokens:%d Middleware:%t Public:%t}",
		a.Allow, len(a.Users), len(a.BearerTokens), a.Middleware != nil, a.Public)
}
