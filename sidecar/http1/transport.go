package http1

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// A Transport sends requests to one service. It implements http.RoundTripper for the requests that [Takes]
// accepts, and is safe for concurrent use. Its fields must not change after the first request. Of the hooks
// of a request's httptrace.ClientTrace, it calls Got1xxResponse only.
type Transport struct {
	// Dial connects. It must be set, and the connection must not be TLS. Only a syscall.Conn serves several requests.
	Dial func(context.Context) (net.Conn, error)
	// Retried is called before each retry, if set.
	Retried func(*http.Request)
	// ResponseTimeout limits the time between the end of the request and the header of its response, if not 0.
	ResponseTimeout time.Duration
	// WriteTimeout limits the time in which the service accepts a piece of a request's body, if not 0.
	WriteTimeout time.Duration
	// IdleTimeout is how long an idle connection stays open, until the service closes it if 0.
	IdleTimeout time.Duration
	// MaxIdle is the largest number of idle connections, none if 0.
	MaxIdle int

	pool pool
}

// maxHeader is the limit of a response's header in bytes: the default of net/http's Transport.
const maxHeader = 10 << 20

var errHeaderTooLarge = fmt.Errorf("header of more than %d bytes", maxHeader)

// A MalformedError is returned for a response that is not HTTP, or whose header is too large.
type MalformedError struct{ Err error }

// Error implements error.
func (e *MalformedError) Error() string { return "http1: malformed response: " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *MalformedError) Unwrap() error { return e.Err }

// Takes reports whether a Transport can send a request: one without Upgrade and Expect.
func Takes(r *http.Request) bool {
	return len(r.Header["Upgrade"]) == 0 && len(r.Header["Expect"]) == 0
}

// RoundTrip implements http.RoundTripper. Like net/http's Transport, it retries a request without a body if a reused
// connection ends before the response, and the request is idempotent or nothing of it was sent. After RoundTrip has
// failed, or the response has ended, the request's body may still be read once.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	for {
		c, err := t.connection(r)
		if err != nil {
			closeBody(r)
			return nil, err
		}
		e := &exchange{transport: t, conn: c, request: r}
		res, err := e.do()
		if err == nil {
			return res, nil
		}
		_ = c.Close()
		if cause := ctx.Err(); cause != nil {
			return nil, cause
		}
		if hasBody(r) || !c.endedBefore(err) || c.wrote && !isIdempotent(r) {
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

// endedBefore reports whether a reused connection ended before the response, as idle ones do. A response that takes
// too long is no reason to send the request again.
func (c *conn) endedBefore(err error) bool {
	return c.used && !c.began && (c.failed || c.writeErr != nil) && !errors.Is(err, os.ErrDeadlineExceeded)
}

func isIdempotent(r *http.Request) bool {
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return r.Header["Idempotency-Key"] != nil || r.Header["X-Idempotency-Key"] != nil
}

// check returns why a request is not sent, if so: net/http writes its method and query as they are, which HTTP/2
// does not limit to what a request line can have.
func check(r *http.Request) error {
	if !HasRequestLine(r) {
		return errors.New("http1: the request's method or query is not valid")
	}
	return r.Context().Err()
}

// HasRequestLine reports whether method and query are valid in a request line.
func HasRequestLine(r *http.Request) bool {
	return !strings.ContainsFunc(r.Method, isNoToken) && !strings.ContainsFunc(r.URL.RawQuery, isSpace)
}

// isNoToken reports whether a character is none of a token (RFC 9110, section 5.6.2).
func isNoToken(c rune) bool {
	return c <= ' ' || c > '~' || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c)
}

func isSpace(c rune) bool { return c <= ' ' || c == 0x7f }

// connection returns an idle connection, or a new one, for a request that can be sent.
func (t *Transport) connection(r *http.Request) (*conn, error) {
	if err := check(r); err != nil {
		return nil, err
	}
	if c := t.pool.take(t.IdleTimeout); c != nil {
		return c, nil
	}
	nc, err := t.Dial(r.Context())
	if err != nil {
		return nil, err
	}
	return newConn(nc), nil
}

// Close closes idle connections now, and the others when their requests end.
func (t *Transport) Close() { t.pool.close() }
