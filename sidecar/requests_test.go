package sidecar_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacho-go/tacho/sidecar"
)

var update = flag.Bool("update", false, "write the table of docs/sidecar.md")

// A recorder is a service that keeps the bytes of each connection, and responds to each request.
type recorder struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (s *recorder) serve(c net.Conn) {
	in := bufio.NewReader(io.TeeReader(c, s))
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil {
			return
		}
	}
}

// Write implements io.Writer.
func (s *recorder) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes.Write(p)
}

func (s *recorder) got() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes.String()
}

// abuse are requests that proxies have read differently from the services behind them, and headers
// that a service must not believe. $ is CRLF.
var abuse = []struct{ name, request string }{
	{"Content-Length and Transfer-Encoding", "POST /a HTTP/1.1$Host: a$Content-Length: 4$Transfer-Encoding: chunked$$0$$"},
	{"the same, with a request in the rest", "POST /a HTTP/1.1$Host: a$Content-Length: 30$Transfer-Encoding: chunked$$0$$GET /evil HTTP/1.1$Host: a$$"},
	{"Transfer-Encoding twice", "POST /a HTTP/1.1$Host: a$Transfer-Encoding: chunked$Transfer-Encoding: chunked$$0$$"},
	{"Transfer-Encoding: xchunked", "POST /a HTTP/1.1$Host: a$Transfer-Encoding: xchunked$$0$$"},
	{"Transfer-Encoding: chunked, identity", "POST /a HTTP/1.1$Host: a$Transfer-Encoding: chunked, identity$$0$$"},
	{"Transfer-Encoding: gzip, chunked", "POST /a HTTP/1.1$Host: a$Transfer-Encoding: gzip, chunked$$0$$"},
	{"Transfer-Encoding with VT", "POST /a HTTP/1.1$Host: a$Transfer-Encoding: \vchunked$$0$$"},
	{"Transfer-Encoding on HTTP/1.0", "POST /a HTTP/1.0$Host: a$Transfer-Encoding: chunked$$0$$"},
	{"space before the colon", "POST /a HTTP/1.1$Host: a$Content-Length : 2$$ab"},
	{"space before the name", "POST /a HTTP/1.1$ Host: a$Content-Length: 2$$ab"},
	{"two different Content-Length", "POST /a HTTP/1.1$Host: a$Content-Length: 2$Content-Length: 3$$abc"},
	{"two equal Content-Length", "POST /a HTTP/1.1$Host: a$Content-Length: 2$Content-Length: 2$$ab"},
	{"Content-Length: 2, 2", "POST /a HTTP/1.1$Host: a$Content-Length: 2, 2$$ab"},
	{"Content-Length: +2", "POST /a HTTP/1.1$Host: a$Content-Length: +2$$ab"},
	{"Content-Length: -2", "POST /a HTTP/1.1$Host: a$Content-Length: -2$$ab"},
	{"Content-Length: 0x2", "POST /a HTTP/1.1$Host: a$Content-Length: 0x2$$ab"},
	{"Content-Length that overflows", "POST /a HTTP/1.1$Host: a$Content-Length: 18446744073709551618$$ab"},
	{"obs-fold", "GET /a HTTP/1.1$Host: a$X-A: 1$ 2$$"},
	{"obs-fold of the first header", "GET /a HTTP/1.1$ X-A: 1$Host: a$$"},
	{"bare LF", "GET /a HTTP/1.1\nHost: a\nX-A: 1\n\n"},
	{"bare CR in a value", "GET /a HTTP/1.1$Host: a$X-A: 1\r2$$"},
	{"NUL in a value", "GET /a HTTP/1.1$Host: a$X-A: 1\x002$$"},
	{"a header without a colon", "GET /a HTTP/1.1$Host: a$X-A$$"},
	{"an empty header name", "GET /a HTTP/1.1$Host: a$: 1$$"},
	{"no Host", "GET /a HTTP/1.1$X-A: 1$$"},
	{"two Host", "GET /a HTTP/1.1$Host: a$Host: b$$"},
	{"an invalid Host", "GET /a HTTP/1.1$Host: a b$$"},
	{"Host with a path", "GET /a HTTP/1.1$Host: a/../b$$"},
	{"absolute form", "GET http://evil.example/a HTTP/1.1$Host: a$$"},
	{"absolute form, https", "GET https://evil.example:99/a HTTP/1.1$Host: a$$"},
	{"CONNECT", "CONNECT 127.0.0.1:22 HTTP/1.1$Host: 127.0.0.1:22$$"},
	{"OPTIONS *", "OPTIONS * HTTP/1.1$Host: a$$"},
	{"GET *", "GET * HTTP/1.1$Host: a$$"},
	{"a path that looks like a host", "GET //evil.example/a HTTP/1.1$Host: a$$"},
	{"a path without a slash", "GET a HTTP/1.1$Host: a$$"},
	{"dots in the path", "GET /a/../../b HTTP/1.1$Host: a$$"},
	{"escaped slash and semicolons", "GET /a%2Fb;x=%3B HTTP/1.1$Host: a$$"},
	{"UTF-8 and bytes that are none", "GET /\xe4\xb8\xad?x=\xff HTTP/1.1$Host: a$$"},
	{"a fragment", "GET /a#b HTTP/1.1$Host: a$$"},
	{"a space in the path", "GET /a b HTTP/1.1$Host: a$$"},
	{"a tab in the request line", "GET\t/a HTTP/1.1$Host: a$$"},
	{"a bad escape in the path", "GET /a%zz HTTP/1.1$Host: a$$"},
	{"X-Forwarded-For of a client", "GET /a HTTP/1.1$Host: a$X-Forwarded-For: 6.6.6.6$X-Forwarded-Proto: https$Forwarded: for=6.6.6.6$X-Real-IP: 6.6.6.6$X-Forwarded-User: root$$"},
	{"X_Forwarded_For", "GET /a HTTP/1.1$Host: a$X_Forwarded_For: 6.6.6.6$$"},
	{"Content_Length", "POST /a HTTP/1.1$Host: a$Content-Length: 2$Content_Length: 9$$ab"},
	{"Connection names X-Forwarded-For", "GET /a HTTP/1.1$Host: a$Connection: X-Forwarded-For$$"},
	{"Connection names Content-Length", "POST /a HTTP/1.1$Host: a$Connection: Content-Length$Content-Length: 2$$ab"},
	{"TE: trailers", "GET /a HTTP/1.1$Host: a$TE: trailers$$"},
	{"Proxy and Proxy-Connection", "GET /a HTTP/1.1$Host: a$Proxy: http://evil$Proxy-Connection: keep-alive$$"},
	{"bare LF in a chunk's extension", "POST /a HTTP/1.1$Host: a$Transfer-Encoding: chunked$$1;a\nb$x$0$$"},
	{"garbage after a chunk", "POST /a HTTP/1.1$Host: a$Transfer-Encoding: chunked$$1$XY$0$$"},
	{"a chunk size that overflows", "POST /a HTTP/1.1$Host: a$Transfer-Encoding: chunked$$ffffffffffffffff1$x$0$$"},
	{"chunk size 0x1", "POST /a HTTP/1.1$Host: a$Transfer-Encoding: chunked$$0x1$x$0$$"},
	{"announced trailers", "POST /a HTTP/1.1$Host: a$Transfer-Encoding: chunked$Trailer: X-T$$1$x$0$X-T: 1$$"},
	{"a trailer that is a framing header", "POST /a HTTP/1.1$Host: a$Transfer-Encoding: chunked$Trailer: Content-Length$$1$x$0$Content-Length: 9$$"},
	{"HTTP/1.2", "GET /a HTTP/1.2$Host: a$$"},
	{"HTTP/9.9", "GET /a HTTP/9.9$Host: a$$"},
	{"GET with a body", "GET /a HTTP/1.1$Host: a$Content-Length: 2$$ab"},
	{"GET with a request as its body", "GET /a HTTP/1.1$Host: a$Content-Length: 35$$GET /evil HTTP/1.1$Host: evil.com$$$"},
	{"Expect: 100-continue", "POST /a HTTP/1.1$Host: a$Content-Length: 2$Expect: 100-continue$$ab"},
	{"Expect: other", "POST /a HTTP/1.1$Host: a$Content-Length: 2$Expect: other$$ab"},
	{"a method of lower case", "get /a HTTP/1.1$Host: a$$"},
	{"another method", "M-SEARCH /a HTTP/1.1$Host: a$$"},
	{"an invalid method", "G{T /a HTTP/1.1$Host: a$$"},
	{"an empty line first", "$GET /a HTTP/1.1$Host: a$$"},
	{"Upgrade: h2c", "POST /a HTTP/1.1$Host: a$Transfer-Encoding: chunked$Connection: Upgrade, HTTP2-Settings$Upgrade: h2c$HTTP2-Settings: AAMAAABk$$0$$"},
	{"Upgrade: websocket, h2c", "GET /a HTTP/1.1$Host: a$Connection: Upgrade$Upgrade: websocket, h2c$$"},
	{"a header of 70 KiB", "GET /a HTTP/1.1$Host: a$X-A: " + strings.Repeat("x", 70<<10) + "$$"},
	{"a TLS handshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"},
}

const (
	tableBegin = "<!-- generated by TestAbuse -->\n"
	tableEnd   = "<!-- end -->\n"
)

// TestAbuse: each request is rejected, or reaches the service in one unambiguous form: docs/sidecar.md
// has the table. A request within a request never becomes one of its own.
func TestAbuse(t *testing.T) {
	var table strings.Builder
	table.WriteString("| request | response | the service gets |\n|---|---|---|\n")
	for _, c := range abuse {
		service := &recorder{}
		response := service.exchange(t, strings.ReplaceAll(c.request, "$", "\r\n"))
		got := service.got()
		fmt.Fprintf(&table, "| %s | %s | %s |\n", c.name, response, inTable(got))
		if n := strings.Count(got, " HTTP/1.1\r\n"); n > 1 && !strings.Contains(got, "Content-Length: 3") {
			t.Errorf("%s: the service got %d requests:\n%s", c.name, n, got)
		}
		if strings.Contains(got, "6.6.6.6") || strings.Contains(got, "root") {
			t.Errorf("%s: the service gets a forged header:\n%s", c.name, got)
		}
	}
	compareTable(t, table.String())
}

// exchange sends bytes through a proxy, and returns the statuses of the responses. Everything is on
// unix sockets: on a port that was used before, some other program's request may come.
func (s *recorder) exchange(t *testing.T, text string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "p") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	listenRawOn(t, "unix", dir+"/app", s.serve)
	l, err := net.Listen("unix", dir+"/proxy")
	if err != nil {
		t.Fatal(err)
	}
	startOn(t, l, "unix://"+dir+"/app", func(o *sidecar.Options) {
		o.ClientTimeout, o.HeaderTimeout, o.IdleTimeout = 2*time.Second, time.Second, 50*time.Millisecond
	})
	c, err := net.Dial("unix", dir+"/proxy")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		return "none"
	}
	in := bufio.NewReader(c)
	var statuses []string
	for { // until it closes the connection, or waits for another request
		_ = c.SetReadDeadline(time.Now().Add(patience))
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			break
		}
		_, _ = io.Copy(io.Discard, res.Body)
		statuses = append(statuses, fmt.Sprint(res.StatusCode))
	}
	if len(statuses) == 0 {
		return "none"
	}
	return strings.Join(statuses, ", ")
}

// patience is how long a connection stays open after what is expected to be the last response.
const patience = 5 * time.Second

// always are lines of every request to the service.
var always = []string{"Host: a", "X-Forwarded-Host: a", "X-Forwarded-Proto: http", ""}

// inTable writes what the service got: the request line, and the lines that are not in every request.
func inTable(got string) string {
	if !isComplete(got) {
		return "nothing"
	}
	head, body, _ := strings.Cut(got, "\r\n\r\n")
	var parts []string
	for line := range strings.SplitSeq(head, "\r\n") {
		common := false
		for _, a := range always {
			common = common || line == a
		}
		if !common {
			parts = append(parts, code(line))
		}
	}
	if body != "" {
		parts = append(parts, "body "+code(body))
	}
	return strings.Join(parts, " ")
}

// isComplete reports whether the service got a request to its end. Whether it gets the beginning of one
// whose body is not valid depends on how soon the proxy finds that out.
func isComplete(got string) bool {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(got)))
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err == nil
}

func code(text string) string {
	quoted := fmt.Sprintf("%q", text)
	return "`" + strings.ReplaceAll(quoted[1:len(quoted)-1], "|", "\\|") + "`"
}

func compareTable(t *testing.T, table string) {
	t.Helper()
	const file = "../docs/sidecar.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), tableBegin)
	present, after, ended := strings.Cut(rest, tableEnd)
	if !ok || !ended {
		t.Fatalf("%s has no place for the table", file)
	}
	if present == table {
		return
	}
	if !*update {
		t.Fatalf("the table in %s differs: look at the difference, and run go test -update if it is meant; now it is\n%s", file, table)
	}
	if err := os.WriteFile(file, []byte(before+tableBegin+table+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
