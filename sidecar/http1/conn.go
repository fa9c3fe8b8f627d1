package http1

import (
	"bufio"
	"io"
	"math"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/tacho-go/tacho/internal/copybuffer"
)

// bufferSize is that of a connection's reader, and of a writer, in bytes.
const bufferSize = 16 << 10

// noLimit is the limit of reading a body.
const noLimit = math.MaxInt64

// A conn is a connection to the service, for one request at a time.
type conn struct {
	net.Conn
	raw      syscall.RawConn // nil if the connection has none: then it is not reused
	reader   *bufio.Reader
	left     int64     // bytes until the limit of a header
	used     bool      // it has served a request
	began    bool      // a byte of the response has been read
	wrote    bool      // a byte of the request has been written
	failed   bool      // the last read failed
	writeErr error     // of the write that failed
	idle     time.Time // since when it is idle

	beforeWrite func() // called before each write of a request with a body, or nil
}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, bufferSize) }}

func newConn(nc net.Conn) *conn {
	c := &conn{Conn: nc, left: noLimit, reader: readers.Get().(*bufio.Reader)}
	c.reader.Reset(c)
	if s, ok := nc.(syscall.Conn); ok {
		c.raw, _ = s.SyscallConn()
	}
	return c
}

// Read implements io.Reader, for the connection's reader.
func (c *conn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errHeaderTooLarge
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.began = true
		c.left -= int64(n)
	}
	c.failed = err != nil
	return n, err
}

// Write implements io.Writer.
func (c *conn) Write(p []byte) (int, error) {
	if c.beforeWrite != nil {
		c.beforeWrite()
	}
	n, err := c.Conn.Write(p)
	c.wrote = c.wrote || n > 0
	if err != nil {
		c.writeErr = err
	}
	return n, err
}

// ReadFrom implements io.ReaderFrom. It writes each piece of a body at once; bufio.Writer would fill its buffer
// first.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	buffer := copies.Get()
	defer copies.Put(buffer)
	return io.CopyBuffer(onlyWriter{c}, r, buffer)
}

// copies are the buffers that bodies are copied with.
var copies = &copybuffer.Pool{}

type onlyWriter struct{ io.Writer }

// recycle closes a connection whose reader is not in use, and reuses the reader.
func (c *conn) recycle() {
	_ = c.Close()
	c.reader.Reset(nil)
	readers.Put(c.reader)
	c.reader = nil
}
