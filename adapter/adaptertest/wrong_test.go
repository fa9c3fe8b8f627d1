package adaptertest

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// plain is a plain adapter, written as one might write the first one for a
// new framework. With a fault it breaks one rule: that of the case which has
// the fault's name.
type plain struct {
	fault    string
	recorder *adapter.Recorder
	next     http.Handler
	count    atomic.Int64
	hand     *handWritten
}

func (a *plain) has(fault string) bool { return a.fault == fault }

// TestPlainAdapterPasses shows that a failure below comes from the fault.
func TestPlainAdapterPasses(t *testing.T) { Run(t, plainFramework("")) }

func TestWrongAdaptersFail(t *testing.T) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			if err := check(plainFramework(c.Name), c, 300*time.Millisecond); err == nil {
				t.Errorf("an adapter that breaks this rule passes: %s", c.Rule)
			} else {
				t.Log(err)
			}
		})
	}
}

func plainFramework(fault string) Framework {
	return Framework{Start: func(app App, opts tacho.Options) (Service, error) {
		if fault == "twice" {
			opts.Registerer, opts.Gatherer = nil, nil
		}
		var hand *handWritten
		if fault == "counter-and-histogram" {
			hand = newHandWritten(&opts)
		}
		return startNetHTTP(app, opts, func(m *tacho.Meter, next http.Handler) http.Handler {
			rec := adapter.Of(m)
			rec.Join()
			if fault != "routes-at-zero" {
				for _, r := range app.Routes {
					rec.Expect(r.Method, r.Path)
				}
			}
			return &plain{fault: fault, recorder: rec, next: next, hand: hand}
		})
	}}
}

// hides keeps its exchange from what stands inside.
func (a *plain) hides() bool {
	return a.has("nested-middleware") || a.has("do-not-track") || a.has("exclude-all")
}

// counts begins an exchange of its own for each time that a request comes by.
func (a *plain) counts() bool {
	return a.has("around") || a.has("dispatch-again") || a.has("nested-meters")
}

func (a *plain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if x := a.recorder.Enclosing(w, r.Context()); x != nil && !a.counts() {
		if mux, ok := a.next.(*http.ServeMux); ok && !a.has("timeout-inside") {
			_, r.Pattern = mux.Handler(r) // now: the handler may outlive the exchange
			x.SetRoute(a.route(r, 0))
		}
		if a.has("nested-do-not-track") {
			Blind(a.next).ServeHTTP(w, r.WithContext(context.Background()))
			return
		}
		a.next.ServeHTTP(w, r)
		x.SetRoute(a.route(r, 0))
		return
	}
	a.alter(w, r)
	path := r.URL.Path
	if a.has("exclude-default") {
		path = "/app" + path
	}
	var x adapter.Exchange
	if !a.recorder.Begin(&x, r.Method, path) {
		if !a.has("exclude-options") || path == "/metrics" {
			a.next.ServeHTTP(w, r)
		}
		return
	}
	if a.has("in-flight") {
		x.Exclude()
		a.recorder.End(&x)
	}
	route := ""
	if a.has("route-template") {
		route = tacho.Unknown // the route, read before the router has decided
	}
	rec := &recorder{ResponseWriter: w, x: &x, a: a, ctx: r.Context(), request: r}
	if !a.hides() {
		rec.Watcher = adapter.Watch(&x)
	}
	inner, ctx := *r, r.Context()
	if a.recorder.Nested() && !a.hides() {
		ctx = x.Link(ctx)
		inner = *r.WithContext(ctx)
	}
	rec.inner = &inner
	if !a.has("own-labels") && !a.has("register-default") {
		x.Carry(rec)
	}
	body := &counted{ReadCloser: r.Body, x: &x, a: a, outer: r, inner: &inner}
	inner.Body = body
	if !a.has("request-returned") {
		defer body.giveBack(ctx)
	}
	r = &inner
	if a.has("panic-bare") || a.has("panic-recovery-outside") {
		a.next.ServeHTTP(rec.as(), r)
		a.end(&x, rec, r, route, nil)
		return
	}
	defer func() {
		v := recover()
		a.end(&x, rec, r, route, v)
		if v != nil {
			panic(v)
		}
	}()
	if a.has("panic-recovery-inside") {
		a.next.ServeHTTP(w, r)
		return
	}
	a.next.ServeHTTP(rec.as(), r)
}

// alter breaks rules by changing the request or the response.
func (a *plain) alter(w http.ResponseWriter, r *http.Request) {
	switch {
	case a.has("unchanged"):
		w.Header().Set("X-Measured", "yes")
	case a.has("bad-utf8") && !utf8.ValidString(r.URL.Path):
		panic("label value is not valid UTF-8")
	case a.has("size-refused"):
		all, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(all)))
	}
}

// end reports the exchange's end.
func (a *plain) end(x *adapter.Exchange, rec *recorder, r *http.Request, route string, v any) {
	a.settle(x, rec, r.Context(), v)
	if route == "" {
		route = a.route(r, x.Status())
	}
	x.CopyTemplate(route)
	x.SetBytesOut(rec.written)
	switch {
	case a.has("track-panic") && v != nil, a.has("track-progress"):
		return // and so never ends
	case a.has("size-none") && rec.written == 0:
		x.SetBytesOut(-1)
	case a.has("size-read"):
		x.SetBytesIn(r.ContentLength)
	}
	if a.has("in-flight") {
		a.recorder.Begin(x, r.Method, r.URL.Path)
	}
	if a.drops(r, x) {
		x.Exclude()
	}
	if a.hand != nil {
		a.hand.record(r, x, route)
	}
	a.recorder.End(x)
}

func (a *plain) settle(x *adapter.Exchange, rec *recorder, ctx context.Context, v any) {
	implicit := http.StatusOK
	switch {
	case a.has("timeout-in-time") && ctx.Err() == context.DeadlineExceeded:
		x.WriteFailed(http.ErrHandlerTimeout) // takes every deadline for TimeoutHandler's
	case a.has("client-gone"), a.has("client-gone-abort"):
		ctx = context.Background()
	case a.has("status-first"), a.has("client-gone-late"):
		if rec.last != 0 {
			implicit = rec.last
		}
	case a.has("panic-after-status") && v != nil:
		*x = adapter.Exchange{}
		a.recorder.Begin(x, "GET", users)
	}
	x.Settle(ctx, implicit, v)
	if gone := ctx.Err() == context.Canceled; gone && (a.has("client-half-closed") || a.has("shutdown")) {
		x.WriteFailed(io.ErrClosedPipe) // takes every canceled context for a client that has left
	}
}

// drops leaves requests out that should count.
func (a *plain) drops(r *http.Request, x *adapter.Exchange) bool {
	n := a.count.Add(1)
	switch {
	case a.has("route-redirect"):
		return x.Status()/100 == 3
	case a.has("routes-early"):
		return strings.HasPrefix(r.URL.Path, "/early")
	case a.has("method-not-allowed"):
		return x.Status() == http.StatusMethodNotAllowed
	case a.has("method-unknown"):
		return strings.HasPrefix(r.Method, "FOO")
	case a.has("long-path"):
		return len(r.URL.Path) > 1024
	case a.has("series-budget"):
		return n > 10
	case a.has("concurrent"):
		return n%10 == 0
	}
	return false
}

// route is the template, or what the fault takes for it.
func (a *plain) route(r *http.Request, status int) string {
	_, template, matched := strings.Cut(r.Pattern, " ")
	if a.has("connect") && r.Pattern != "" && !matched {
		return r.Pattern // whatever the router says
	}
	switch {
	case a.has("route-wildcard"), a.has("unmatched") && !matched:
		return r.URL.Path
	case a.has("route-group"):
		return strings.TrimPrefix(template, "/api/v1")
	case a.has("route-late") && strings.HasPrefix(template, "/late"):
		return tacho.Unmatched // not in the list that was made at the start
	case a.has("route-guarded") && status == http.StatusUnauthorized:
		return tacho.Unmatched // the handler, which would have said, never ran
	case a.has("unmatched-by-router") && status == http.StatusNotFound:
		return tacho.Unmatched
	case a.has("host"):
		return r.Host + template
	case a.has("abuse") && matched && !utf8.ValidString(r.URL.Path):
		return r.URL.Path
	case !matched:
		return tacho.Unmatched
	}
	return template
}

// recorder watches the response.
type recorder struct {
	http.ResponseWriter
	adapter.Watcher // lets handlers further inside find the exchange; the fault of some is to lack it
	x               *adapter.Exchange
	a               *plain
	ctx             context.Context
	request         *http.Request // as it came
	inner           *http.Request // as handlers see it
	last            int
	written         int64
}

// as hides Unwrap and the exchange where that is the fault.
func (w *recorder) as() http.ResponseWriter {
	if w.a.has("deadlines") || w.a.has("dispatch-again-track") {
		return struct {
			http.ResponseWriter
			http.Flusher
		}{w, w}
	}
	return w
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) RequestHeader(name string) string  { return w.request.Header.Get(name) }
func (w *recorder) ResponseHeader(name string) string { return w.Header().Get(name) }
func (w *recorder) HTTP() *http.Request               { return w.inner }
func (w *recorder) Context() context.Context          { return w.ctx }
func (w *recorder) Writer() http.ResponseWriter {
	if w.a.has("timeout-outside") || w.a.has("timeout-early-status") || w.a.has("timeout-late-write") {
		return nil // as if the framework were not built on net/http
	}
	return w.ResponseWriter
}
func (w *recorder) PathValue(name string) string {
	if w.a.has("track-labels") {
		return w.request.PathValue(name) // of a request that the router never saw
	}
	return w.inner.PathValue(name)
}

func (w *recorder) WriteHeader(status int) {
	w.ResponseWriter.WriteHeader(status)
	w.note(status)
}

func (w *recorder) note(status int) {
	w.last = status
	switch {
	case w.a.has("status-first"), w.a.has("client-gone-late"): // later, at the end
	case w.a.has("status-informational") && status < 200:
		w.x.WroteHeader(w.ctx, http.StatusOK)
	case w.a.has("status-written"):
		w.x.WroteHeader(w.ctx, http.StatusOK)
	case w.a.has("client-gone"):
		w.x.WroteHeader(context.Background(), status)
	default:
		w.x.WroteHeader(w.ctx, status)
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.last == 0 {
		w.note(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(p)
	if !w.a.has("client-gone-writing") && !w.a.has("timeout-late-write") {
		w.x.WriteFailed(err)
	}
	if w.a.has("size-written") {
		w.written = 0
	}
	w.written += int64(n)
	return n, err
}

func (w *recorder) Flush() {
	w.ResponseWriter.(http.Flusher).Flush()
	contentType := w.Header().Get("Content-Type")
	switch {
	case w.a.has("stream-short-flush"):
		w.x.Flushed("text/event-stream")
	case w.a.has("stream-events"), w.a.has("stream-long-flush"):
	default:
		w.x.Flushed(contentType)
	}
}

func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := w.ResponseWriter.(http.Hijacker).Hijack()
	if err == nil && !w.a.has("stream-hijack") {
		w.x.Hijack()
	}
	return conn, rw, err
}

type counted struct {
	io.ReadCloser
	x            *adapter.Exchange
	a            *plain
	outer, inner *http.Request
	read         int64
}

// giveBack gives the request what handlers have set in its copy, which had this
// context and this body.
func (c *counted) giveBack(ctx context.Context) {
	back := c.inner
	if back.Context() == ctx {
		back = back.WithContext(c.outer.Context())
	}
	if body := c.outer.Body; back.Body == io.ReadCloser(c) {
		defer func() { c.outer.Body = body }()
	}
	*c.outer = *back
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if !c.a.has("size-read") {
		c.read += int64(n)
		c.x.SetBytesIn(c.read)
	}
	if err == io.EOF && c.inner.Trailer == nil && !c.a.has("request-trailers") {
		c.inner.Trailer = c.outer.Trailer
	}
	return n, err
}

// handWritten is the middleware that people write themselves, with a histogram
// that forgets server errors.
type handWritten struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newHandWritten(opts *tacho.Options) *handWritten {
	labels := []string{"method", "path", "status"}
	h := &handWritten{
		prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total"}, labels),
		prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "http_request_duration_seconds"}, labels),
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(h.requests, h.duration)
	opts.Registerer, opts.Gatherer, opts.Namespace = reg, reg, "unused"
	return h
}

func (h *handWritten) record(r *http.Request, x *adapter.Exchange, route string) {
	status := strconv.Itoa(x.Status())
	h.requests.WithLabelValues(r.Method, route, status).Inc()
	if x.Status() < 500 {
		h.duration.WithLabelValues(r.Method, route, status).Observe(0)
	}
}
