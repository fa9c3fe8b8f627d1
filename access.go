package tacho

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tacho-go/tacho/internal/engine"
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

// A gate stands before the metrics endpoint.
type gate struct {
	meter  *Meter
	access Access
	allow  netacl.Prefixes
	next   http.Handler
}

func newGate(m *Meter, access Access, next http.Handler) *gate {
	g := &gate{meter: m, access: access, next: next}
	for _, entry := range g.access.Allow {
		p, _ := netacl.ParsePrefix(entry) // New has checked them
		g.allow = append(g.allow, p)
	}
	if g.access.Middleware != nil {
		g.next = g.access.Middleware(next)
		engine.MustHandler("Access.Middleware", g.next)
	}
	return g
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if x := g.meter.engine.Enclosing(w, r.Context()); x != nil {
		x.Exclude()
	}
	switch {
	case !g.allow.Admit(r):
		http.Error(w, "this address may not read the metrics", http.StatusForbidden)
	case !g.recognises(r):
		g.challenge(w)
	default:
		g.warn(r)
		g.next.ServeHTTP(w, r)
	}
}

func (g *gate) recognises(r *http.Request) bool {
	if len(g.access.Users)+len(g.access.BearerTokens) == 0 {
		return true
	}
	header := r.Header.Get("Authorization")
	if scheme, token, ok := strings.Cut(header, " "); ok && strings.EqualFold(scheme, "Bearer") {
		return g.knowsToken(strings.TrimSpace(token))
	}
	user, password, ok := r.BasicAuth()
	return ok && g.knowsUser(user, password)
}

func (g *gate) knowsToken(token string) bool {
	known := 0
	for _, t := range g.access.BearerTokens {
		known |= netacl.Equal(t, token)
	}
	return known == 1
}

func (g *gate) knowsUser(user, password string) bool {
	known := 0
	for name, secret := range g.access.Users {
		known |= netacl.Equal(name, user) & netacl.Equal(secret, password)
	}
	return known == 1
}

func (g *gate) challenge(w http.ResponseWriter) {
	if len(g.access.Users) > 0 {
		w.Header().Add("WWW-Authenticate", `Basic realm="metrics", charset="UTF-8"`)
	}
	if len(g.access.BearerTokens) > 0 {
		w.Header().Add("WWW-Authenticate", `Bearer realm="metrics"`)
	}
	http.Error(w, "the metrics need a user or token", http.StatusUnauthorized)
}

// warn says once that somebody on the internet has read the metrics, or can.
func (g *gate) warn(r *http.Request) {
	if g.access.guarded() || g.access.Public || g.meter.warnedPublic.Load() {
		return
	}
	where := netacl.PublicAddress(r)
	if where == "" || !g.meter.warnedPublic.CompareAndSwap(false, true) {
		return
	}
	g.meter.logger().Warn("tacho: the metrics endpoint answers on a public address, and anybody can read it: "+
		"set Options.Access, serve it on a port of its own (Meter.Serve) or behind a proxy that keeps strangers out; "+
		"Access.Public says that it is meant so", "path", r.URL.Path, "address", where)
}

// String keeps secrets out of logs that print Options.
func (a Access) String() string {
	return fmt.Sprintf("{Allow:%v Users:%d BearerTokens:%d Middleware:%t Public:%t}",
		a.Allow, len(a.Users), len(a.BearerTokens), a.Middleware != nil, a.Public)
}
