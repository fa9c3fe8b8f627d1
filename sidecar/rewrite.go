package sidecar

import (
	"net"
	"net/http/httputil"
	"net/netip"
	"slices"
	"strings"

	"github.com/tacho-go/tacho/internal/netacl"
)

// rewrite makes the upstream's request from the client's. ReverseProxy has removed the hop-by-hop
// headers, and some of the forwarding ones.
func (c *config) rewrite(p *httputil.ProxyRequest) {
	x := exchangeOf(p.In.Context())
	p.Out.URL.Scheme, p.Out.URL.Host = x.upstream.scheme, x.upstream.host
	p.Out.URL.RawQuery = p.In.URL.RawQuery // ReverseProxy drops what it cannot parse
	if base := x.upstream.base; base != "" {
		p.Out.URL.Path, p.Out.URL.RawPath = base+p.In.URL.Path, rawPath(base, p.In.URL.RawPath)
	}
	p.Out.Host = p.In.Host
	p.Out.Trailer = p.In.Trailer // filled while the body is read
	if !upgrades(p.In.Method, p.Out.Header) {
		p.Out.Header.Del("Connection")
		p.Out.Header.Del("Upgrade")
	}
	p.Out.Header.Del("Http2-Settings")
	removeTwins(p.Out.Header)
	c.forward(p)
}

func rawPath(base, raw string) string {
	if raw == "" {
		return ""
	}
	return base + raw
}

// upgrades reports whether a request may become a tunnel. Other protocols, such as h2c, would carry
// requests that nobody sees.
func upgrades(method string, h map[string][]string) bool {
	return method == "GET" && hasToken(h["Connection"], "upgrade") && len(h["Upgrade"]) == 1 && strings.EqualFold(h["Upgrade"][0], "websocket")
}

// forward sets the forwarding headers. Those of trusted proxies remain, and the client's address is
// appended.
func (c *config) forward(p *httputil.ProxyRequest) {
	removeForwarding(p.Out.Header)
	if c.trusts(p.In.RemoteAddr) {
		for name, values := range p.In.Header {
			if isForwarding(name) && !hasToken(p.In.Header["Connection"], name) {
				p.Out.Header[name] = slices.Clone(values)
			}
		}
	}
	h := p.Out.Header
	if client := hostOf(p.In.RemoteAddr); client != "" {
		if prior := h["X-Forwarded-For"]; len(prior) > 0 {
			client = strings.Join(prior, ", ") + ", " + client
		}
		h["X-Forwarded-For"] = []string{client}
	}
	if len(h["X-Forwarded-Host"]) == 0 {
		h["X-Forwarded-Host"] = []string{p.In.Host}
	}
	if len(h["X-Forwarded-Proto"]) == 0 {
		h["X-Forwarded-Proto"] = []string{protocolOf(p)}
	}
}

func protocolOf(p *httputil.ProxyRequest) string {
	if p.In.TLS != nil {
		return "https"
	}
	return "http"
}

func (c *config) trusts(remote string) bool {
	if len(c.options.Trusted) == 0 {
		return false
	}
	a, err := netip.ParseAddr(hostOf(remote))
	return err == nil && netacl.Prefixes(c.options.Trusted).Contain(a)
}

// hostOf returns the address without the port, "" for a unix socket.
func hostOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return ""
	}
	return host
}
