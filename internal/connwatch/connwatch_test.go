package connwatch

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/schema"
)

// A conn fails to send if it has an error.
type conn struct {
	Conn
	text string
	err  error
}

func (c *conn) Malloc(n int) ([]byte, error)          { return make([]byte, n), nil }
func (c *conn) WriteBinary(b []byte) (n int, e error) { return c.Write(b) }
func (c *conn) Write(b []byte) (int, error)           { c.text += string(b); return len(b), nil }
func (c *conn) Flush() error                          { return c.err }

type tlsConn struct{ *conn }

func (tlsConn) Handshake() error                     { return nil }
func (tlsConn) ConnectionState() tls.ConnectionState { return tls.ConnectionState{} }

type head struct{}

func (head) StatusCode() int     { return 201 }
func (head) ContentType() []byte { return []byte("text/event-stream") }

// A carrier is a request without net/http.
type carrier struct{ adapter.OwnHTTP }

func (*carrier) RequestHeader(string) string  { return "" }
func (*carrier) ResponseHeader(string) string { return "" }
func (*carrier) PathValue(string) string      { return "" }
func (*carrier) Context() context.Context     { return context.Background() }

// measured returns what a Meter exports after a request whose handler does something to its
// connection.
func measured(t *testing.T, own Conn, handler func(Conn, *Watch), schemas ...schema.Schema) string {
	t.Helper()
	opts := tacho.Options{OmitRuntime: true}
	if len(schemas) > 0 {
		opts.Schema = schemas[0]
	}
	m := tacho.MustNew(opts)
	var r carrier
	call := adapter.Measure(m).Enter(t.Context(), &r.Stack, "GET", "/events", &r)
	var w Watch
	inside := w.Begin(own, head{}, call)
	handler(inside, &w)
	if got, changed := w.End(inside); got != own || changed != (own != nil) {
		t.Errorf("at the end, the connection is %v, changed %t", got, changed)
	}
	call.Leave(adapter.Outcome{Route: "/events", Status: 500})
	text := httptest.NewRecorder()
	m.Metrics().ServeHTTP(text, httptest.NewRequest("GET", "/metrics", nil))
	return text.Body.String()
}

// TestWatch: what a handler sends is known before it returns, and reaches the framework's own
// connection.
func TestWatch(t *testing.T) {
	lost := errors.New("the client has gone")
	for _, row := range []struct {
		name    string
		own     *conn
		handler func(Conn)
		want    string
	}{
		{"nothing", &conn{}, func(Conn) {}, `http_requests_total{method="GET",path="/events",status="500"} 1`},
		{"nothing but a flush", &conn{}, func(c Conn) { c.Flush() }, `http_requests_total{method="GET",path="/events",status="500"} 1`},
		{"an event", &conn{}, func(c Conn) { c.WriteBinary([]byte("event")); c.Flush() }, `http_requests_total{method="GET",path="/events",status="201"} 1`},
		{"an event is a stream", &conn{}, func(c Conn) { c.Malloc(5); c.Flush() }, `http_stream_duration_seconds_count{method="GET",path="/events"} 1`},
		{"a lost event", &conn{err: lost}, func(c Conn) { c.Malloc(5); c.Flush() }, `http_requests_total{method="GET",path="/events",status="201"} 1`},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := measured(t, row.own, func(c Conn, _ *Watch) { row.handler(c) })
			if !strings.Contains(text, row.want+"\n") {
				t.Errorf("want %s in\n%s", row.want, text)
			}
		})
	}
}

// TestTaken: a handler that writes to the connection itself has taken it over.
func TestTaken(t *testing.T) {
	own := new(conn)
	measured(t, own, func(c Conn, w *Watch) {
		if io.WriteString(c, "raw"); !w.Taken || w.Written || own.text != "raw" {
			t.Errorf("taken %t, written %t, sent %q", w.Taken, w.Written, own.text)
		}
	})
}

// TestTLS: a connection with TLS remains one, and is told.
func TestTLS(t *testing.T) {
	text := measured(t, tlsConn{new(conn)}, func(c Conn, _ *Watch) {
		if _, with := c.(TLS); !with {
			t.Errorf("%T has no TLS", c)
		}
	}, schema.OTel())
	if !strings.Contains(text, `url_scheme="https"`) {
		t.Errorf("exposed is\n%s", text)
	}
}

// TestNone: in tests of a service, a request has no connection.
func TestNone(t *testing.T) {
	measured(t, nil, func(c Conn, w *Watch) {
		if c != nil {
			t.Errorf("Begin returns %v", c)
		}
	})
}

// TestAfterEnd: a writer that a handler leaves behind still writes, and reports nothing.
func TestAfterEnd(t *testing.T) {
	own := new(conn)
	var left Conn
	measured(t, own, func(c Conn, _ *Watch) { left = c })
	left.WriteBinary([]byte("late"))
	if err := left.Flush(); err != nil || own.text != "late" {
		t.Errorf("sent %q, %v", own.text, err)
	}
	if _, err := left.Write([]byte("r")); err != nil || own.text != "later" {
		t.Errorf("sent %q, %v", own.text, err)
	}
}
