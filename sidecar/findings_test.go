package sidecar_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tacho-go/tacho/sidecar"
	"github.com/tacho-go/tacho/sidecar/http1"
)

// service is a service that responds with what it got.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s\nHost: %s\n", r.Method, r.RequestURI, r.Host)
	for _, name := range []string{"Accept-Encoding", "Connection", "Http2-Settings", "Upgrade", "Te", "Proxy", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Real-Ip", "Forwarded", "X_forwarded_for", "X_real_ip", "Content_length", "X_api_key", "X-Named", "User-Agent"} {
		for _, v := range r.Header[name] {
			fmt.Fprintf(w, "%s: %s\n", name, v)
		}
	}
	for name, v := range r.Trailer {
		fmt.Fprintf(w, "Trailer %s: %s\n", name, strings.Join(v, ","))
	}
	fmt.Fprintf(w, "body %q %v\n", body, err)
}

// TestRequestIsUnchanged: what the service gets of a request, where a bare ReverseProxy would change
// it.
func TestRequestIsUnchanged(t *testing.T) {
	r := start(t, http.HandlerFunc(echo))
	const head = "GET %s HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n%s\r\n%s"
	request := func(path, headers, body string) string { return fmt.Sprintf(head, path, headers, body) }
	for _, c := range []struct{ name, send, want, not string }{
		{"a query that does not parse", request("/?q=1;r=2&z=%zz", "", ""), "GET /?q=1;r=2&z=%zz\n", ""},
		{"a bare question mark", request("/a?", "", ""), "GET /a?\n", ""},
		{"an escaped path", request("/a%2Fb;x=%3B", "", ""), "GET /a%2Fb;x=%3B\n", ""},
		{"a path that looks like a host", request("//evil.example/a", "", ""), "GET //evil.example/a\n", ""},
		{"dots", request("/a/../../b", "", ""), "GET /a/../../b\n", ""},
		{"the host", request("/", "", ""), "\nHost: shop.example\n", ""},
		{"no compression is added", request("/", "", ""), "", "Accept-Encoding"},
		{"no user agent is added", request("/", "", ""), "", "User-Agent"},
		{"the client's compression", request("/", "Accept-Encoding: br\r\n", ""), "\nAccept-Encoding: br\n", ""},
		{"trailers", request("/", "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n", "1\r\nx\r\n0\r\nX-Sum: 7\r\n\r\n"), "\nTrailer X-Sum: 7\n", ""},
		{"a body", request("/", "Content-Length: 2\r\n", "ab"), `body "ab" <nil>`, ""},
		{"h2c is not an upgrade", request("/", "Upgrade: h2c\r\nHTTP2-Settings: AAAA\r\n", ""), "", "pgrade"},
		{"nor are its settings", request("/", "Upgrade: h2c\r\nHTTP2-Settings: AAAA\r\n", ""), "", "Http2-Settings"},
		{"Proxy becomes HTTP_PROXY", request("/", "Proxy: http://evil\r\n", ""), "", "evil"},
		{"an underscore twin of a forwarding header", request("/", "X_Forwarded_For: 6.6.6.6\r\n", ""), "", "6.6.6.6"},
		{"an underscore twin of another one", request("/", "X_Real_IP: 6.6.6.6\r\n", ""), "", "6.6.6.6"},
		{"an underscore twin of the length", request("/", "Content_Length: 9\r\n", ""), "", "Content_length"},
		{"another header with an underscore", request("/", "X_Api_Key: k\r\n", ""), "\nX_api_key: k\n", ""},
		{"an underscore twin of a header of the client", request("/", "X_Api_Key: k\r\nX-Api-Key: l\r\n", ""), "", "X_api_key"},
		{"the forwarding headers of a client", request("/", "X-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-Prefix: 6.6.6.6\r\n", ""), "\nX-Forwarded-For: 127.0.0.1\nX-Forwarded-Host: shop.example\nX-Forwarded-Proto: http\n", "6.6.6.6"},
		{"Connection names a forwarding header", request("/", "Connection: X-Forwarded-For\r\n", ""), "\nX-Forwarded-For: 127.0.0.1\n", ""},
		{"TE: trailers", request("/", "TE: trailers\r\n", ""), "\nTe: trailers\n", ""},
		{"absolute form", strings.Replace(request("/", "", ""), "GET /", "GET http://other.example/a?b", 1), "GET /a?b\nHost: other.example\n", ""},
		{"OPTIONS *", strings.Replace(request("*", "", ""), "GET", "OPTIONS", 1), "OPTIONS *\n", ""},
		{"a method of lower case", strings.Replace(request("/", "", ""), "GET", "get", 1), "get /\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := r.raw(c.send)
			if !strings.HasPrefix(got, "200 ") || !strings.Contains(got, c.want) || c.not != "" && strings.Contains(got, c.not) {
				t.Errorf("the service got %s\nwant %q, not %q", got, c.want, c.not)
			}
		})
	}
}

// TestTrustedProxy: the headers of a trusted proxy remain, and the address is appended.
func TestTrustedProxy(t *testing.T) {
	r := start(t, http.HandlerFunc(echo), func(o *sidecar.Options) {
		o.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	got := r.raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 6.6.6.6\r\n\r\n")
	for _, want := range []string{"X-Forwarded-For: 6.6.6.6, 7.7.7.7, 127.0.0.1\n", "X-Forwarded-Host: shop.example\n", "X-Forwarded-Proto: https\n", "X-Real-Ip: 6.6.6.6\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// TestInformational: 1xx responses pass without hop-by-hop headers, and do not take away those of
// the final response.
func TestInformational(t *testing.T) {
	r := startRaw(t, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Mine: 1\r\n\r\nok")
	var hints textproto.MIMEHeader
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		Got1xxResponse: func(_ int, h textproto.MIMEHeader) error { hints = h; return nil },
	})
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://"+r.address+"/", nil)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if hints.Get("Link") != "</a.css>" || len(hints) != 1 {
		t.Errorf("early hints: %v", hints)
	}
	if res.StatusCode != 200 || res.Header.Get("X-Mine") != "1" {
		t.Errorf("the response: %v %v", res.Status, res.Header)
	}
	r.await(`http_requests_total{method="GET",path="/",status="200"} 1`)
}

// TestContinueOnce: the 100 of a service lets the transport read the body, and so the server send 100: the client gets
// one, whichever is first.
func TestContinueOnce(t *testing.T) {
	r := startFor(t, "http://"+listenRaw(t, func(c net.Conn) {
		in := bufio.NewReader(c)
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
		_, _ = io.Copy(io.Discard, req.Body)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	}))
	const rounds = 300
	for range rounds {
		c := r.dial()
		in := bufio.NewReader(c)
		_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
		for _, want := range []int{http.StatusContinue, http.StatusOK} {
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != want {
				t.Fatalf("%s, want %d", res.Status, want)
			}
			if want == http.StatusContinue {
				_, _ = io.WriteString(c, "body")
			}
		}
		_ = c.Close()
	}
	r.settled(rounds)
}

// TestInformationalCanceled: a client of HTTP/2 may disconnect while net/http still sends a 1xx response's header,
// which ReverseProxy clears at once. The race detector sees whether they share it.
func TestInformationalCanceled(t *testing.T) {
	r := startRaw(t, strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", 20)+"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	client := protocolClient(t, true)
	for range 300 {
		ctx, cancel := context.WithCancel(t.Context())
		hinted := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
				if len(h) != 1 {
					t.Errorf("early hints: %v", h)
				}
				cancel()
				return nil
			},
		})
		req, _ := http.NewRequestWithContext(hinted, "GET", "http://"+r.address+"/", nil)
		if res, err := client.Do(req); err == nil {
			res.Body.Close()
		}
		cancel()
	}
	r.settled(300)
}

// TestKeptConnections: an unencrypted connection is kept by sidecar/http1 alone. net/http's Transport may take the
// second response to a request for that of the next one.
func TestKeptConnections(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		want   int64
	}{"plain": {"", 1}, "Expect": {"Expect: 100-continue\r\n", 3}} {
		t.Run(name, func(t *testing.T) {
			var used atomic.Int64
			r := startFor(t, "http://"+listenRaw(t, func(c net.Conn) {
				in := bufio.NewReader(c)
				if _, err := in.Peek(1); err != nil {
					return // it has only looked whether the service is there
				}
				used.Add(1)
				for {
					if _, err := http.ReadRequest(in); err != nil {
						return
					}
					_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			}))
			for range 3 {
				if got := r.raw("GET / HTTP/1.1\r\nHost: a\r\n" + c.header + "Connection: close\r\n\r\n"); got != "200 " {
					t.Fatal(got)
				}
			}
			if got := used.Load(); got != c.want && http1.Supported {
				t.Errorf("%d connections, want %d", got, c.want)
			}
		})
	}
}

// TestLowStatus: a status that net/http cannot pass on is a response that is not valid, whichever transport gets it.
func TestLowStatus(t *testing.T) {
	r := startRaw(t, "HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok")
	for i, header := range []string{"", "Expect: 100-continue\r\n"} {
		got := r.raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + header + "\r\n")
		if !strings.HasPrefix(got, "502 ") {
			t.Errorf("with %q: %q", header, got)
		}
		r.await(fmt.Sprintf(`tacho_proxy_upstream_errors_total{cause="malformed",upstream="app"} %d`, i+1))
	}
}

// TestResponseIsUnchanged: headers that net/http would add or guess.
func TestResponseIsUnchanged(t *testing.T) {
	r := startRaw(t, "HTTP/1.1 200 Fine\r\nContent-Length: 15\r\n\r\n<html>body</htm")
	res, err := http.Get("http://" + r.address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if v, ok := res.Header["Content-Type"]; ok {
		t.Errorf("Content-Type: %q was added", v)
	}
	if body, _ := io.ReadAll(res.Body); string(body) != "<html>body</htm" {
		t.Errorf("%q", body)
	}
}

// TestPartialResponse: the client gets what the service sent before it failed, and the connection
// ends without a proper end of the response.
func TestPartialResponse(t *testing.T) {
	for name, response := range map[string]string{
		"known length": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
		"chunked":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := startRaw(t, response)
			res, err := http.Get("http://" + r.address + "/")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if string(body) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q, %v", body, err)
			}
			r.await(`tacho_proxy_upstream_errors_total{cause="aborted",upstream="app"} 1`)
			r.await(`http_requests_total{method="GET",path="/",status="200"} 1`)
			if got := r.metrics("http_request_panics_total"); got != "" && !strings.HasSuffix(got, " 0") {
				t.Errorf("an aborted response is counted as a panic: %s", got)
			}
		})
	}
}

// TestUpstreamFaults: the status and the cause of what an upstream does wrong.
func TestUpstreamFaults(t *testing.T) {
	for _, c := range []struct {
		name     string
		upstream func(net.Conn)
		status   int
		cause    string
	}{
		{"closes", func(c net.Conn) {}, 502, "closed"},
		{"resets", func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }, 502, "closed"},
		{"garbage", func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH\r\n\r\n") }, 502, "malformed"},
		{"half a header", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX-A: ") }, 502, "closed"},
		{"bad length", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n") }, 502, "malformed"},
		{"hangs", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, 504, "response_timeout"},
		{"an upgrade that nobody wants", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
		}, 502, "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := startFor(t, "http://"+listenRaw(t, func(conn net.Conn) {
				_, _ = http.ReadRequest(bufio.NewReader(conn))
				c.upstream(conn)
			}), func(o *sidecar.Options) { o.ResponseTimeout = 300 * time.Millisecond })
			if got := get(r, "/a"); !strings.HasPrefix(got, fmt.Sprint(c.status)) {
				t.Errorf("%s, want %d", got, c.status)
			}
			r.await(fmt.Sprintf(`tacho_proxy_upstream_errors_total{cause="%s",upstream="app"} 1`, c.cause))
			r.await(fmt.Sprintf(`http_requests_total{method="GET",path="unknown",status="%d"} 1`, c.status))
		})
	}
}

func TestConnectFaults(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	r := startFor(t, "http://"+address)
	if got := get(r, "/a"); got != "502 502 Bad Gateway: the service does not accept connections\n" {
		t.Error(got)
	}
	r.await(`tacho_proxy_upstream_errors_total{cause="connection_refused",upstream="app"} 1`)
	r.await(`tacho_proxy_upstream_up{upstream="app"} 0`)
}

// TestClientFaults: what a client does wrong is not the upstream's error.
func TestClientFaults(t *testing.T) {
	const chunked = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, c := range []struct{ name, send, want, cause string }{
		{"bare LF in a chunk's extension", chunked + "1;a\nb\r\nx\r\n0\r\n\r\n", "400 ", "malformed_body"},
		{"garbage after a chunk", chunked + "1\r\nXY\r\n0\r\n\r\n", "400 ", "malformed_body"},
		{"a chunk without a size", chunked + "x\r\n", "400 ", "malformed_body"},
		{"CONNECT", "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n", "405 ", "method"},
		{"too large, announced", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n", "413 ", "too_large"},
		{"too large, chunked", chunked + "7d0\r\n" + strings.Repeat("x", 2000) + "\r\n0\r\n\r\n", "413 ", "too_large"},
		{"drips", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1", "408 ", "timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, http.HandlerFunc(echo), func(o *sidecar.Options) {
				o.MaxBodyBytes, o.ClientTimeout = 1000, 300*time.Millisecond
			})
			if got := r.raw(c.send); !strings.HasPrefix(got, c.want) {
				t.Errorf("%s, want %s", got, c.want)
			}
			r.await(fmt.Sprintf(`tacho_proxy_client_errors_total{cause="%s"} 1`, c.cause))
			if got := r.metrics(`tacho_proxy_upstream_errors_total`); strings.Count(got, "} 0") != strings.Count(got, "}") {
				t.Errorf("the upstream is blamed:\n%s", got)
			}
		})
	}
}

// TestClientGone: a client that disconnects is a 499, and the service's request is canceled.
func TestClientGone(t *testing.T) {
	canceled := make(chan struct{}, 1)
	entered := make(chan struct{}, 1)
	r := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		if r.Method == "POST" {
			_, _ = io.ReadAll(r.Body)
		}
		<-r.Context().Done()
		canceled <- struct{}{}
	}))
	for i, send := range []string{"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1"} {
		c := r.dial()
		if _, err := io.WriteString(c, send); err != nil {
			t.Fatal(err)
		}
		<-entered
		c.Close()
		<-canceled
		r.await(fmt.Sprintf(`tacho_proxy_client_errors_total{cause="gone"} %d`, i+1))
	}
	r.await(`http_requests_total{method="GET",path="unknown",status="499"} 1`)
	r.await(`http_requests_total{method="POST",path="unknown",status="499"} 1`)
}

// TestKeepAlive: the proxy closes an idle connection before the upstream does, so that no request
// meets a connection that is being closed. Go sends GET again by itself, so that POST shows it.
func TestKeepAlive(t *testing.T) {
	var connections atomic.Int32
	address := listenRaw(t, func(c net.Conn) {
		connections.Add(1)
		in := bufio.NewReader(c)
		for {
			_ = c.SetReadDeadline(time.Now().Add(150 * time.Millisecond))
			req, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	r := startFor(t, "http://"+address, func(o *sidecar.Options) { o.KeepAlive = 100 * time.Millisecond })
	for range 12 {
		res, err := http.Post("http://"+r.address+"/a", "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 200 {
			t.Fatalf("status %d", res.StatusCode)
		}
		time.Sleep(149 * time.Millisecond) // the moment at which the upstream would close: not a state to await
	}
	if connections.Load() < 6 {
		t.Errorf("%d connections: the proxy has kept them beyond their time", connections.Load())
	}
}

// TestRetries: net/http sends a request again if the upstream has closed an idle connection. It is
// counted.
func TestRetries(t *testing.T) {
	var requests atomic.Int32
	address := listenRaw(t, func(c net.Conn) {
		in := bufio.NewReader(c)
		for range 2 {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			if requests.Add(1) == 2 {
				return // without a response, on a connection that was used before
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	r := startFor(t, "http://"+address)
	for range 2 {
		if got := get(r, "/a"); got != "200 " {
			t.Errorf("%q", got)
		}
	}
	r.await(`tacho_proxy_upstream_retries_total{upstream="app"} 1`)
	r.await(`http_requests_total{method="GET",path="/a",status="200"} 2`)
}
