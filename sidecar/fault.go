package sidecar

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/tacho-go/tacho/sidecar/http1"
)

// Causes of failed requests: the values of the label cause.
const (
	causeRefused        = "connection_refused" // nothing listens there
	causeConnectTimeout = "connect_timeout"
	causeConnect        = "connect" // any other error while connecting
	causeTLS            = "tls"
	causeTimeout        = "response_timeout"
	causeClosed         = "closed"    // the connection ended before a response
	causeMalformed      = "malformed" // the response is not HTTP
	causeAborted        = "aborted"   // the connection ended within the response
	causeOther          = "other"

	causeClientGone      = "gone"           // disconnected before the end of the response
	causeClientMalformed = "malformed_body" // the body's chunks are not valid
	causeClientInvalid   = "invalid"        // HTTP/1.1 cannot express the request
	causeClientTimeout   = "timeout"        // sent or accepted nothing for too long
	causeClientTooLarge  = "too_large"
	causeClientMethod    = "method" // CONNECT
	causeQueueTimeout    = "queue_timeout"
	causeNoUpstream      = "no_upstream" // for the host and path
)

var (
	upstreamCauses = []string{causeRefused, causeConnectTimeout, causeConnect, causeTLS, causeTimeout, causeClosed, causeMalformed, causeAborted, causeOther}
	clientCauses   = []string{causeClientGone, causeClientMalformed, causeClientInvalid, causeClientTimeout, causeClientTooLarge, causeClientMethod, causeQueueTimeout, causeNoUpstream}
)

// explanations are the bodies of the proxy's own responses. They do not name addresses.
var explanations = map[string]string{
	causeRefused:         "the service does not accept connections",
	causeConnectTimeout:  "the service did not accept the connection in time",
	causeConnect:         "the service cannot be reached",
	causeTLS:             "the service's TLS failed",
	causeTimeout:         "the service did not respond in time",
	causeClosed:          "the service closed the connection before it responded",
	causeMalformed:       "the service's response is not valid HTTP",
	causeAborted:         "the service did not finish its response",
	causeOther:           "the service did not respond",
	causeClientMalformed: "the request's body is not valid",
	causeClientInvalid:   "the request's method or query is not valid",
	causeClientTimeout:   "the request's body did not arrive in time",
	causeClientTooLarge:  "the request's body is too large",
	causeClientMethod:    "this is not a forward proxy",
	causeQueueTimeout:    "too many requests are in progress",
	causeNoUpstream:      "no service is configured for this host and path",
}

// A fault is why a request failed.
type fault struct {
	status int // of the response, 0 for none
	cause  string
	client bool   // it is the client's, not the upstream's
	reset  uint32 // the code of gRPC if the upstream has reset the stream, 0 otherwise
}

// clientFault returns the client's fault, from its context and the error of its body.
func clientFault(ctx context.Context, read error) (fault, bool) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(read, &tooLarge):
		return fault{status: http.StatusRequestEntityTooLarge, cause: causeClientTooLarge, client: true}, true
	case errors.Is(read, os.ErrDeadlineExceeded):
		return fault{status: http.StatusRequestTimeout, cause: causeClientTimeout, client: true}, true
	case ctx.Err() == context.Canceled, errors.Is(read, io.ErrUnexpectedEOF), errors.Is(read, syscall.ECONNRESET), errors.Is(read, net.ErrClosed):
		return fault{cause: causeClientGone, client: true}, true
	case read != nil:
		return fault{status: http.StatusBadRequest, cause: causeClientMalformed, client: true}, true
	}
	return fault{}, false
}

// upstreamFault returns the upstream's fault.
func upstreamFault(err error) fault {
	var op *net.OpError
	var timeout interface{ Timeout() bool }
	timedOut := errors.As(err, &timeout) && timeout.Timeout()
	switch {
	case isTLS(err):
		return fault{status: http.StatusBadGateway, cause: causeTLS}
	case errors.As(err, &op) && op.Op == "dial":
		return dialFault(err, timedOut)
	case timedOut:
		return fault{status: http.StatusGatewayTimeout, cause: causeTimeout}
	case isClosed(err):
		return fault{status: http.StatusBadGateway, cause: causeClosed}
	case isMalformed(err):
		return fault{status: http.StatusBadGateway, cause: causeMalformed}
	}
	return fault{status: http.StatusBadGateway, cause: causeOther}
}

func dialFault(err error, timedOut bool) fault {
	switch {
	case timedOut:
		return fault{status: http.StatusGatewayTimeout, cause: causeConnectTimeout}
	case errors.Is(err, syscall.ECONNREFUSED):
		return fault{status: http.StatusBadGateway, cause: causeRefused}
	}
	return fault{status: http.StatusBadGateway, cause: causeConnect}
}

func isTLS(err error) bool {
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &verify) || errors.As(err, &authority)
}

// closed are parts of net/http's errors about connections that the server has ended, and about requests that it has
// refused and that cannot be sent again. It has no types for them.
var closed = []string{"server closed idle connection", "http2: client conn", "GOAWAY", "REFUSED_STREAM"}

// isClosed reports whether the connection ended without a response.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || mentions(err, closed)
}

// malformed are parts of net/http's errors about responses that are not valid.
var malformed = []string{"malformed", "transport connection broken", "unsupported protocol", "server response headers exceeded", "http2: "}

func isMalformed(err error) bool {
	var response *http1.MalformedError
	if errors.As(err, &response) {
		return true
	}
	return mentions(err, malformed)
}

func mentions(err error, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(err.Error(), part) })
}
