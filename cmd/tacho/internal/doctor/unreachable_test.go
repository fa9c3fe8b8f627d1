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
	"net/url"
	"strings"
	"testing"
	"time"
)

// obstacles are targets that cannot be examined, and what the message says.
var obstacles = []struct {
	name   string
	says   string // the problem
	advice string // what to do
	target func(t *testing.T) string
}{
	{"nothing listens", "(connection refused)", "Start the service", closedPort},
	{"nothing listens where it redirects to", "It redirects to http://localhost:", "Start the service", func(t *testing.T) string {
		return answering(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://localhost"+strings.TrimPrefix(closedPort(t), "127.0.0.1")+"/", http.StatusFound)
		})(t)
	}},
	{"an unknown name where it redirects to", "cannot resolve no-such-host.invalid", "spelling", answering(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://no-such-host.invalid/", http.StatusFound)
	})},
	{"404 where it redirects to", "/other. It responds, but has no metrics at /other", "path of the metrics", answering(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/other" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		http.Redirect(w, r, "/other", http.StatusFound)
	})},
	{"no such name", "cannot resolve no-such-host.invalid", "spelling", func(*testing.T) string { return "no-such-host.invalid:80" }},
	{"it hangs", "within the timeout (0.05 s)", "--timeout", answering(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })},
	{"401", "It requires credentials", "Authorization", status(http.StatusUnauthorized, "")},
	{"403", "(status 403)", "let this address", status(http.StatusForbidden, "")},
	{"404", "no metrics at /metrics (status 404)", "/actuator/prometheus", status(http.StatusNotFound, "")},
	{"500", "(status 500). Its response: database is locked", "log of the service", status(http.StatusInternalServerError, "database is locked\nat line 7")},
	{"418", "status 418", "address of the metrics", status(http.StatusTeapot, "")},
	{"a web page", "is a web page, not metrics", "usual ones", page("text/html; charset=utf-8", "<!DOCTYPE html><title>shop</title>")},
	{"a web page of no type", "is a web page, not metrics", "usual ones", page("text/plain", "\n<html><body>")},
	{"JSON", "is JSON, not metrics", "usual ones", page("application/json", `{"up": true}`)},
	{"a login page", "looks like a login page", "credentials", answering(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<html>who are you?")
			return
		}
		http.Redirect(w, r, "/login?next="+r.URL.Path, http.StatusFound)
	})},
	{"redirects in a circle", "in a circle", "curl -L", answering(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/metrics", http.StatusFound)
	})},
	{"a redirect to nowhere", "has no target", "final address", status(http.StatusNotModified, "")},
	{"it hangs up", "closes the connection", "log of the service", answering(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })},
	{"it breaks off", "before its response is complete", "log of the service", answering(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "a 1\nb")
	})},
	{"gzip that is none", "cannot be decompressed", "Content-Encoding", answering(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "plain text, no gzip")
	})},
	{"TLS on a plain port", "plain HTTP, not TLS", "Use http://", func(t *testing.T) string {
		return strings.Replace(status(http.StatusOK, "")(t), "http://", "https://", 1)
	}},
	{"plain HTTP on a TLS port", "speaks TLS, not plain HTTP", "Use https://", func(t *testing.T) string {
		return strings.Replace(secure(t, nil), "https://", "http://", 1)
	}},
	{"unknown authority", "signed by an unknown authority", "certificate", func(t *testing.T) string { return secure(t, nil) }},
	{"no target", "this URL is empty", "host:port or :port", func(*testing.T) string { return " " }},
	{"another scheme", "unknown scheme ftp", "https://", func(*testing.T) string { return "ftp://localhost" }},
	{"no host", "the URL has no host", "http://localhost", func(*testing.T) string { return "http:///metrics" }},
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
			if !strings.Contains(target.What, o.says) || !strings.Contains(target.Fix, o.advice) {
				t.Errorf("it says %q, which lacks %q or %q", err, o.says, o.advice)
			}
		})
	}
}

// TestClientCertificate: a server that requires a client certificate.
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

// closedPort is an address where nothing listens.
func closedPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestProxyIsNotTheTarget: a proxy that is down is not taken for the target.
func TestProxyIsNotTheTarget(t *testing.T) {
	proxy, err := url.Parse("http://" + closedPort(t))
	if err != nil {
		t.Fatal(err)
	}
	options := quick("http://shop.example/metrics")
	options.Client = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
	if _, err := Examine(context.Background(), options); err == nil || !strings.Contains(err.Error(), "The proxy") {
		t.Errorf("error %v does not speak of the proxy", err)
	}
}

// TestMetricsAsHTML: metrics are metrics, whatever their Content-Type is.
func TestMetricsAsHTML(t *testing.T) {
	r := mustExamine(t, quick(page("text/html", "# TYPE x gauge\nx 1\n")(t)))
	if !strings.Contains(text(r), "Prometheus 3 rejects the Content-Type") {
		t.Errorf("the report does not speak of the type:\n%s", text(r))
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
