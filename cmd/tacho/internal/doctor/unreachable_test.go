package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// obstacles are targets that cannot be examined, and what the message says.
var obstacles = []struct {
	name   string
	says   string // what is wrong
	advice string // what to do
	target func(t *testing.T) string
}{
	{"nothing listens", "connection refused", "start the service", func(t *testing.T) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		return l.Addr().String()
	}},
	{"no such name", "the name no-such-host.invalid is not known", "spelling", func(*testing.T) string { return "no-such-host.invalid:80" }},
	{"it hangs", "timeout", "hangs", answering(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })},
	{"401", "it wants credentials", "Authorization", status(http.StatusUnauthorized, "")},
	{"403", "403 Forbidden", "allow this address", status(http.StatusForbidden, "")},
	{"404", "404 Not Found for /metrics", "/actuator/prometheus", status(http.StatusNotFound, "")},
	{"500", "500 Internal Server Error: database is locked", "log of the service", status(http.StatusInternalServerError, "database is locked\nat line 7")},
	{"418", "418 I'm a teapot", "address of the metrics", status(http.StatusTeapot, "")},
	{"a web page", "a web page, not metrics", "usual ones", page("text/html; charset=utf-8", "<!DOCTYPE html><title>shop</title>")},
	{"a web page of no type", "a web page, not metrics", "usual ones", page("text/plain", "\n<html><body>")},
	{"JSON", "JSON, not metrics", "usual ones", page("application/json", `{"up": true}`)},
	{"a login page", "looks like a login page", "credentials", answering(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<html>who are you?")
			return
		}
		http.Redirect(w, r, "/login?next="+r.URL.Path, http.StatusFound)
	})},
	{"redirects in a circle", "stopped after 10 redirects", "the service that you mean", answering(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/metrics", http.StatusFound)
	})},
	{"a redirect to nowhere", "leads nowhere", "final address", status(http.StatusNotModified, "")},
	{"it hangs up", "closed the connection", "log of the service", answering(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })},
	{"it breaks off", "broke off after 5 B", "the service that you mean", answering(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "a 1\nb")
	})},
	{"gzip that is none", "says that it is gzip and is not", "the service that you mean", answering(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "plain text, no gzip")
	})},
	{"TLS on a plain port", "plain HTTP, not TLS", "use http://", func(t *testing.T) string {
		return strings.Replace(status(http.StatusOK, "")(t), "http://", "https://", 1)
	}},
	{"plain HTTP on a TLS port", "speaks TLS, not plain HTTP", "use https://", func(t *testing.T) string {
		return strings.Replace(secure(t, nil), "https://", "http://", 1)
	}},
	{"unknown authority", "authority that this machine does not know", "certificate", func(t *testing.T) string { return secure(t, nil) }},
	{"no target", "no target given", "URL, host:port or :port", func(*testing.T) string { return " " }},
	{"another scheme", "scheme ftp is not known", "https://", func(*testing.T) string { return "ftp://localhost" }},
	{"no host", "names no host", "http://localhost", func(*testing.T) string { return "http:///metrics" }},
	{"no URL", "not a URL", "host:port", func(*testing.T) string { return "http://[::1" }},
}

func TestObstacles(t *testing.T) {
	for _, o := range obstacles {
		t.Run(o.name, func(t *testing.T) {
			options := quick(o.target(t))
			options.Timeout = patience
			if o.name == "it hangs" {
				options.Timeout = 50 * time.Millisecond
			}
			_, err := Examine(context.Background(), options)
			var target *TargetError
			if !errors.As(err, &target) {
				t.Fatalf("error %v is no TargetError", err)
			}
			if !strings.Contains(target.What, o.says) || !strings.Contains(target.Do, o.advice) {
				t.Errorf("it says %q, which lacks %q or %q", err, o.says, o.advice)
			}
		})
	}
}

// TestClientCertificate: a server that wants to know who asks.
func TestClientCertificate(t *testing.T) {
	options := quick(secure(t, &tls.Config{ClientAuth: tls.RequireAnyClientCert}))
	options.Client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	_, err := Examine(context.Background(), options)
	if err == nil || !strings.Contains(err.Error(), "client certificate") {
		t.Errorf("error %v does not speak of a client certificate", err)
	}
}

// TestPasswordIsNotTold: not in errors and not in reports.
func TestPasswordIsNotTold(t *testing.T) {
	_, err := Examine(context.Background(), quick("http://ann:secret@127.0.0.1:1"))
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
	server := httptest.NewServer(newService().handler())
	defer server.Close()
	r := mustExamine(t, quick(strings.Replace(server.URL, "http://", "http://ann:secret@", 1)))
	if strings.Contains(text(r), "secret") || strings.Contains(r.URL, "secret") {
		t.Errorf("the password is in the report:\n%s", text(r))
	}
}

func TestInterrupted(t *testing.T) {
	server := httptest.NewServer(newService().handler())
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := Examine(ctx, Options{URL: server.URL, Interval: time.Hour})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > patience {
		t.Errorf("error %v after %s", err, time.Since(began))
	}
}

func answering(h http.HandlerFunc) func(*testing.T) string {
	return func(t *testing.T) string {
		server := httptest.NewUnstartedServer(h)
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.Start()
		t.Cleanup(server.Close)
		return server.URL
	}
}

func status(code int, body string) func(*testing.T) string {
	return answering(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		if body != "" {
			fmt.Fprint(w, body)
		}
	})
}

func page(contentType, body string) func(*testing.T) string {
	return answering(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, body)
	})
}

func secure(t *testing.T, config *tls.Config) string {
	server := httptest.NewUnstartedServer(newService().handler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = config
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}
