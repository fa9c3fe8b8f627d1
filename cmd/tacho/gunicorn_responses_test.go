package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// responses is a service whose responses a server may refuse, break off, or leave to the application.
const responses = `
import io
import ssl
import sys
from gunicorn.workers.base_async import ALREADY_HANDLED

def app(environ, start_response):
    path = environ["tacho.route"] = environ["PATH_INFO"]
    if path == "/headers":
        start_response("200 OK", iter([("X-Kept", "yes"), ("Content-Length", "2")]))
        return [b"ok"]
    if path == "/taken":
        take(environ, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return ALREADY_HANDLED
    if path in ("/listed", "/yielded"):
        take(environ, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return [] if path == "/listed" else iter([])
    if path == "/socket":
        take(environ, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        raise StopIteration
    if path == "/before":
        raise RuntimeError("on purpose")
    if path == "/invalid":
        start_response("200 OK", [("X-A", "a\nb")])
    if path == "/tls":
        raise ssl.SSLError(1, "on purpose")
    write = start_response("200 OK", [])
    if path in ("/file", "/unread", "/half"):
        return environ["wsgi.file_wrapper"](File(path))
    if path == "/sendfile":
        return environ["wsgi.file_wrapper"](open(__file__, "rb"))
    if path == "/twice":
        start_response("201 Created", [])
    if path == "/after":
        raise RuntimeError("on purpose")
    if path == "/none":
        return None
    if path == "/iter":
        return NoIterator()
    if path == "/first":
        return first()
    if path == "/second":
        return second()
    if path == "/written":
        write(b"a")
        raise RuntimeError("on purpose")
    if path in ("/replaced", "/late"):
        if path == "/late":
            write(b"a")
        try:
            raise RuntimeError("on purpose")
        except RuntimeError:
            start_response("503 Service Unavailable", [], sys.exc_info())
    return [b"ok"]

def take(environ, response):
    environ["gunicorn.socket"].sendall(response)

class File(io.BytesIO):
    def __init__(self, path):
        super().__init__(b"ok")
        self.path, self.reads = path, 0

    def read(self, *size):
        self.reads += 1
        if self.path == "/unread" or self.path == "/half" and self.reads > 1:
            raise RuntimeError("on purpose")
        return super().read(*size)

class NoIterator:
    def __iter__(self):
        raise RuntimeError("on purpose")

def first():
    raise RuntimeError("on purpose")
    yield b""

def second():
    yield b"a"
    raise RuntimeError("on purpose")
`

// TestGunicornResponses: the recorded status is the status sent, even if the application fails after it has
// chosen another. A connection that the application takes over works, and is no failure.
func TestGunicornResponses(t *testing.T) {
	for _, class := range []string{"sync", "gthread", "gevent"} {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			s := gunicornOf(t, "responses:app", "", "--workers", "1", "--worker-class", class)
			scrape := s.exporter()
			for _, c := range []struct {
				path    string
				status  int // of the client
				counted string
				failed  bool
			}{
				{"/", 200, "200", false},
				{"/headers", 200, "200", false},
				{"/before", 500, "500", true},
				{"/twice", 500, "500", true},
				{"/after", 500, "500", true},
				{"/none", 500, "500", true},
				{"/iter", 500, "500", true},
				{"/invalid", 400, "400", true},
				{"/tls", 403, "403", true},
				{"/file", 200, "200", false},
				{"/sendfile", 200, "200", false},
				{"/unread", 500, "500", true},
				{"/half", 200, "200", true},
				{"/first", 500, "500", true},
				{"/second", 200, "200", true},
				{"/written", 200, "200", true},
				{"/replaced", 503, "503", false},
				{"/late", 200, "200", true},
				{"/socket", 101, "101", false},
				{"/listed", 200, "101", false},
				{"/yielded", 200, "101", false},
				{"/taken", 200, "101", false},
			} {
				if c.path == "/taken" && class != "gevent" {
					continue // only gevent's and eventlet's workers accept it
				}
				head := s.head(c.path)
				if status := head.StatusCode; status != c.status {
					t.Errorf("%s: the client got %d, want %d", c.path, status, c.status)
				}
				if c.path == "/headers" && head.Header.Get("X-Kept") != "yes" {
					t.Errorf("%s: the client got %v", c.path, head.Header)
				}
				want := fmt.Sprintf("\nhttp_requests_total{method=\"GET\",path=%q,status=%q} 1\n", c.path, c.counted)
				failure := fmt.Sprintf("\nhttp_request_panics_total{method=\"GET\",path=%q} 1\n", c.path)
				var text string // a worker counts a body that fails after it has sent the first part, and its failure last
				if !reaches(10*time.Second, func() bool {
					text = scrape()
					return strings.Contains(text, want) && (!c.failed || strings.Contains(text, failure))
				}) {
					t.Errorf("no %sin %v", want, counted(text))
				}
				if n := strings.Count(text, fmt.Sprintf("\nhttp_requests_total{method=\"GET\",path=%q,", c.path)); n != 1 {
					t.Errorf("%s is counted %d times: %v", c.path, n, counted(text))
				}
				if failed := strings.Contains(text, failure); failed != c.failed {
					t.Errorf("%s failed: %v, want %v", c.path, failed, c.failed)
				}
			}
			if text := scrape(); !strings.Contains(text, "\nhttp_requests_in_flight 0\n") {
				t.Errorf("requests are in flight:\n%s", text)
			}
		})
	}
}

// head sends a request and returns the head of its response, which may be followed by none that is
// HTTP.
func (s *measuredService) head(path string) *http.Response {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatalf("%s: %v", path, err)
	}
	return res
}
