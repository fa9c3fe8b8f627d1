package sidecar

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tacho-go/tacho/sidecar/http1"
)

// An upstream is a service behind the proxy.
type upstream struct {
	Upstream
	scheme, host string // of the requests' URLs
	base         string // path before the requests'
	network      string // of the address to connect to
	address      string // "" for that of the URL
	metrics      upstreamMetrics
	up           atomic.Int32 // isUnknown, isUp or isDown

	http1 *http1.Transport  // HTTP/1.1 without TLS, nil if the upstream has something else
	plain http.RoundTripper // the rest of HTTP/1.1, or what TLS negotiates
	h2c   http.RoundTripper // HTTP/2 without TLS, nil with TLS
}

// idlePerUpstream is the number of idle connections to keep. All requests go to few upstreams, so
// net/http's default of two would open a connection for nearly every request.
const idlePerUpstream = 512

// transferBuffer is the size of a connection's buffers in bytes.
const transferBuffer = 16 << 10

func newUpstream(u Upstream, o Options, m upstreamMetrics) *upstream {
	to, _ := url.Parse(u.URL) // checked before
	up := &upstream{Upstream: u, metrics: m, scheme: to.Scheme, host: to.Host, base: strings.TrimSuffix(to.Path, "/"), network: "tcp"}
	switch to.Scheme {
	case "unix":
		up.scheme, up.host, up.base, up.network, up.address = "http", "unix", "", "unix", to.Path
	case "h2c":
		up.scheme = "http"
	}
	h1 := up.transport(o)
	up.plain = h1
	if up.scheme == "http" {
		h2 := up.transport(o)
		h2.Protocols = new(http.Protocols)
		h2.Protocols.SetUnencryptedHTTP2(true)
		up.h2c = h2
	}
	if to.Scheme == "h2c" {
		up.plain = up.h2c
	} else if up.scheme == "http" && http1.Supported {
		up.http1 = up.transport1(o)
		h1.MaxIdleConnsPerHost = -1 // few requests are left for it, and its check for responses of others comes late
	}
	return up
}

// transport1 returns the transport for most requests.
func (u *upstream) transport1(o Options) *http1.Transport {
	dialer := newDialer(o)
	address := withPort(u.host, u.scheme)
	return &http1.Transport{
		Dial:            func(ctx context.Context) (net.Conn, error) { return u.dial(ctx, dialer, address) },
		ResponseTimeout: o.ResponseTimeout,
		WriteTimeout:    o.writeTimeout(),
		Retried:         func(out *http.Request) { exchangeOf(out.Context()).connections.Add(1) },
		IdleTimeout:     o.KeepAlive,
		MaxIdle:         idlePerUpstream,
	}
}

func newDialer(o Options) *net.Dialer {
	return &net.Dialer{Timeout: o.ConnectTimeout, KeepAlive: 30 * time.Second}
}

func (u *upstream) transport(o Options) *http.Transport {
	dialer := newDialer(o)
	t := &http.Transport{
		MaxIdleConnsPerHost:   idlePerUpstream,
		IdleConnTimeout:       o.KeepAlive,
		ResponseHeaderTimeout: o.ResponseTimeout,
		TLSHandshakeTimeout:   o.ConnectTimeout,
		ExpectContinueTimeout: time.Second,
		DisableCompression:    true, // it would change what the client asked for
		ReadBufferSize:        transferBuffer,
		WriteBufferSize:       transferBuffer,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := u.dial(ctx, dialer, address)
			if err != nil {
				return nil, err
			}
			return &patientConn{Conn: c, timeout: o.writeTimeout()}, nil
		},
	}
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	if u.scheme == "https" {
		t.Protocols.SetHTTP2(true)
	}
	return t
}

// dial connects, and records how long that took.
func (u *upstream) dial(ctx context.Context, dialer *net.Dialer, address string) (net.Conn, error) {
	if u.address != "" {
		address = u.address
	}
	begin := time.Now()
	conn, err := dialer.DialContext(ctx, u.network, address)
	if err == nil {
		u.metrics.connect.Observe(time.Since(begin).Seconds())
	}
	if u.HealthPath == "" && ctx.Err() == nil {
		u.setUp(err == nil)
	}
	return conn, err
}

// transportOf returns the transport for a request: gRPC needs HTTP/2.
func (u *upstream) transportOf(out *http.Request) http.RoundTripper {
	if u.h2c != nil && out.ProtoMajor == 2 && isGRPC(out.Header) {
		return u.h2c
	}
	if u.http1 != nil && http1.Takes(out) {
		return u.http1
	}
	return u.plain
}

// closeIdle closes the connections without a request, when the upstream is not for new ones any more.
func (u *upstream) closeIdle() {
	if u.http1 != nil {
		u.http1.Close()
	}
	for _, t := range []http.RoundTripper{u.plain, u.h2c} {
		if c, ok := t.(*http.Transport); ok && c != nil {
			c.CloseIdleConnections()
		}
	}
}

// serves reports whether the upstream is for a request.
func (u *upstream) serves(host, path string) bool {
	if u.Host != "" && !strings.EqualFold(u.Host, host) {
		return false
	}
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(u.Path, "/"))
	return ok && (u.Path == "" || rest == "" || rest[0] == '/')
}

// moreSpecific reports whether a should be preferred to b: a host before none, a longer path before
// a shorter one.
func moreSpecific(a, b *upstream) bool {
	if (a.Host != "") != (b.Host != "") {
		return a.Host != ""
	}
	return len(a.Path) > len(b.Path)
}
