package tacho

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/tacho-go/tacho/internal/engine"
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
		if _, err := parsePrefix(entry); err != nil {
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

func parsePrefix(entry string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(entry)
	if err != nil {
		a, err := netip.ParseAddr(entry)
		if err != nil {
			return netip.Prefix{}, err
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	const mapped = 96 // the bits of IPv6 before an IPv4 address
	if p.Addr().Is4In6() && p.Bits() >= mapped {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	return p.Masked(), nil
}

// A gate stands before the metrics endpoint.
type gate struct {
	meter  *Meter
	access Access
	allow  []netip.Prefix
	next   http.Handler
}

func newGate(m *Meter, access Access, next http.Handler) *gate {
	g := &gate{meter: m, access: access, next: next}
	for _, entry := range g.access.Allow {
		p, _ := parsePrefix(entry) // New has checked them
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
	case !g.admits(r):
		http.Error(w, "this address may not read the metrics", http.StatusForbidden)
	case !g.recognises(r):
		g.challenge(w)
	default:
		g.warn(r)
		g.next.ServeHTTP(w, r)
	}
}

// admits reports whether a client's address may connect. A unix socket is this
// machine's, and let in where a loopback address is.
func (g *gate) admits(r *http.Request) bool {
	if len(g.allow) == 0 {
		return true
	}
	allowed := func(a netip.Addr) bool {
		return slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	if from, ok := addressOf(r.RemoteAddr); ok {
		return allowed(from)
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return local != nil && local.Network() == "unix" &&
		(allowed(netip.IPv6Loopback()) || allowed(netip.AddrFrom4([4]byte{127, 0, 0, 1})))
}

func addressOf(hostPort string) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort
	}
	a, err := netip.ParseAddr(host)
	return a.Unmap().WithZone(""), err == nil
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
		known |= same(t, token)
	}
	return known == 1
}

func (g *gate) knowsUser(user, password string) bool {
	known := 0
	for name, secret := range g.access.Users {
		known |= same(name, user) & same(secret, password)
	}
	return known == 1
}

// same compares in a time that does not tell how much of b is right.
func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
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
	where := publicAddress(r)
	if where == "" || !g.meter.warnedPublic.CompareAndSwap(false, true) {
		return
	}
	g.meter.logger().Warn("tacho: the metrics endpoint answers on a public address, and anybody can read it: "+
		"set Options.Access, serve it on a port of its own (Meter.Serve) or behind a proxy that keeps strangers out; "+
		"Access.Public says that it is meant so", "path", r.URL.Path, "address", where)
}

// publicAddress is an address by which a request shows that the internet can
// reach us: its server's, its client's, or the client of a proxy's.
func publicAddress(r *http.Request) string {
	var all []string
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		all = append(all, local.String())
	}
	all = append(all, r.RemoteAddr)
	if first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ","); first != "" {
		all = append(all, strings.TrimSpace(first))
	}
	for _, a := range all {
		if ip, ok := addressOf(a); ok && isPublic(ip) {
			return ip.String()
		}
	}
	return ""
}

// unrouted are networks that nobody on the internet has: of carriers and clouds
// (RFC 6598), and those of examples and tests (RFC 5737, RFC 3849).
var unrouted = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("2001:db8::/32"),
}

func isPublic(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() &&
		!slices.ContainsFunc(unrouted, func(p netip.Prefix) bool { return p.Contains(a) })
}

// String keeps secrets out of logs that print Options.
func (a Access) String() string {
	return fmt.Sprintf("{Allow:%v Users:%d BearerTokens:%d Middleware:%t Public:%t}",
		a.Allow, len(a.Users), len(a.BearerTokens), a.Middleware != nil, a.Public)
}
