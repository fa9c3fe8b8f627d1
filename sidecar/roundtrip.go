package sidecar

import (
	"fmt"
	"net/http"
	"time"

	"github.com/tacho-go/tacho/internal/copybuffer"
)

// A roundTripper sends requests to their upstream. It takes the place of ReverseProxy's transport,
// and keeps tunnels away from it.
type roundTripper struct{}

// RoundTrip implements http.RoundTripper.
func (roundTripper) RoundTrip(out *http.Request) (*http.Response, error) {
	x := exchangeOf(out.Context())
	x.sent = time.Now()
	res, err := x.send(out)
	if err != nil {
		return nil, err
	}
	if res.StatusCode < http.StatusContinue { // net/http's server panics for it
		res.Body.Close()
		return nil, fmt.Errorf("malformed response: status code %d", res.StatusCode)
	}
	x.answered = time.Now()
	x.upstream.metrics.response.Observe(x.answered.Sub(x.sent).Seconds())
	if res.StatusCode == http.StatusSwitchingProtocols {
		return nil, x.tunnel(out, res)
	}
	x.status = res.StatusCode
	x.client.promised = res.ContentLength
	if out.Method == http.MethodHead {
		x.client.promised = 0
	}
	x.response.ReadCloser = res.Body
	res.Body = &x.response
	return res, nil
}

// send sends a request with the transport for it.
func (x *exchange) send(out *http.Request) (*http.Response, error) {
	t := x.upstream.transportOf(out)
	if t == x.upstream.http1 {
		x.connections.Store(1)
	} else {
		out = x.traced(out)
	}
	return t.RoundTrip(out)
}

// buffers are those that bodies are copied with.
var buffers = &copybuffer.Pool{}
