package adapter_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/adapter/adaptertest"
)

// bare stands for frameworks as Fiber and Hertz are: handlers see neither http.Request nor
// http.ResponseWriter, strings stand in memory that the next request overwrites, no
// context is canceled when the client leaves, and the response is sent when the handlers
// have returned.
type bare struct {
	mux   *http.ServeMux // the router: which route matches
	chain func(*bareContext)
}

// A bareContext is one request, and used again for others.
type bareContext struct {
	memory []byte // of the strings
	method string
	path   string
	route  string
	in     *http.Request // how the request came; handlers do not see it
	read   int64         // of its body
	header http.Header
	status int
	out    bytes.Buffer
	stack  adapter.Stack // as a value that the framework keeps for its users
	serve  *bare

	decided bool // on the status
}

var bareContexts = sync.Pool{New: func() any { return new(bareContext) }}

// text returns a string in the memory of the Context.
func (c *bareContext) text(s string) string {
	at := len(c.memory)
	c.memory = append(c.memory, s...)
	return unsafe.String(unsafe.SliceData(c.memory[at:]), len(s))
}

func (b *bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := bareContexts.Get().(*bareContext)
	c.memory = c.memory[:0]
	c.in, c.header, c.serve, c.read = r, w.Header(), b, 0
	c.status, c.decided = http.StatusOK, false
	c.out.Reset()
	c.method = c.text(r.Method)
	c.dispatch(r.URL.Path)
	w.WriteHeader(c.status)
	_, _ = w.Write(c.out.Bytes())
	for i := range c.memory { // a string that was kept changes with it
		c.memory[i] = 'x'
	}
	bareContexts.Put(c)
}

// dispatch matches a path, and runs the chain for it.
func (c *bareContext) dispatch(path string) {
	c.path = c.text(path)
	to := *c.in.URL
	to.Path, to.RawPath = path, ""
	again := *c.in
	again.URL = &to
	_, pattern := c.serve.mux.Handler(&again)
	_, template, _ := strings.Cut(pattern, " ")
	c.route = c.text(template)
	c.in = &again
	c.serve.chain(c)
}

// bareCarrier shows a request to labels.
type bareCarrier struct{ *bareContext }

func (c bareCarrier) RequestHeader(name string) string  { return c.in.Header.Get(name) }
func (c bareCarrier) ResponseHeader(name string) string { return c.header.Get(name) }
func (c bareCarrier) HTTP() *http.Request               { return nil }
func (c bareCarrier) Context() context.Context          { return context.Background() }
func (c bareCarrier) Writer() http.ResponseWriter       { return nil }
func (c bareCarrier) PathValue(name string) string {
	want, have := strings.Split(c.route, "/"), strings.Split(c.path, "/")
	for i := range min(len(want), len(have)) {
		if want[i] == "{"+name+"}" {
			return have[i]
		}
	}
	return ""
}

type bareHandler func(*bareContext)

// bareLayer is the whole adapter.
func bareLayer(l *adapter.Layer, next bareHandler) bareHandler {
	return func(c *bareContext) {
		call := l.Enter(context.Background(), &c.stack, c.method, c.path, bareCarrier{c})
		if call == nil {
			next(c)
			return
		}
		defer leaveBare(c, call)
		next(c)
	}
}

func leaveBare(c *bareContext, call *adapter.Call) {
	v := recover()
	o := adapter.Outcome{Route: c.route, Status: c.status, BytesIn: c.read, BytesOut: int64(c.out.Len()), Panicked: v}
	if c.route == "" {
		o.Route = tacho.Unmatched
	}
	call.Leave(o)
}

// TestWithoutWriter: an adapter for a framework without http.ResponseWriter, with nothing
// but the public package.
func TestWithoutWriter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{Start: startBare, Lacks: map[adaptertest.Feature]string{
		adaptertest.ClientGone:    "no context is canceled when the client leaves",
		adaptertest.Hijacking:     "the response is sent when handlers have returned",
		adaptertest.Streaming:     "the response is sent when handlers have returned",
		adaptertest.Informational: "the response is sent when handlers have returned",
		adaptertest.ListsRoutes:   "its router cannot list its routes",
		adaptertest.Handlers:      "its handlers are not those of net/http",
		adaptertest.Deadlines:     "handlers do not reach the connection",
		adaptertest.Requests:      "handlers do not see an http.Request",
	}})
}

func startBare(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
	b := &bare{mux: http.NewServeMux()}
	routes := map[string]bareHandler{}
	b.chain = func(c *bareContext) {
		if h := routes[c.method+" "+c.route]; h != nil {
			h(c)
		} else if c.route == "" {
			b.refuse(c)
		} else {
			routes["GET "+c.route](c) // HEAD
		}
	}
	m, err := addMetrics(&app, opts)
	if err != nil {
		return adaptertest.Service{}, err
	}
	for _, r := range app.Routes {
		b.mux.HandleFunc(r.Method+" "+r.Path, func(http.ResponseWriter, *http.Request) {})
		routes[r.Method+" "+r.Path] = onBare(m, r, func(c *bareContext) {
			if in := (bareCall{c}); app.Guard == nil || app.Guard(in) {
				r.Do(in)
			}
		})
	}
	if app.Recovery == adaptertest.RecoveryInside {
		b.chain = bareRecovery(b.chain)
	}
	if m != nil {
		if app.Twice {
			b.chain = bareLayer(adapter.Measure(m), b.chain)
		}
		b.chain = bareLayer(adapter.Measure(m), b.chain)
	}
	if app.Recovery == adaptertest.RecoveryOutside {
		b.chain = bareRecovery(b.chain)
	}
	return adaptertest.Serve(b, m)
}

// refuse answers a request that no route matches, as the router itself would.
func (b *bare) refuse(c *bareContext) {
	h, _ := b.mux.Handler(c.in)
	h.ServeHTTP(bareAnswer{c}, c.in)
}

// onBare is a handler with what is put on its route.
func onBare(m *tacho.Meter, r adaptertest.Route, h bareHandler) bareHandler {
	if m == nil {
		return h
	}
	if r.Track != nil {
		h = bareLayer(adapter.Track(r.Track(m)...), h)
	}
	if r.DoNotTrack {
		h = bareLayer(adapter.DoNotTrack(m), h)
	}
	if r.ExcludeAll {
		h = bareLayer(adapter.ExcludeAll(m), h)
	}
	return h
}

func bareRecovery(next bareHandler) bareHandler {
	return func(c *bareContext) {
		defer func() {
			if v := recover(); v != nil {
				c.status = http.StatusInternalServerError
			}
		}()
		next(c)
	}
}

// bareAnswer lets handlers of net/http answer.
type bareAnswer struct{ c *bareContext }

func (a bareAnswer) Header() http.Header         { return a.c.header }
func (a bareAnswer) WriteHeader(status int)      { a.c.status = status }
func (a bareAnswer) Write(p []byte) (int, error) { return a.c.out.Write(p) }

// bareCall is a request in a handler.
type bareCall struct{ c *bareContext }

func (b bareCall) Context() context.Context    { return context.Background() }
func (b bareCall) Body() io.Reader             { return bareBody(b) }
func (b bareCall) SetHeader(key, value string) { b.c.header.Set(key, value) }
func (b bareCall) Flush()                      {}
func (b bareCall) Hijack() (net.Conn, error)   { return nil, http.ErrNotSupported }
func (b bareCall) Redispatch(path string)      { b.c.dispatch(path) }

// WriteHeader decides on the status, once.
func (b bareCall) WriteHeader(status int) {
	if !b.c.decided {
		b.c.status, b.c.decided = status, true
	}
}

func (b bareCall) Write(p []byte) (int, error) {
	b.c.decided = true
	return b.c.out.Write(p)
}

// bareBody is the body of a request, as far as handlers read it.
type bareBody bareCall

func (b bareBody) Read(p []byte) (int, error) {
	n, err := b.c.in.Body.Read(p)
	b.c.read += int64(n)
	return n, err
}

// addMetrics makes the app's Meter, nil for a plain app, and adds its endpoint to the routes.
func addMetrics(app *adaptertest.App, opts tacho.Options) (*tacho.Meter, error) {
	if app.Plain {
		return nil, nil
	}
	m, err := tacho.New(opts)
	if err != nil {
		return nil, err
	}
	app.Routes = append(app.Routes, adaptertest.Route{Method: "GET", Path: m.MetricsPath(), Do: func(in adaptertest.Call) {
		body, contentType, err := m.Render(context.Background(), "")
		if err != nil {
			panic(err)
		}
		in.SetHeader("Content-Type", contentType)
		_, _ = in.Write(body)
	}})
	return m, nil
}
