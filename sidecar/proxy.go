package sidecar

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/sidecar/http1"
	"github.com/tacho-go/tacho/sidecar/routes"
)

// A Proxy is a reverse proxy that measures the requests that pass through it. It is an
// http.Handler; [Proxy.Serve] also limits slow clients and shuts down cleanly. It is safe for
// concurrent use.
type Proxy struct {
	meter    *tacho.Meter
	recorder *adapter.Recorder
	metrics  *metrics
	learner  *routes.Learner
	measured http.Handler
	current  atomic.Pointer[config]
	tunnels  tunnels
	draining atomic.Bool
}

// A config is what a reload replaces. A request keeps its first one.
type config struct {
	options   Options
	upstreams []*upstream
	routes    router
	metrics   *metrics
	limit     *limit
	tunnels   *tunnels
	proxy     *httputil.ReverseProxy
	failures  *failureLog
}

// New returns a proxy. It neither listens nor connects yet. Its error names each wrong option.
func New(o Options) (*Proxy, error) {
	wrong := o.check()
	o = o.withDefaults()
	meter, err := newMeter(o)
	table, bad := o.table()
	if wrong != nil || err != nil || bad != nil {
		return nil, errors.Join(wrong, err, bad)
	}
	latency := o.Meter.Buckets.Latency
	if latency == nil {
		latency = tacho.DefaultBuckets()
	}
	p := &Proxy{meter: meter, recorder: adapter.Of(meter), metrics: newMetrics(latency), learner: routes.NewLearner(o.LearnerLimits)}
	if err := p.metrics.register(meter.Registerer()); err != nil {
		return nil, fmt.Errorf("sidecar: register the proxy's metrics: %w", err)
	}
	p.load(o, table)
	p.measured = adapter.Middleware(meter, func(r *http.Request) string { return exchangeOf(r.Context()).route })(http.HandlerFunc(p.pass))
	return p, nil
}

func newMeter(o Options) (*tacho.Meter, error) {
	m := o.Meter
	m.Logger = cmp.Or(m.Logger, o.Logger)
	return tacho.New(m)
}

// Reload replaces the options: upstreams, routes, limits and trusted addresses. Requests in progress
// end with the previous ones. Options.Meter, HeaderTimeout, IdleTimeout, MaxHeaderBytes, Certificate and
// Key keep their first values. If an option is wrong, nothing changes.
func (p *Proxy) Reload(o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	table, err := o.table()
	if err != nil {
		return err
	}
	p.load(o.withDefaults(), table)
	return nil
}

// load makes checked options the current ones.
func (p *Proxy) load(o Options, table *routes.Table) {
	c := &config{options: o, metrics: p.metrics, tunnels: &p.tunnels, limit: newLimit(o.MaxConcurrent), failures: &failureLog{log: o.Logger}}
	c.routes.table = table
	if c.routes.table == nil || o.Learn {
		c.routes.learner = p.learner
	}
	for _, u := range o.Upstreams {
		c.upstreams = append(c.upstreams, newUpstream(u, o, p.metrics.of(u.label())))
	}
	c.proxy = &httputil.ReverseProxy{
		Rewrite:       c.rewrite,
		Transport:     roundTripper{},
		FlushInterval: flushInterval,
		BufferPool:    buffers,
		ErrorHandler:  c.fail,
		ErrorLog:      slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
	}
	for _, r := range o.Routes { // those with methods start at zero
		for _, method := range r.Methods {
			p.recorder.Expect(method, r.Template)
		}
	}
	before := p.current.Swap(c)
	if before != nil {
		before.retire(c)
	}
}

// table returns the table of the routes, nil without any.
func (o Options) table() (*routes.Table, error) {
	if len(o.Routes) == 0 {
		return nil, nil
	}
	t, err := routes.NewTable(o.Routes)
	if err != nil {
		return nil, fmt.Errorf("sidecar: Options.Routes: %w", err)
	}
	return t, nil
}

// retire ends what only a previous config has.
func (c *config) retire(next *config) {
	for _, u := range c.upstreams {
		u.closeIdle()
		if !slices.ContainsFunc(next.upstreams, func(n *upstream) bool { return n.label() == u.label() }) {
			u.forget(c.metrics)
		}
	}
}

func (u *upstream) forget(m *metrics) {
	label := prometheus.Labels{upstreamLabel: u.label()}
	m.up.DeletePartialMatch(label)
}

// flushInterval is how long the header of a response of known length waits for its body.
const flushInterval = 10 * time.Millisecond

// ServeHTTP passes a request on.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Context: r.Context(), config: p.current.Load(), begin: time.Now()}
	defer x.body.Close() // a transport may still read it, and HTTP/2's server panics for a deadline after the request
	p.measured.ServeHTTP(w, r.WithContext(x))
	switch {
	case x.abort:
		x.body.abandon()
		panic(http.ErrAbortHandler) // the server closes the connection without a word
	case !x.body.stream && !x.body.isWhole():
		_ = http.NewResponseController(w).Flush() // the client may wait for it with the rest
		x.body.drain()
	}
}

// pass is the part of ServeHTTP that is measured.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request) {
	x := exchangeOf(r.Context())
	x.client = writer{ResponseWriter: w, control: *http.NewResponseController(w), timeout: x.config.options.ClientTimeout, promised: -1, last: endsConnection(r), body: &x.body}
	if r.ProtoMajor == 2 && isGRPC(r.Header) {
		x.rpc = p.recorder.Current(w)
	}
	x.read(r)
	defer x.end(r)
	if f, refused := x.config.refuse(r, x); refused {
		x.refuse(f)
		return
	}
	if f, refused := x.wait(); refused {
		x.refuse(f)
		return
	}
	defer x.release()
	x.config.proxy.ServeHTTP(&x.client, x.request(r))
}

// endsConnection reports whether the connection must end after the response. A request with both
// Transfer-Encoding and Content-Length may be one that a proxy in front has read otherwise (RFC 9112,
// section 6.1). net/http drops the length, so that every request in chunks may be one.
func endsConnection(r *http.Request) bool { return r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 }

// refuse returns why a request is not passed on, if it is not.
func (c *config) refuse(r *http.Request, x *exchange) (fault, bool) {
	if r.Method == http.MethodConnect {
		x.status = http.StatusMethodNotAllowed
		return fault{status: http.StatusMethodNotAllowed, cause: causeClientMethod, client: true}, true
	}
	if r.ProtoMajor == 2 && !http1.HasRequestLine(r) {
		return fault{status: http.StatusBadRequest, cause: causeClientInvalid, client: true}, true
	}
	if most := c.options.MaxBodyBytes; most > 0 && r.ContentLength > most {
		return fault{status: http.StatusRequestEntityTooLarge, cause: causeClientTooLarge, client: true}, true
	}
	if x.upstream = c.upstreamOf(r); x.upstream == nil {
		x.status = http.StatusNotFound
		return fault{status: http.StatusNotFound, cause: causeNoUpstream, client: true}, true
	}
	return fault{}, false
}

// read takes over the request's body.
func (x *exchange) read(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	body := r.Body
	if most := x.config.options.MaxBodyBytes; most > 0 {
		body = http.MaxBytesReader(x.client.ResponseWriter, body, most)
	}
	b := &x.body
	b.ReadCloser, b.control, b.timeout, b.length = body, &x.client.control, x.config.options.ClientTimeout, r.ContentLength
	b.stream, b.expects = r.ProtoMajor == 2, r.Header.Get("Expect") != ""
	b.silent = b.expects
}

// request returns the request that ReverseProxy gets. An upstream may respond before it has the whole body.
// HTTP/1.1's server would then read the rest, and close the body, before it sends the header: the transport would
// lose the body, and with it the connection and the response.
func (x *exchange) request(r *http.Request) *http.Request {
	if x.body.ReadCloser == nil {
		return r
	}
	if !x.body.stream {
		_ = x.client.control.EnableFullDuplex()
	}
	in := r.WithContext(r.Context())
	in.Body = &x.body
	return in
}

// end settles the outcome of a request. ReverseProxy panics to abort a response that is not
// complete; this is no panic of a handler.
func (x *exchange) end(r *http.Request) {
	if v := recover(); v != nil {
		if v != http.ErrAbortHandler { //nolint:errorlint // net/http compares it, too
			panic(v)
		}
		x.aborted(r)
	}
	x.settleCode()
	x.settleRoute(r)
	x.observe()
}

// aborted counts a response that was not passed on completely.
func (x *exchange) aborted(r *http.Request) {
	x.abort = true
	switch f, client := clientFault(r.Context(), x.body.failure()); {
	case x.client.late:
		x.config.count(x, fault{cause: causeClientTimeout, client: true})
	case client:
		x.config.count(x, f)
	case x.response.err != nil:
		_ = x.client.control.Flush() // the client gets what was recorded: the status, and the beginning
		x.config.count(x, fault{cause: causeAborted})
		x.config.failures.report(x.upstream.label(), causeAborted, x.response.err)
		if x.rpc != nil {
			x.abort = false
			x.setCode(http.TrailerPrefix, fault{cause: causeAborted, reset: resetCode(x.response.err, r.Header, x.begin)})
		}
	default:
		x.gone.Store(true)
		x.config.count(x, fault{cause: causeClientGone, client: true})
	}
}

// fail responds to a request without a response of the upstream.
func (c *config) fail(_ http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r.Context())
	if errors.Is(err, errTunneled) {
		return
	}
	f := x.faultOf(r, err)
	if !f.client {
		c.failures.report(x.upstream.label(), f.cause, err)
	}
	x.refuse(f)
}

func (c *config) count(x *exchange, f fault) {
	if f.client {
		c.metrics.clientErrors.WithLabelValues(f.cause).Inc()
		return
	}
	x.upstream.metrics.errors.WithLabelValues(f.cause).Inc()
}

// refuse responds with the status of a fault. A client that has disconnected gets none.
func (x *exchange) refuse(f fault) {
	x.config.count(x, f)
	if f.status == 0 {
		x.gone.Store(true)
		x.abort = true
		return
	}
	if x.rpc != nil {
		x.refuseRPC(f)
		return
	}
	h := x.client.Header()
	clear(h)
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	switch f.status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	switch {
	case f.client:
		h.Set("Connection", "close")
	case x.body.length >= 0 && x.body.length <= maxUnread:
		x.body.drain() // and keep the connection
	}
	x.client.WriteHeader(f.status)
	fmt.Fprintf(&x.client, "%d %s: %s\n", f.status, http.StatusText(f.status), explanations[f.cause])
}

// faultOf returns why the round trip failed. The client's faults come first: a broken request makes
// the upstream's connection fail as well.
func (x *exchange) faultOf(r *http.Request, err error) fault {
	if f, ok := clientFault(r.Context(), x.body.failure()); ok {
		return f
	}
	switch code := resetCode(err, r.Header, x.begin); code {
	case 0:
		return upstreamFault(err)
	case codeDeadlineExceeded:
		return fault{status: http.StatusGatewayTimeout, cause: causeTimeout}
	default:
		return fault{status: http.StatusBadGateway, cause: causeClosed, reset: code}
	}
}

// upstreamOf returns the upstream of a request, nil if there is none.
func (c *config) upstreamOf(r *http.Request) *upstream {
	if len(c.upstreams) == 1 && c.upstreams[0].Host == "" && c.upstreams[0].Path == "" {
		return c.upstreams[0]
	}
	host := r.Host
	if h := hostOf(r.Host); h != "" {
		host = h
	}
	var best *upstream
	for _, u := range c.upstreams {
		if u.serves(host, r.URL.Path) && (best == nil || moreSpecific(u, best)) {
			best = u
		}
	}
	return best
}
