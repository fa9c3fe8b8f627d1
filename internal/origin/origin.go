// Package origin protects a server that trusts its machine from foreign web pages. A
// browser sends requests on behalf of any open page, including requests to loopback
// addresses that are not reachable from elsewhere. Other programs are not affected.
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

// Guard returns a handler that passes requests of programs and of the server's own pages
// to next. It responds with 403 to:
//
//   - a request from a page of another origin, unless it is a GET that follows a
//     link;
//   - a request over a loopback address whose Host header is neither a name of this
//     machine nor the host of the external URL. An attacker's domain can resolve to
//     127.0.0.1 (DNS rebinding); to the browser, that page and this server have the
//     same origin.
//
// external is the public URL of the server, such as that of a reverse proxy, or nil.
// Requests of its origin count as the server's own.
func Guard(next http.Handler, external *url.URL) http.Handler {
	g := &guard{next: next, writes: http.NewCrossOriginProtection(), names: append([]string{"localhost"}, containerNames...)}
	if name, err := os.Hostname(); err == nil {
		g.names = append(g.names, hostname(name))
	}
	if external != nil {
		g.names = append(g.names, hostname(external.Host))
		// A proxy may replace the Host header; then only the origin identifies the
		// page. An invalid origin is not added.
		_ = g.writes.AddTrustedOrigin(external.Scheme + "://" + external.Host)
	}
	return g
}

// containerNames are the names of the host machine in containers. Docker Desktop and
// Podman forward such requests to its loopback address. Names below .internal cannot be
// registered.
var containerNames = []string{"host.docker.internal", "host.containers.internal"}

type guard struct {
	next   http.Handler
	writes *http.CrossOriginProtection
	names  []string // names of this machine, in lower case
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// For browsers that send no Sec-Fetch-Site header, as over plain HTTP to
	// addresses other than loopback.
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

// overLoopback reports whether a request arrived on a loopback address. It checks the
// connection, because the listener may listen on all addresses.
func overLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.IP.IsLoopback()
}

// isOurs reports whether a host cannot belong to a foreign page.
func (g *guard) isOurs(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		return true
	}
	if strings.HasSuffix(host, ".localhost") {
		return true
	}
	return slices.Contains(g.names, host)
}

// readsFromElsewhere reports whether a page of another origin loads this as a subresource.
// The browser hides the response from the page, but a query would still run.
func readsFromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return r.Header.Get("Sec-Fetch-Mode") != "navigate"
	}
	return false
}

// hostname returns a Host header without the port, in lower case.
func hostname(host string) string {
	return strings.ToLower(strings.TrimSuffix((&url.URL{Host: host}).Hostname(), "."))
}
