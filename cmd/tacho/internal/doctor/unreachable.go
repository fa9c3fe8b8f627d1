package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// A TargetError says why there is nothing to examine, and what to do.
type TargetError struct {
	URL  string // the target, without a password
	What string // what is wrong
	Do   string // what to do about it
	Err  error  // the cause, if there is one
}

func (e *TargetError) Error() string {
	return fmt.Sprintf("%s: %s; %s", e.URL, e.What, e.Do)
}

// Unwrap returns the cause.
func (e *TargetError) Unwrap() error { return e.Err }

func badTarget(target, what, do string) error {
	if target == "" {
		target = "doctor"
	}
	return &TargetError{URL: target, What: what, Do: do}
}

// obstacle says in plain words why a visit brought no metrics; nil if it did.
func obstacle(target *url.URL, v *visit) error {
	what, do := "", ""
	switch {
	case v.err != nil:
		what, do = explainFailure(target, v.err)
	case v.status != http.StatusOK:
		what, do = explainStatus(target, v)
	case isLogin(v):
		what, do = "it redirects to "+v.location+", which looks like a login page", "give the scraper credentials, or let /metrics past the login"
	case isHTML(v):
		what, do = "it answers a web page, not metrics", "name the path of the metrics; usual ones: "+usualPaths
	case isJSON(v):
		what, do = "it answers JSON, not metrics", "name the path of the metrics; usual ones: "+usualPaths
	default:
		return nil
	}
	return &TargetError{URL: target.Redacted(), What: what, Do: do, Err: v.err}
}

// usualPaths are where services serve metrics: client libraries, Spring Boot,
// Quarkus, and some older ones.
const usualPaths = "/metrics, /actuator/prometheus, /q/metrics, /prometheus"

func explainFailure(target *url.URL, err error) (what, do string) {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there (connection refused)", "start the service, or give the port that it listens on"
	case errors.As(err, &dns):
		return "the name " + dns.Name + " is not known", "check the spelling, or give an address"
	case errors.Is(err, context.DeadlineExceeded):
		return "no complete answer within the timeout", "see whether the service hangs or a firewall drops packets, or allow more time with --timeout"
	case errors.Is(err, context.Canceled):
		return "interrupted", "run it again"
	case errors.As(err, &unknown):
		return "its TLS certificate is signed by an authority that this machine does not know", "name the authority's certificate, or skip verification if this is a test"
	case errors.As(err, &hostname):
		return "its TLS certificate is for another name (" + hostname.Error() + ")", "use the name that is in the certificate"
	case errors.As(err, &invalid):
		return "its TLS certificate is not valid (" + invalid.Error() + ")", "renew the certificate"
	case errors.As(err, &record), isPlainServer(err):
		return "it speaks plain HTTP, not TLS", "use http://"
	case errors.As(err, &op) && op.Op == "remote error":
		return "it refuses the TLS connection (" + op.Err.Error() + ")", "it may want a client certificate"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "it closed the connection without an answer", "see the log of the service; a port that wants TLS or another protocol does this, too"
	default:
		return withoutURL(err), "check that " + target.Host + " is the service that you mean"
	}
}

// isPlainServer recognises net/http's own words for an HTTP answer to TLS.
func isPlainServer(err error) bool {
	return strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}

// withoutURL takes away what net/http puts in front: the URL is said already.
func withoutURL(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return err.Error()
}

func explainStatus(target *url.URL, v *visit) (what, do string) {
	answer := fmt.Sprintf("it answers %d %s", v.status, http.StatusText(v.status))
	switch {
	case v.status == http.StatusUnauthorized:
		return answer + ": it wants credentials", "give them, for example as --header 'Authorization: Bearer …'"
	case v.status == http.StatusForbidden:
		return answer + ": these credentials, or this address, may not read metrics", "use others, or allow this address"
	case v.status == http.StatusNotFound:
		return answer + " for " + target.Path, "name the path of the metrics; usual ones: " + usualPaths
	case v.status == http.StatusBadRequest && bytes.Contains(v.body, []byte("HTTPS")):
		return "it speaks TLS, not plain HTTP", "use https://"
	case v.status >= 300 && v.status < 400:
		return answer + " and leads nowhere", "give the final address"
	case v.status >= 500:
		return answer + ": " + firstWords(v.body), "the cause is in the log of the service; Prometheus sees a target that is down"
	default:
		return answer, "check that this is the address of the metrics"
	}
}

func firstWords(body []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(body), []byte("\n"))
	if len(line) == 0 {
		return "no reason given"
	}
	return shorten(string(line), 120)
}

func isHTML(v *visit) bool {
	start := bytes.ToLower(bytes.TrimSpace(v.body[:min(len(v.body), 512)]))
	return strings.HasPrefix(v.contentType, "text/html") && bytes.HasPrefix(start, []byte("<")) ||
		bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

func isJSON(v *visit) bool {
	return strings.HasPrefix(v.contentType, "application/json")
}

// isLogin: a page at another address whose path speaks of signing in.
func isLogin(v *visit) bool {
	if v.location == "" || !isHTML(v) {
		return false
	}
	at := strings.ToLower(v.location)
	for _, word := range []string{"login", "signin", "sign-in", "sign_in", "sso", "oauth", "auth", "saml"} {
		if strings.Contains(at, word) {
			return true
		}
	}
	return false
}
