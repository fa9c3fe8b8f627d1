// Package origin keeps foreign web pages away from a server that trusts the
// machine it runs on. A browser sends requests on behalf of any page that its user
// has open, also to loopback addresses that nobody else can reach. Programs that
// are no browsers are not affected.
package origin

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Guard returns a handler that passes on to next what its own pages and programs
// send. It answers 403 to:
//
//   - a request that a page of another origin sends. Only following a link is
//     allowed, as long as it is a GET;
//   - a request over a loopback address whose Host header is neither a name of this
//     machine nor the host of the external URL. An attacker can let a name of
//     theirs resolve to 127.0.0.1 (DNS rebinding); to the browser, that page and
//     this server are one origin.
//
// The external URL is where people reach the server, such as that of a reverse
// proxy; nil if there is none. Requests of its origin count as the server's own.
func Guard(next http.Handler, external *url.URL) http.Handler {
	g := &guard{next: next, writes: http.NewCrossOriginProtection(), names: append([]string{"localhost"}, containerNames...)}
	if name, err := os.Hostname(); err == nil {
		g.names = append(g.names, hostname(name))
	}
	if external != nil {
		g.names = append(g.names, hostname(external.Host))
		// A proxy may send a Host of its own; then nothing else tells that the
		// browser is on the right page. A URL that is no origin adds none.
		_ = g.writes.AddTrustedOrigin(external.Scheme + "://" + external.Host)
	}
	return g
}

// containerNames are what containers call the machine that they run on. Docker
// Desktop and Podman connect such requests to its loopback address. Nobody can
// register a name below .internal.
var containerNames = []string{"host.docker.internal", "host.containers.internal"}

type guard struct {
	next   http.Handler
	writes *http.CrossOriginProtection
	names  []string // what this machine is called, in lower case
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// For browsers that send no Sec-Fetch-Site: they do not over plain HTTP,
	// except to loopback addresses.
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
	if err := g.check(r); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	g.next.ServeHTTP(w, r)
}

func (g *guard) check(r *http.Request) error {
	if host := hostname(r.Host); overLoopback(r) && host != "" && !g.isOurs(host) {
		return fmt.Errorf("the host %q is not this server: use localhost; behind a proxy, start it with --external-url and the URL that people use", host)
	}
	if readsFromElsewhere(r) {
		return errors.New("a page of another origin cannot read from here")
	}
	if g.writes.Check(r) != nil {
		return fmt.Errorf("a page of another origin cannot send %s requests; behind a proxy, start this server with --external-url and the URL that people use", r.Method)
	}
	return nil
}

// overLoopback tells whether a request has come over a loopback address. That the
// connection counts, not the listener, covers one that listens everywhere.
func overLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.IP.IsLoopback()
}

// isOurs tells whether a host cannot be that of a foreign page.
func (g *guard) isOurs(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		return true
	}
	if strings.HasSuffix(host, ".localhost") {
		return true
	}
	return slices.Contains(g.names, host)
}

// readsFromElsewhere tells whether a page of another origin loads this as a part
// of itself. The browser hides the answer from it, but a query would still be
// calculated.
func readsFromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return r.Header.Get("Sec-Fetch-Mode") != "navigate"
	}
	return false
}

// hostname is a Host header without the port, in lower case.
func hostname(host string) string {
	return strings.ToLower(strings.TrimSuffix((&url.URL{Host: host}).Hostname(), "."))
}
