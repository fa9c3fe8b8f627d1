package tacho

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tacho-go/tacho/internal/netacl"
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

func (a Access) clone() Access {
	a.Allow, a.BearerTokens = slices.Clone(a.Allow), slices.Clone(a.BearerTokens)
	a.Users = maps.Clone(a.Users)
	return a
}

func (a Access) check(wrong complaint) {
	for _, entry := range a.Allow {
		if _, err := netacl.ParsePrefix(entry); err != nil {
			wrong("Access.Allow", "%q is neither an address nor a prefix such as 10.0.0.0/8", entry)
		}
	}
	for _, user := range slices.Sorted(maps.Keys(a.Users)) {
		if a.Users[user] == "" || strings.Contains(user, ":") {
			wrong("Access.Users", "%q has an empty password, or a colon in its name", user)
		}
	}
	if slices.Contains(a.BearerTokens, "") {
		wrong("Access.BearerTokens", "an empty token would let everybody in")
	}
	if a.Public && a.guarded() {
		wrong("Access.Public", "contradicts the other fields, which keep somebody out")
	}
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
