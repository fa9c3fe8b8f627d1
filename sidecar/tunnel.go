package sidecar

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// errTunneled ends ReverseProxy's part for a request whose tunnel is over.
var errTunneled = errors.New("sidecar: the tunnel has ended")

// tunnel takes over the client's connection and copies in both directions until both have ended.
// ReverseProxy's own would lose what the client sent right after its request.
func (x *exchange) tunnel(out *http.Request, res *http.Response) error {
	upstream, ok := res.Body.(io.ReadWriteCloser)
	if !ok || !upgrades(out.Method, out.Header) || !hasToken(res.Header["Upgrade"], "websocket") {
		res.Body.Close()
		return fmt.Errorf("malformed response: it switches to the protocol %q, which was not requested", res.Header.Get("Upgrade"))
	}
	defer upstream.Close()
	conn, rw, err := x.client.control.Hijack()
	if err != nil {
		return fmt.Errorf("sidecar: take over the client's connection: %w", err)
	}
	x.release()
	x.status = res.StatusCode
	defer conn.Close()
	_ = conn.SetDeadline(time.Time{})
	openTunnel(x.conn)
	if err := writeSwitch(rw.Writer, res); err != nil {
		return errTunneled
	}
	end := x.config.tunnels.add(conn, upstream)
	defer end()
	x.config.metrics.tunnels.Inc()
	defer x.config.metrics.tunnels.Dec()
	copyBoth(conn, rw.Reader, upstream)
	return errTunneled
}

// writeSwitch writes the response 101, with the upgrade and without other hop-by-hop headers.
func writeSwitch(w *bufio.Writer, res *http.Response) error {
	protocol := res.Header.Get("Upgrade")
	removeHopByHop(res.Header)
	res.Header.Set("Connection", "Upgrade")
	res.Header.Set("Upgrade", protocol)
	fmt.Fprintf(w, "HTTP/1.1 %s\r\n", statusLine(res))
	if err := res.Header.Write(w); err != nil {
		return err
	}
	if _, err := w.WriteString("\r\n"); err != nil {
		return err
	}
	return w.Flush()
}

func statusLine(res *http.Response) string {
	if strings.HasPrefix(res.Status, "101 ") {
		return res.Status
	}
	return "101 Switching Protocols"
}

// copyBoth copies in both directions. When one direction ends, the other one goes on, as far as its
// side can close one direction only; when one fails, both end.
func copyBoth(client net.Conn, sent *bufio.Reader, upstream io.ReadWriteCloser) {
	done := make(chan error, 2)
	go func() { done <- copyOne(upstream, sent) }()
	go func() { done <- copyOne(client, upstream) }()
	if err := <-done; err == nil {
		<-done
		return
	}
	_ = client.Close()
	_ = upstream.Close()
	<-done
}

// copyOne copies one direction, and closes it at its end.
func copyOne(to io.Writer, from io.Reader) error {
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	half, ok := to.(interface{ CloseWrite() error })
	if !ok {
		return io.EOF
	}
	return half.CloseWrite()
}
