package doctor

import (
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/tacho-go/tacho/internal/redact"
)

// defaultPath is where nearly every client library serves metrics.
const defaultPath = "/metrics"

// ErrURL is the cause of a [TargetError] about what is no URL: nothing was asked.
var ErrURL = errors.New("no URL that can be scraped")

const anyForm = "give a URL such as http://localhost:8080/metrics, host:port or :port"

// parseTarget reads what a person types: a URL, host:port, host or :port.
func parseTarget(s string) (*url.URL, error) {
	s = strings.TrimSpace(s)
	switch filepath.Ext(s) {
	case "":
		if s == "" {
			return nil, badTarget(`""`, "this URL is empty", anyForm)
		}
	case ".yml", ".yaml", ".json":
		if !strings.Contains(s, "/") {
			return nil, badTarget(s, "this is a file", "give the URL of one service; tacho serve takes files")
		}
	}
	if strings.HasPrefix(s, ":") {
		s = "localhost" + s
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil || !utf8.ValidString(s) {
		return nil, badTarget(s, "this is not a URL", anyForm)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, badTarget(s, "scheme "+u.Scheme+" is not known", "use http:// or https://")
	}
	switch _, err := net.LookupPort("tcp", u.Port()); {
	case u.Hostname() == "":
		return nil, badTarget(s, "the URL names no host", anyForm)
	case strings.ContainsAny(u.Hostname(), NoHost):
		return nil, badTarget(s, "this is not a host", "give each URL as an argument of its own, without a name")
	case strings.HasSuffix(u.Host, ":") || u.Port() == "0" || err != nil:
		return nil, badTarget(s, "there is no such port", "give host:port with a port from 1 to 65535")
	}
	u.Fragment, u.RawFragment = "", ""
	if u.Path == "" || u.Path == "/" {
		u.Path = defaultPath
	}
	return u, nil
}

// shown is how people read a URL: without a password.
func shown(u *url.URL) string { return redact.URL(u.String()) }

// NoHost are the characters that RFC 3986 allows in a host and no name or address has.
const NoHost = "!$&'()*+,;=~\""

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
