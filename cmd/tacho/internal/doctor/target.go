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

// defaultPath is the usual path of metrics.
const defaultPath = "/metrics"

// ErrURL is the cause of a [TargetError] for an invalid URL: no request was sent.
var ErrURL = errors.New("not a URL that can be scraped")

const anyForm = "give a URL such as http://localhost:8080/metrics, host:port or :port"

// parseTarget parses a URL, host:port, host or :port.
func parseTarget(s string) (*url.URL, error) {
	s = strings.TrimSpace(s)
	switch filepath.Ext(s) {
	case "":
		if s == "" {
			return nil, badTarget(`""`, "this URL is empty", anyForm)
		}
	case ".yml", ".yaml", ".json":
		if !strings.Contains(s, "/") {
			return nil, badTarget(s, "this is a file", "give the URL of one service; only tacho serve reads files")
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
		return nil, badTarget(s, "unknown scheme "+u.Scheme, "use http:// or https://")
	}
	switch _, err := net.LookupPort("tcp", u.Port()); {
	case u.Hostname() == "":
		return nil, badTarget(s, "the URL has no host", anyForm)
	case strings.ContainsAny(u.Hostname(), NoHost):
		return nil, badTarget(s, "this is not a valid host", "give each URL as a separate argument, without a name")
	case strings.HasSuffix(u.Host, ":") || u.Port() == "0" || err != nil:
		return nil, badTarget(s, "the port is invalid", "give host:port with a port from 1 to 65535")
	}
	u.Fragment, u.RawFragment = "", ""
	if u.Path == "" || u.Path == "/" {
		u.Path = defaultPath
	}
	return u, nil
}

// shown returns a URL without its password.
func shown(u *url.URL) string { return redact.URL(u.String()) }

// NoHost are characters that RFC 3986 allows in a host but that no name or address contains.
const NoHost = "!$&'()*+,;=~\""

// reach is the network from which an address is reachable.
type reach int

const (
	sameMachine reach = iota
	privateNetwork
	publicNetwork
)

// reachOf returns the widest reach of the addresses: a name that resolves to a private
// and a public address is public.
func reachOf(ips []net.IP) reach {
	far := sameMachine
	for _, ip := range ips {
		far = max(far, reachOfIP(ip))
	}
	return far
}

func reachOfIP(ip net.IP) reach {
	switch {
	case ip.IsLoopback():
		return sameMachine
	case ip.IsPrivate(), ip.IsLinkLocalUnicast(), ip.IsUnspecified():
		return privateNetwork
	default:
		return publicNetwork
	}
}
