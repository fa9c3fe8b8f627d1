package adaptertest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tacho-go/tacho"
)

// A Gateway lets the suite's client reach a framework of RPCs: it makes an RPC of each HTTP request,
// of the method for its route or of one that nobody has. Use it with FullMethod as
// Framework.Template and RPCStatus as Framework.Status.
type Gateway struct {
	// Open opens an RPC of a method. Its context ends with the request. route is nil for a method
	// that nobody has.
	Open func(ctx context.Context, method string, route *Route, r *http.Request) (RPC, error)

	// Code returns the code of an error, or false if the connection broke off.
	Code func(error) (code uint32, answered bool)

	names  *http.ServeMux
	routes map[string]*Route
}

// An RPC is one call of a client.
type RPC interface {
	Send([]byte) error
	CloseSend() error
	Receive() ([]byte, error) // io.EOF at the end
	Header() http.Header      // of the response, after Receive
}

// Handle adds a route.
func (g *Gateway) Handle(r Route) {
	if g.names == nil {
		g.names, g.routes = http.NewServeMux(), map[string]*Route{}
	}
	g.names.HandleFunc(r.Method+" "+r.Path, func(http.ResponseWriter, *http.Request) {})
	g.routes[r.Method+" "+r.Path] = &r
}

// Serve serves the gateway and the metrics in front of a service, and stops both.
func (g *Gateway) Serve(m *tacho.Meter, stop func()) (Service, error) {
	mux := http.NewServeMux()
	mux.Handle("/", g)
	if m != nil {
		mux.Handle("GET "+m.MetricsPath(), m.Metrics())
	}
	s, err := Serve(mux, m)
	if err != nil {
		stop()
		return s, err
	}
	own := s.Stop
	s.Stop = func() {
		own()
		stop()
	}
	return s, nil
}

func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, pattern := g.names.Handler(r)
	route, method := g.routes[pattern], r.URL.Path
	if route != nil {
		method = FullMethod(route.Path)
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	call, err := g.Open(ctx, method, route, r)
	if err != nil {
		g.fail(w, err)
		return
	}
	controller := http.NewResponseController(w)
	_ = controller.EnableFullDuplex()
	sending := make(chan struct{})
	go func() {
		send(call, r.Body, route == nil || !Unary(*route))
		close(sending)
	}()
	g.answer(w, call)
	select {
	case <-sending:
	case <-time.After(50 * time.Millisecond): // an upload that was refused
		_ = controller.SetReadDeadline(time.Now())
		cancel()
		<-sending
	}
}

// Unary reports whether the method for a route is to be unary, if the suite does not stream: its
// requests then have no body.
func Unary(r Route) bool { return r.Method == "GET" || r.Method == "HEAD" || r.Method == "CONNECT" }

// send sends the body: as one message, or as it comes.
func send(call RPC, body io.Reader, pieces bool) {
	defer func() { _ = call.CloseSend() }()
	for buffer := make([]byte, 4096); pieces; {
		n, err := body.Read(buffer)
		if n > 0 && call.Send(buffer[:n]) != nil || err != nil {
			return
		}
	}
	all, _ := io.ReadAll(body)
	_ = call.Send(all)
}

func (g *Gateway) answer(w http.ResponseWriter, call RPC) {
	for begun := false; ; begun = true {
		piece, err := call.Receive()
		if !begun {
			for key, values := range call.Header() {
				if key = http.CanonicalHeaderKey(key); strings.HasPrefix(key, "X-") {
					w.Header()[key] = values
				}
			}
		}
		switch {
		case err == io.EOF:
			return
		case err != nil && begun:
			panic(http.ErrAbortHandler)
		case err != nil:
			g.fail(w, err)
			return
		}
		_, _ = w.Write(piece)
		_ = http.NewResponseController(w).Flush()
	}
}

// fail answers as the RPC has failed.
func (g *Gateway) fail(w http.ResponseWriter, err error) {
	code, answered := g.Code(err)
	if !answered {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(codeStatus[code])
}

// FullMethod is the method for a path of the suite, with a service and a name.
func FullMethod(path string) string {
	if path == "/healthz" {
		return "/grpc.health.v1.Health/Check"
	}
	path = strings.NewReplacer("{", "", "}", "", "...", "").Replace(path)
	if strings.Count(path, "/") == 1 || strings.HasSuffix(path, "/") {
		path = strings.TrimSuffix(path, "/") + "/Call"
	}
	return path
}

// codeStatus are the HTTP statuses of the codes that the suite's handlers return.
var codeStatus = map[uint32]int{0: 200, 1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 12: 501, 13: 500, 14: 503, 16: 401}

// RPCStatus is Framework.Status for a framework of RPCs: the HTTP status of a code. unknown is the
// code for methods that nobody has.
func RPCStatus(unknown uint32) func(status int) int {
	return func(status int) int { return codeStatus[RPCCode(status, unknown)] }
}

// RPCCode is the code for a status that a handler of the suite chooses.
func RPCCode(status int, unknown uint32) uint32 {
	const invalidArgument, internal = 3, 13
	switch {
	case status < 400:
		return 0
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return unknown
	case status == http.StatusInternalServerError:
		return internal
	}
	for code, s := range codeStatus {
		if s == status {
			return code
		}
	}
	return invalidArgument
}

// An RPCCall is an RPC in a handler.
type RPCCall struct {
	Unknown uint32 // as for RPCStatus
	Ctx     context.Context
	In      io.Reader
	Out     func([]byte) error      // sends a piece; if nil, Reply has all of them
	Set     func(key, value string) // sets a header

	// Failed is the error of the context or of Out that a write has returned. A handler that writes
	// no more returns it.
	Failed error

	status            int
	reply             bytes.Buffer
	promised, written int
}

// Serve runs the handler of a route, and returns the code.
func (c *RPCCall) Serve(app App, r Route) (code uint32) {
	if app.Guard == nil || app.Guard(c) {
		r.Do(c)
	}
	if c.written < c.promised {
		return RPCCode(http.StatusInternalServerError, c.Unknown)
	}
	return RPCCode(c.status, c.Unknown)
}

// Status is the status that the handler has chosen.
func (c *RPCCall) Status() int { return c.status }

// Reply is what the handler has written.
func (c *RPCCall) Reply() []byte { return c.reply.Bytes() }

// Context implements Call.
func (c *RPCCall) Context() context.Context { return c.Ctx }

// Body implements Call.
func (c *RPCCall) Body() io.Reader { return c.In }

// Flush implements Call: messages are never kept back.
func (c *RPCCall) Flush() {}

// Hijack implements Call.
func (c *RPCCall) Hijack() (net.Conn, error) { return nil, http.ErrNotSupported }

// SetHeader implements Call. RPCs have no headers of HTTP; one that promises more than it writes
// fails.
func (c *RPCCall) SetHeader(key, value string) {
	if strings.HasPrefix(key, "X-") {
		c.Set(key, value)
	} else if key == "Content-Length" {
		c.promised, _ = strconv.Atoi(value)
	}
}

// WriteHeader implements Call.
func (c *RPCCall) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

// Write implements Call. An RPC that fails has no message.
func (c *RPCCall) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	c.written += len(p)
	const full = 64 << 10 // of a connection's buffers
	switch {
	case RPCCode(c.status, c.Unknown) != 0:
		return len(p), nil
	case c.written > full && c.Ctx.Err() != nil:
		c.Failed = c.Ctx.Err()
	case c.Out == nil:
		return c.reply.Write(p)
	default:
		c.Failed = c.Out(p)
	}
	return len(p), c.Failed
}

// Messages is a body that arrives in messages.
type Messages struct {
	Receive func() ([]byte, error)
	rest    []byte
}

func (m *Messages) Read(p []byte) (n int, err error) {
	for len(m.rest) == 0 && err == nil {
		m.rest, err = m.Receive()
	}
	n = copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, err
}
