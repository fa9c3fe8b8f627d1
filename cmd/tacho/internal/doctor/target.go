package doctor

import (
	"net"
	"net/url"
	"strings"
)

// defaultPath is where nearly every client library serves metrics.
const defaultPath = "/metrics"

// parseTarget reads what a person types: a URL, host:port, host or :port.
func parseTarget(s string) (*url.URL, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, badTarget(s, "no target given", "give a URL, host:port or :port")
	}
	if strings.HasPrefix(s, ":") {
		s = "localhost" + s
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, badTarget(s, "this is not a URL", "give a URL such as http://localhost:8080/metrics, host:port or :port")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, badTarget(s, "scheme "+u.Scheme+" is not known", "use http:// or https://")
	}
	if u.Hostname() == "" {
		return nil, badTarget(s, "the URL names no host", "give a URL such as http://localhost:8080/metrics")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = defaultPath
	}
	return u, nil
}

// nearness says who can reach an address.
type nearness int

const (
	sameMachine nearness = iota
	privateNetwork
	publicNetwork
)

// nearnessOf judges the farthest of the addresses: a name that resolves to a
// private and to a public address is public.
func nearnessOf(ips []net.IP) nearness {
	far := sameMachine
	for _, ip := range ips {
		far = max(far, nearnessOfIP(ip))
	}
	return far
}

func nearnessOfIP(ip net.IP) nearness {
	switch {
	case ip.IsLoopback():
		return sameMachine
	case ip.IsPrivate(), ip.IsLinkLocalUnicast(), ip.IsUnspecified():
		return privateNetwork
	default:
		return publicNetwork
	}
}
