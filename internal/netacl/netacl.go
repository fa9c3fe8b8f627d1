// Package netacl holds what access control needs: addresses and prefixes, public
// addresses, and a comparison in constant time. It imports the standard library
// only.
package netacl

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ParsePrefix parses a prefix such as 10.0.0.0/8 or a single address.
func ParsePrefix(entry string) (netip.Prefix, error) {
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

// Prefixes are the addresses that may connect. Without any, all may.
type Prefixes []netip.Prefix

// Admit reports whether the client of a request may connect. The connection's own
// address counts, never a header. A unix socket is this machine's, and is admitted
// where a loopback address is.
func (all Prefixes) Admit(r *http.Request) bool {
	if len(all) == 0 {
		return true
	}
	if from, ok := parseAddress(r.RemoteAddr); ok {
		return all.Contain(from)
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return local != nil && local.Network() == "unix" &&
		(all.Contain(netip.IPv6Loopback()) || all.Contain(netip.AddrFrom4([4]byte{127, 0, 0, 1})))
}

// Contain reports whether one of the prefixes contains the address. An IPv4 address
// within IPv6 is that IPv4 address, and zones do not count.
func (all Prefixes) Contain(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(a) })
}

// parseAddress is the address in a host, or a host and port.
func parseAddress(hostPort string) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort
	}
	a, err := netip.ParseAddr(host)
	return a.Unmap().WithZone(""), err == nil
}

// Equal returns 1 if the strings are equal and 0 if not, in a time that does not
// tell how much of b is right.
func Equal(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

// PublicAddress returns an address by which a request shows that the internet can
// reach us: its server's, its client's, or the client of a proxy's. It is "" if
// there is none.
func PublicAddress(r *http.Request) string {
	var all []string
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		all = append(all, local.String())
	}
	all = append(all, r.RemoteAddr)
	if first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ","); first != "" {
		all = append(all, strings.TrimSpace(first))
	}
	for _, a := range all {
		if ip, ok := parseAddress(a); ok && isPublic(ip) {
			return ip.String()
		}
	}
	return ""
}

// unrouted are networks that nobody on the internet has: of carriers and clouds
// (RFC 6598), and those of examples and tests (RFC 5737, RFC 3849).
var unrouted = Prefixes{
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("2001:db8::/32"),
}

func isPublic(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !unrouted.Contain(a)
}
