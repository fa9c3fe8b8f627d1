package adaptertest

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"

	"github.com/tacho-go/tacho"
)

// A LateResponse lets handlers of the suite answer in a framework that sends the response when its
// handlers have returned, as fasthttp does. They flush and hijack there as the framework's users do:
// with a stream, or a function for the connection, that goes on after the handler.
type LateResponse struct {
	Context    context.Context
	Body       io.Reader
	SetHeader  func(key, value string)
	SetStatus  func(status int)
	SetBody    func(body []byte)
	SetStream  func(body io.Reader)
	Hijack     func(use func(net.Conn)) // the framework sends no response
	EarlyHints func()                   // nil without the feature Informational
	Redispatch func(path string)        // nil without the feature Redispatching
}

// Serve calls a handler. It panics as the handler does.
func (r LateResponse) Serve(do func(Call)) {
	c := &lateCall{
		response: r, leaves: make(chan func(), 1), pieces: make(chan []byte),
		conn: make(chan net.Conn), closed: make(chan struct{}), done: make(chan struct{}),
	}
	go c.run(do)
	(<-c.leaves)()
}

// A lateCall is a request in a handler, which runs in a goroutine of its own so that it can go on.
type lateCall struct {
	response LateResponse
	decided  bool        // on the status
	left     bool        // the framework's handler has returned, or will
	leaves   chan func() // what it does last
	buffer   bytes.Buffer
	pieces   chan []byte // that were flushed
	conn     chan net.Conn
	panicked any
	closing  sync.Once
	closed   chan struct{} // the stream
	done     chan struct{} // the handler
	rest     []byte        // of a piece
}

func (c *lateCall) run(do func(Call)) {
	defer close(c.done)
	defer func() {
		c.panicked = recover()
		if c.left {
			c.flush()
			close(c.pieces)
			return
		}
		c.leaves <- func() {
			if c.panicked != nil {
				panic(c.panicked)
			}
			if c.buffer.Len() > 0 {
				c.response.SetBody(c.buffer.Bytes())
			}
		}
	}()
	do(c)
}

// leave makes the framework's handler return.
func (c *lateCall) leave(last func()) {
	if !c.left {
		c.left, c.decided = true, true
		c.leaves <- last
	}
}

func (c *lateCall) Context() context.Context    { return c.response.Context }
func (c *lateCall) Body() io.Reader             { return c.response.Body }
func (c *lateCall) SetHeader(key, value string) { c.response.SetHeader(key, value) }
func (c *lateCall) Redispatch(path string)      { c.response.Redispatch(path) }

func (c *lateCall) WriteHeader(status int) {
	switch {
	case c.decided:
	case status/100 == 1:
		c.response.EarlyHints()
	default:
		c.response.SetStatus(status)
		c.decided = true
	}
}

func (c *lateCall) Write(p []byte) (int, error) {
	c.decided = true
	return c.buffer.Write(p)
}

func (c *lateCall) Flush() {
	c.leave(func() { c.response.SetStream(c) })
	c.flush()
}

func (c *lateCall) flush() {
	if c.buffer.Len() == 0 {
		return
	}
	select {
	case c.pieces <- bytes.Clone(c.buffer.Bytes()):
	case <-c.closed:
	}
	c.buffer.Reset()
}

func (c *lateCall) Hijack() (net.Conn, error) {
	c.leave(func() {
		c.response.Hijack(func(conn net.Conn) {
			c.conn <- conn
			<-c.done
		})
	})
	return <-c.conn, nil
}

// Read is that of the stream. It panics as the handler does.
func (c *lateCall) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		piece, more := <-c.pieces
		if !more && c.panicked != nil {
			panic(c.panicked)
		}
		if !more {
			return 0, io.EOF
		}
		c.rest = piece
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Close is that of the stream.
func (c *lateCall) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return nil
}

// ServeConns serves connections on a free loopback port with a server that does not survive a
// handler's panic: this one does.
func ServeConns(serve func(net.Conn) error, m *tacho.Meter) (Service, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return Service{}, err
	}
	var open sync.Map
	go func() {
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			open.Store(conn, nil)
			go serveConn(serve, conn)
		}
	}()
	return Service{URL: "http://" + listener.Addr().String(), Meter: m, Stop: func() {
		listener.Close()
		for conn := range open.Range {
			conn.(net.Conn).Close()
		}
	}}, nil
}

func serveConn(serve func(net.Conn) error, conn net.Conn) {
	defer func() {
		if recover() != nil {
			conn.Close()
		}
	}()
	_ = serve(conn)
}
