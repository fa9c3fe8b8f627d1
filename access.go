package tacho

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/netacl"
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

// An accessControl protects the metrics endpoint.
type accessControl struct {
	meter  *Meter
	access Access
	allow  netacl.Prefixes
	next   http.Handler
}

func newAccessControl(m *Meter, access Access, next http.Handler) *accessControl {
	a := &accessControl{meter: m, access: access, next: next}
	for _, entry := range a.access.Allow {
		p, _ := netacl.ParsePrefix(entry) // checked by New
		a.allow = append(a.allow, p)
	}
	if a.access.Middleware != nil {
		a.next = a.access.Middleware(next)
		engine.MustHandler("Endpoint.Access.Middleware", a.next)
	}
	return a
}

func (a *accessControl) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if x := a.meter.engine.Enclosing(w, r.Context()); x != nil {
		x.Exclude()
	}
	switch {
	case !a.allow.Admit(r):
		http.Error(w, "this address may not read the metrics", http.StatusForbidden)
	case !a.authorized(r):
		a.challenge(w)
	default:
		a.warn(r)
		a.next.ServeHTTP(w, r)
	}
}

func (a *accessControl) authorized(r *http.Request) bool {
	if len(a.access.Users)+len(a.access.BearerTokens) == 0 {
		return true
	}
	header := r.Header.Get("Authorization")
	if scheme, token, ok := strings.Cut(header, " "); ok && strings.EqualFold(scheme, "Bearer") {
		return a.validToken(strings.TrimSpace(token))
	}
	user, password, ok := r.BasicAuth()
	return ok && a.validUser(user, password)
}

func (a *accessControl) validToken(token string) bool {
	valid := 0
	for _, t := range a.access.BearerTokens {
		valid |= netacl.Equal(t, token)
	}
	return valid == 1
}

func (a *accessControl) validUser(user, password string) bool {
	valid := 0
	for name, secret := range a.access.Users {
		valid |= netacl.Equal(name, user) & netacl.Equal(secret, password)
	}
	return valid == 1
}

func (a *accessControl) challenge(w http.ResponseWriter) {
	if len(a.access.Users) > 0 {
		w.Header().Add("WWW-Authenticate", `Basic realm="metrics", charset="UTF-8"`)
	}
	if len(a.access.BearerTokens) > 0 {
		w.Header().Add("WWW-Authenticate", `Bearer realm="metrics"`)
	}
	http.Error(w, "the metrics need a user or token", http.StatusUnauthorized)
}

// warn logs once that the metrics were read from a public address, or can be.
func (a *accessControl) warn(r *http.Request) {
	if a.access.guarded() || a.access.Public || a.meter.warnedPublic.Load() {
		return
	}
	where := netacl.PublicAddress(r)
	if where == "" || !a.meter.warnedPublic.CompareAndSwap(false, true) {
		return
	}
	a.meter.logger().Warn("tacho: the metrics endpoint answers on a public address, and anybody can read it: "+
		"set Options.Endpoint.Access, serve it on a port of its own (Meter.Serve) or behind a proxy that keeps strangers out; "+
		"Endpoint.Access.Public says that it is meant so", "path", r.URL.Path, "address", where)
}
