package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// A socketCase is a conversation. Its path selects what the service does, and its result is what the client sees.
type socketCase struct {
	path    string
	service func(*websocket.Conn) error
	client  func(*websocket.Conn) (string, error)
}

// socketPatience limits waiting for the other side.
const socketPatience = 30 * time.Second

var socketCases = []socketCase{
	{"/text", echoMessages, exchangeMessages(websocket.TextMessage, "你好", "", strings.Repeat("x", 125), strings.Repeat("x", 126), strings.Repeat("x", 1<<16))},
	{"/binary", echoMessages, exchangeMessages(websocket.BinaryMessage, "\x00\xff", "\r\n\r\n")},
	{"/large", echoMessages, exchangeMessages(websocket.BinaryMessage, strings.Repeat("0123456789abcdef", 1<<16))}, // 1 MiB
	{"/fragments", echoMessages, sendFragments},
	{"/ping", echoMessages, pingService},
	{"/pinged", pingClient, readAll},
	{"/closes/1000", closeWith(websocket.CloseNormalClosure, "bye"), readAll},
	{"/closes/1001", closeWith(websocket.CloseGoingAway, ""), readAll},
	{"/closes/1011", closeWith(websocket.CloseInternalServerErr, "出错"), readAll},
	{"/closes/4999", closeWith(4999, strings.Repeat("r", 123)), readAll},
	{"/closed", echoMessages, closeAndRead(4000, "enough")},
	{"/disconnects", func(c *websocket.Conn) error { return c.NetConn().Close() }, readAll},
}

// TestProxyWebSocket: two ends of a WebSocket library see the same through the proxy and around it:
// messages, fragments, pings, close codes and a connection that breaks off.
func TestProxyWebSocket(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	for _, c := range socketCases {
		mux.Handle(c.path, serveSocket(c.service))
	}
	service := httptest.NewServer(mux)
	t.Cleanup(service.Close)
	p := spawn(t, nil, "proxy", "--upstream", service.URL, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	base, metrics := p.says(`Proxy +(\S+)`), p.says(`Metrics +(\S+)`)
	for _, compress := range []bool{false, true} {
		for _, c := range socketCases {
			around, through := c.seen(t, service.URL, compress), c.seen(t, base, compress)
			if around != through {
				t.Errorf("%s, compression %v: through the proxy\n%s\naround it\n%s", c.path, compress, through, around)
			}
		}
	}
	want := map[string]int{}
	for _, c := range socketCases {
		want[fmt.Sprintf(`method="GET",path="%s",status="101"`, socketRoute(c.path))] += 2
	}
	var got map[string]int
	if !reaches(10*time.Second, func() bool {
		_, text := get(t, http.DefaultClient, metrics)
		got = counted(text)
		return maps.Equal(got, want)
	}) {
		t.Errorf("counted %v, want %v", got, want)
	}
}

// socketRoute is the template that is learned for a path: close codes are numbers.
func socketRoute(path string) string {
	if rest, ok := strings.CutPrefix(path, "/closes/"); ok && rest != "" {
		return "/closes/{id}"
	}
	return path
}

// serveSocket upgrades a connection.
func serveSocket(serve func(*websocket.Conn) error) http.Handler {
	up := websocket.Upgrader{Subprotocols: []string{"v2", "v1"}, EnableCompression: true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, http.Header{"X-Mine": {"1"}})
		if err != nil {
			return
		}
		defer c.Close()
		_ = c.SetReadDeadline(time.Now().Add(socketPatience))
		_ = serve(c)
	})
}

// seen connects, and describes what the client sees.
func (s socketCase) seen(t *testing.T, base string, compress bool) string {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"v1"}, EnableCompression: compress, HandshakeTimeout: socketPatience}
	c, res, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(base, "http")+s.path, nil)
	if err != nil {
		t.Fatalf("%s: %v", s.path, err)
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(socketPatience))
	saw, err := s.client(c)
	return fmt.Sprintf("%s %s %q %s\n%s%s", res.Status, c.Subprotocol(), res.Header["Sec-Websocket-Extensions"], res.Header.Get("X-Mine"), saw, socketEnd(err))
}

// socketEnd describes an error without what belongs to one connection, such as ports.
func socketEnd(err error) string {
	var closed *websocket.CloseError
	switch {
	case err == nil:
		return "open"
	case errors.As(err, &closed):
		return fmt.Sprintf("closed %d %q", closed.Code, closed.Text)
	}
	return err.Error()
}

// echoMessages returns every message as it comes.
func echoMessages(c *websocket.Conn) error {
	for {
		kind, message, err := c.ReadMessage()
		if err != nil {
			return err
		}
		if err := c.WriteMessage(kind, message); err != nil {
			return err
		}
	}
}

// exchangeMessages sends messages, each after the echo of the previous one, and describes the echoes.
func exchangeMessages(kind int, messages ...string) func(*websocket.Conn) (string, error) {
	return func(c *websocket.Conn) (string, error) {
		var saw strings.Builder
		for _, m := range messages {
			if err := c.WriteMessage(kind, []byte(m)); err != nil {
				return saw.String(), err
			}
			got, echo, err := c.ReadMessage()
			if err != nil {
				return saw.String(), err
			}
			fmt.Fprintf(&saw, "kind %d, %d bytes, same %v, %x\n", got, len(echo), string(echo) == m, sha256.Sum256(echo))
		}
		return saw.String(), nil
	}
}

// sendFragments sends one message in several frames.
func sendFragments(c *websocket.Conn) (string, error) {
	w, err := c.NextWriter(websocket.TextMessage)
	if err != nil {
		return "", err
	}
	for range 3 {
		if _, err := io.WriteString(w, strings.Repeat("f", 10_000)); err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	_, echo, err := c.ReadMessage()
	return fmt.Sprintf("%d bytes\n", len(echo)), err
}

// pingService sends a ping, and waits for its pong. A message after it ends the wait of ReadMessage.
func pingService(c *websocket.Conn) (string, error) {
	var saw strings.Builder
	c.SetPongHandler(func(data string) error { fmt.Fprintf(&saw, "pong %q\n", data); return nil })
	for _, data := range []string{"", "ping", strings.Repeat("p", 125)} {
		if err := c.WriteControl(websocket.PingMessage, []byte(data), time.Now().Add(socketPatience)); err != nil {
			return saw.String(), err
		}
	}
	messages, err := exchangeMessages(websocket.TextMessage, "end")(c)
	return saw.String() + messages, err
}

// pingClient sends a ping to the client, and reports its pong in the reason for closing.
func pingClient(c *websocket.Conn) error {
	c.SetPongHandler(func(data string) error { return writeClose(c, websocket.CloseNormalClosure, "pong "+data) })
	if err := c.WriteControl(websocket.PingMessage, []byte("from the service"), time.Now().Add(socketPatience)); err != nil {
		return err
	}
	return echoMessages(c)
}

// closeWith closes with a code, and waits until the client has done so.
func closeWith(code int, reason string) func(*websocket.Conn) error {
	return func(c *websocket.Conn) error {
		if err := writeClose(c, code, reason); err != nil {
			return err
		}
		return echoMessages(c)
	}
}

// readAll reads until the connection ends, and describes how.
func readAll(c *websocket.Conn) (string, error) {
	for {
		if _, _, err := c.ReadMessage(); err != nil {
			return "", err
		}
	}
}

// closeAndRead closes with a code; the service's library returns it.
func closeAndRead(code int, reason string) func(*websocket.Conn) (string, error) {
	return func(c *websocket.Conn) (string, error) {
		if err := writeClose(c, code, reason); err != nil {
			return "", err
		}
		return readAll(c)
	}
}

func writeClose(c *websocket.Conn, code int, reason string) error {
	return c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(socketPatience))
}
