package sidecar

import (
	"net/http"
	"net/textproto"
	"strings"
)

// hopByHop are the headers of one connection (RFC 9110, section 7.6.1, and those that RFC 2616
// listed).
var hopByHop = []string{
	"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// removeHopByHop removes the headers of one connection, with those that Connection names.
func removeHopByHop(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(textproto.TrimString(name))
		}
	}
	for _, name := range hopByHop {
		h.Del(name)
	}
}

// isForwarding reports whether a canonical name is one of a proxy's headers. A client could claim
// any address in them.
func isForwarding(name string) bool {
	return strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded" || name == "X-Real-Ip"
}

// owned are other headers that must not come twice for a server that does not distinguish - and _,
// as in WSGI and CGI, where both become HTTP_X_Y.
var owned = map[string]bool{"Host": true, "Content-Length": true, "Content-Type": true, "Transfer-Encoding": true, "Connection": true}

// removeTwins removes headers whose names differ from others only in _ for -. Gunicorn would join
// their values to those of the proxy. It also removes Proxy, which becomes HTTP_PROXY
// (CVE-2016-5385). Other headers with an underscore pass.
func removeTwins(h http.Header) {
	delete(h, "Proxy")
	for name := range h {
		if !strings.Contains(name, "_") {
			continue
		}
		twin := textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(name, "_", "-"))
		if _, both := h[twin]; both || owned[twin] || isForwarding(twin) || twin == "Proxy" {
			delete(h, name)
		}
	}
}

// removeForwarding removes the forwarding headers of a client that is not trusted.
func removeForwarding(h http.Header) {
	for name := range h {
		if isForwarding(name) {
			delete(h, name)
		}
	}
}

// hasToken reports whether a comma-separated header has a token, in any case.
func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for one := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(textproto.TrimString(one), token) {
				return true
			}
		}
	}
	return false
}
