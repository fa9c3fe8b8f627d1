package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
)

// A sink is a reusable ResponseWriter that discards everything and counts the bytes. It has the
// optional interfaces of net/http's HTTP/1 writer, because middleware checks for them and
// sometimes takes a more expensive path.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func newSink() *sink { return &sink{header: http.Header{}} }

func (s *sink) Header() http.Header { return s.header }

func (s *sink) WriteHeader(status int) { s.status = status }

func (s *sink) Write(p []byte) (int, error) {
	s.bytes += len(p)
	return len(p), nil
}

func (s *sink) WriteString(p string) (int, error) {
	s.bytes += len(p)
	return len(p), nil
}

func (s *sink) Flush() {}

func (s *sink) FlushError() error { return nil }

func (s *sink) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{s}, r) }

func (s *sink) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, errors.New("a sink has no connection")
}

func (s *sink) CloseNotify() <-chan bool { return make(chan bool) }
