package sidecar

import (
	"context"
	"net"
	"net/http"
	"strings"
)

// check checks an upstream's health: its HealthPath, or else whether it accepts connections.
func (u *upstream) check(ctx context.Context, o Options) {
	ctx, cancel := context.WithTimeout(ctx, u.HealthInterval)
	defer cancel()
	up := false
	if u.HealthPath == "" {
		up = u.accepts(ctx, o)
	} else {
		up = u.responds(ctx)
	}
	if ctx.Err() != context.Canceled {
		u.setUp(up)
	}
}

func (u *upstream) accepts(ctx context.Context, o Options) bool {
	address := u.address
	if address == "" {
		address = withPort(u.host, u.scheme)
	}
	conn, err := (&net.Dialer{Timeout: o.ConnectTimeout}).DialContext(ctx, u.network, address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// withPort returns the address of a URL's host, which may be an IPv6 address in brackets.
func withPort(host, scheme string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), map[string]string{"http": "80", "https": "443"}[scheme])
}

func (u *upstream) responds(ctx context.Context) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.scheme+"://"+u.host+u.HealthPath, nil)
	if err != nil {
		return false
	}
	r.Header.Set("User-Agent", "tacho-proxy-health")
	res, err := u.plain.RoundTrip(r)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode < http.StatusInternalServerError
}

// isUp reports whether the last check succeeded.
func (u *upstream) isUp() bool { return u.up.Load() == isUp }

// The states of an upstream.
const (
	isUnknown int32 = iota
	isUp
	isDown
)

func (u *upstream) setUp(up bool) {
	state, value := isDown, 0.0
	if up {
		state, value = isUp, 1
	}
	u.up.Store(state)
	u.metrics.up.Set(value)
}
