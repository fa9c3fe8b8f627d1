package http1

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"time"
)

// A Transport sends requests to one service. It is an http.RoundTripper for the requests that [Takes] accepts, and
// safe for concurrent use. Its fields must not change after the first request. Of a request's httptrace it
// calls Got1xxResponse.
type Transport struct {
	// Dial connects. It must be set, and the connection must not be TLS.
	Dial func(context.Context) (net.Conn, error)
	// Retried is called before a request is sent again, if set.
	Retried func(*http.Request)
	// ResponseTimeout is how long a response's header may take after the request, without limit if 0.
	ResponseTimeout time.Duration
	// IdleTimeout is how long a connection stays open without a request, until the service closes it if 0.
	IdleTimeout time.Duration
	// MaxIdle is the number of connections to keep without a request, none if 0.
	MaxIdle int

	pool pool
}

// maxHeader is the size of a response's header in bytes, as net/http's Transport limits it.
const maxHeader = 10 << 20

var errHeaderTooLarge = fmt.Errorf("header of more than %d bytes", maxHeader)

// A MalformedError is returned for a response that is not HTTP, or whose header is too large.
type MalformedError struct{ Err error }

// Error implements error.
func (e *MalformedError) Error() string { return "http1: malformed response: " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *MalformedError) Unwrap() error { return e.Err }

// Takes reports whether a request asks for neither another protocol nor a status before its body.
func Takes(r *http.Request) bool {
	return len(r.Header["Upgrade"]) == 0 && len(r.Header["Expect"]) == 0
}

// RoundTrip implements http.RoundTripper. As net/http's Transport does, it sends a request again if a
// connection that had been open before ended without a response, and the request is idempotent and has no
// body. After an error, or the end of the response, the request's body may still be read once.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	trace := httptrace.ContextClientTrace(ctx)
	for {
		c, err := t.connection(r)
		if err != nil {
			closeBody(r)
			return nil, err
		}
		e := &exchange{transport: t, conn: c, request: r, trace: trace}
		res, err := e.do()
		if err == nil {
			return res, nil
		}
		_ = c.Close()
		if cause := ctx.Err(); cause != nil {
			return nil, cause
		}
		if !c.used || c.began || !isReplayable(r) {
			return nil, err
		}
		if t.Retried != nil {
			t.Retried(r)
		}
	}
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

func hasBody(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

func isReplayable(r *http.Request) bool {
	if hasBody(r) {
		return false
	}
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return r.Header["Idempotency-Key"] != nil || r.Header["X-Idempotency-Key"] != nil
}

// connection returns one that waits for a request, or a new one.
func (t *Transport) connection(r *http.Request) (*conn, error) {
	if c := t.pool.take(t.IdleTimeout); c != nil {
		return c, nil
	}
	nc, err := t.Dial(r.Context())
	if err != nil {
		return nil, err
	}
	return newConn(nc), nil
}

// Close closes the connections without a request now, and the others at the end of theirs.
func (t *Transport) Close() { t.pool.close() }
