package sidecar

import (
	"net/http"
	"time"
)

// A writer is the response to the client.
type writer struct {
	http.ResponseWriter
	control  http.ResponseController
	timeout  time.Duration // of each write
	last     bool          // the connection ends after the response
	body     *requestBody
	headed   time.Time // when the header was written
	renewed  time.Time // when the client's time began anew
	late     bool      // the client has accepted nothing for all of its time
	promised int64     // bytes of the body, -1 if not known
	written  int64
}

// Unwrap lets http.ResponseController find what the server's writer can do.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader passes a status on as the upstream sent it. ReverseProxy leaves hop-by-hop headers in
// informational responses, and clears the header after them, while HTTP/2's server may still send it to a client
// that disconnects. The server copies a header with a length, which it leaves out. net/http would guess a missing
// Content-Type.
func (w *writer) WriteHeader(status int) {
	header := w.Header()
	switch {
	case status == http.StatusContinue && w.body.expects:
		clear(header) // the transport reads the body now, and then the server sends it: the client would get it twice
		return
	case isInformational(status):
		removeHopByHop(header)
		header["Content-Length"] = nil
		w.extend(time.Now())
		w.ResponseWriter.WriteHeader(status)
		return
	}
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil
	}
	if w.last || !w.body.stream && !w.body.isWhole() && status != http.StatusSwitchingProtocols {
		header.Set("Connection", "close")
	}
	w.headed = time.Now()
	w.extend(w.headed)
	w.ResponseWriter.WriteHeader(status)
}

func isInformational(status int) bool {
	return status >= http.StatusContinue && status < http.StatusOK && status != http.StatusSwitchingProtocols
}

// Write flushes every piece of a body but the last one, which the server does at the end of the
// request. Otherwise, a client would not get what was sent before an upstream failed.
func (w *writer) Write(p []byte) (int, error) {
	if now := time.Now(); now.Sub(w.renewed) > w.timeout/4 {
		w.extend(now)
	}
	n, err := w.ResponseWriter.Write(p)
	w.written += int64(n)
	if err == nil && w.promised > w.written {
		return n, w.FlushError()
	}
	return n, w.note(err)
}

// FlushError is what http.ResponseController calls: ReverseProxy does for a body of unknown length.
func (w *writer) FlushError() error { return w.note(w.control.Flush()) }

// note keeps whether a write has failed because of its deadline. HTTP/1.1 and HTTP/2 have no common error for
// that, and cancel the request as if the client had disconnected.
func (w *writer) note(err error) error {
	if err != nil && time.Since(w.renewed) >= w.timeout {
		w.late = true
	}
	return err
}

// extend gives a client more time to accept the next bytes. It takes long enough that a quarter of the time is
// good enough for the next ones.
func (w *writer) extend(now time.Time) {
	w.renewed = now
	_ = w.control.SetWriteDeadline(now.Add(w.timeout))
}
