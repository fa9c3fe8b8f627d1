package tacho

import (
	"net/http"
	"strings"

	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/netacl"
)

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
		engine.MustHandler("Endpoint.Access.Middleware", g.next)
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
		"set Options.Endpoint.Access, serve it on a port of its own (Meter.Serve) or behind a proxy that keeps strangers out; "+
		"Endpoint.Access.Public says that it is meant so", "path", r.URL.Path, "address", where)
}
