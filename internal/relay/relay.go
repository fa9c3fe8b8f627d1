// Package relay forwards what reads from the HTTP API of Prometheus to a server that is not reachable
// by the page's users: a Prometheus, or an engine with the same API.
package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/tacho-go/tacho/internal/lazyregexp"
	"github.com/tacho-go/tacho/internal/redact"
)

// reads are the endpoints that read, and that show neither the configuration nor the command line.
var reads = lazyregexp.New(`^api/v1/(query|query_range|query_exemplars|series|labels|label/[^/]+/values|format_query|parse_query|` +
	`metadata|rules|alerts|alertmanagers|targets|targets/metadata|status/buildinfo|status/runtimeinfo|status/tsdb)$`)

// postable are the endpoints that take a form as well.
var postable = lazyregexp.New(`^api/v1/(query|query_range|query_exemplars|series|labels|format_query|parse_query)$`)

// Reads reports whether a path below the server's URL, such as api/v1/query, is one of those forwarded.
func Reads(path string) bool { return reads.MatchString(path) }

// Takes reports whether the endpoint at a path takes a method.
func Takes(method, path string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodPost && postable.MatchString(path)
}

// ParseURL parses the address of the API's server, with a prefix if it has one.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("is %q: it must look like http://prometheus:9090", redact.URL(text))
	}
	return u, nil
}

// A Relay says where to forward requests to, and how.
type Relay struct {
	To        *url.URL          // the server
	Header    http.Header       // sent with each request; credentials of the page's users are not
	Transport http.RoundTripper // nil means http.DefaultTransport
	Agent     string            // the User-Agent
	Fix       string            // what to do when the server requires other credentials, such as "set Options.Header"
}

// Handler forwards a request whose path is below that of To, such as /api/v1/query.
func (r Relay) Handler() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:        r.rewrite,
		ModifyResponse: r.trim,
		Transport:      r.Transport,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, err error) { r.Unreachable(w, err) },
		ErrorLog:       log.New(io.Discard, "", 0), // each error is a response
	}
}

// rewrite addresses the server. Neither credentials nor the origin of the page's users are sent: they are
// for the page, and Prometheus would allow the origin to read.
func (r Relay) rewrite(p *httputil.ProxyRequest) {
	in := p.Out.Header
	p.Out.Header = http.Header{}
	for _, name := range []string{"Accept", "Accept-Encoding", "Content-Type"} {
		if values := in.Values(name); len(values) > 0 {
			p.Out.Header[name] = values
		}
	}
	p.Out.Header.Set("User-Agent", r.Agent)
	for name, values := range r.Header {
		p.Out.Header[name] = values
	}
	p.SetURL(r.To)
	if r.To.User != nil {
		password, _ := r.To.User.Password()
		p.Out.SetBasicAuth(r.To.User.Username(), password)
	}
}

// trim leaves out what the server, or a proxy before it, tells browsers about itself.
func (r Relay) trim(response *http.Response) error {
	kept := http.Header{}
	for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Length", "Vary", "Retry-After"} {
		if values := response.Header.Values(name); len(values) > 0 {
			kept[name] = values
		}
	}
	if response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden {
		// A browser would ask the page's user for a password that is not his.
		return fmt.Errorf("it responded with %s: %s", response.Status, r.Fix)
	}
	response.Header = kept
	return nil
}

// Unreachable responds with what is wrong, in the form of Prometheus's API.
func (r Relay) Unreachable(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, context.Canceled): // the client is gone
	case errors.Is(err, context.DeadlineExceeded):
		Error(w, http.StatusGatewayTimeout, "timeout", fmt.Errorf("the Prometheus server at %s did not respond in time", r.To.Redacted()))
	default:
		Error(w, http.StatusBadGateway, "unavailable", fmt.Errorf("the Prometheus server at %s cannot be queried: %w", r.To.Redacted(), err))
	}
}

// Error responds in the form of Prometheus's API.
func Error(w http.ResponseWriter, status int, kind string, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": "error", "errorType": kind, "error": err.Error()})
}
