package tacho

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/schema"
)

// Outcomes of outgoing requests that got no whole response. The status label
// shows them in the place of a number.
const (
	clientTimeout  = "timeout"
	clientCanceled = "canceled"
	clientError    = "error"
)

// Transport measures the requests that a client sends: how many, how long, and
// how many are under way, by method, host and outcome. Base sends them;
// nil stands for http.DefaultTransport.
//
//	client := &http.Client{Transport: m.Transport(nil, "api.example.com", "search:9200")}
//
// Hosts declares the hosts that the host label names: with a port, or without
// one for any port. All others are "other", so that no address that somebody
// else chose becomes a label.
//
// A request is over when its response's body has been read or closed; one that is
// never closed stays in flight, as its connection does. The status is the
// response's; "timeout", "canceled" (by the caller) or "error" if there was none,
// or if it broke off, base panicked, or gave neither a response nor an error. Names are those of the schemas' Client; where two schemas
// give a family the same name, the first one's is exported. The responses, and
// what base can do, stay as they are.
//
// It panics if the metrics' names are taken in the registry.
func (m *Meter) Transport(base http.RoundTripper, hosts ...string) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	t := &transport{meter: m, base: base, metrics: m.clientMetrics()}
	for _, h := range hosts {
		t.hosts = append(t.hosts, newClientHost(h))
	}
	return t
}

type transport struct {
	meter   *Meter
	base    http.RoundTripper
	hosts   []clientHost
	metrics *clientMetrics
}

// A clientHost is a host that was declared.
type clientHost struct {
	text       string // as the label shows it
	name, port string // port is empty for any
}

func newClientHost(declared string) clientHost {
	h := clientHost{text: labelvalue.Clean(declared), name: strings.ToLower(declared)}
	if name, port, err := net.SplitHostPort(declared); err == nil {
		h.name, h.port = strings.ToLower(name), port
	}
	return h
}

var otherHost = clientHost{text: labelvalue.Other, name: labelvalue.Other}

// host is the declared host that a request goes to.
func (t *transport) host(u *url.URL) clientHost {
	if u == nil { // base says what is wrong
		return otherHost
	}
	name, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	for _, h := range t.hosts {
		if h.name == name && (h.port == "" || h.port == port) {
			h.port = port
			return h
		}
	}
	return otherHost
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	known := &t.meter.store.Methods
	method := r.Method
	if method == "" {
		method = http.MethodGet // as net/http takes it
	}
	c := &call{metrics: t.metrics, method: known.Names[known.Index(method)], host: t.host(r.URL), start: t.meter.Now()}
	c.begin()
	defer c.endUnanswered() // also when base panics
	response, err := t.base.RoundTrip(r)
	if err != nil {
		c.end(0, failure(r, err))
		return response, err
	}
	if response == nil { // a mistake of base, which http.Client reports
		return nil, nil
	}
	c.answered = true
	_, upgraded := response.Body.(io.Writer)
	if response.Body == nil || response.Body == http.NoBody || upgraded {
		c.end(response.StatusCode, nil)
		return response, err
	}
	response.Body = &clientBody{ReadCloser: response.Body, call: c, status: response.StatusCode, request: r}
	return response, err
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the base.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// failure is the outcome that an error stands for.
func failure(r *http.Request, err error) *string {
	outcome := clientError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout(), outOfTime(r):
		outcome = clientTimeout
	case errors.Is(err, context.Canceled), r.Context().Err() == context.Canceled:
		outcome = clientCanceled
	}
	return &outcome
}

// outOfTime reports whether http.Client.Timeout has ended the request. To a
// RoundTripper that is not net/http's own it says so by the channel.
func outOfTime(r *http.Request) bool {
	//lint:ignore SA1019 see above
	cancel := r.Cancel
	select {
	case <-cancel:
		return true
	default:
		return false // also where there is none
	}
}

// A clientBody tells when a response has ended.
type clientBody struct {
	io.ReadCloser
	call    *call
	status  int
	request *http.Request
}

func (b *clientBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		b.call.end(b.status, nil)
	case err != nil:
		b.call.end(b.status, failure(b.request, err))
	}
	return n, err
}

func (b *clientBody) Close() error {
	err := b.ReadCloser.Close()
	b.call.end(b.status, nil)
	return err
}

// A call is one outgoing request.
type call struct {
	metrics *clientMetrics
	method  string
	host    clientHost
	start   int64
	flying  []*child
	once    sync.Once

	answered bool // there is a response, whose end is awaited
}

func (c *call) begin() {
	for _, f := range c.metrics.inFlight {
		g := f.find(c, "", "")
		g.gauge.Inc()
		c.flying = append(c.flying, g)
	}
}

// endUnanswered ends a call that came to nothing.
func (c *call) endUnanswered() {
	if !c.answered {
		failed := clientError
		c.end(0, &failed)
	}
}

// end records the outcome, once. A failure takes the place of the status.
func (c *call) end(status int, failed *string) {
	c.once.Do(func() {
		m := c.metrics.meter
		text, kind := m.store.StatusLabel(m.store.StatusOf(status)), ""
		if status >= http.StatusBadRequest {
			kind = labelvalue.Status(status, false)
		}
		if failed != nil {
			text, kind = *failed, *failed
		}
		seconds := time.Duration(m.Now() - c.start).Seconds()
		for _, f := range c.metrics.outcomes {
			if x := f.find(c, text, kind); x.counter != nil {
				x.counter.Inc()
			} else {
				x.observer.Observe(seconds)
			}
		}
		for _, g := range c.flying {
			g.gauge.Dec()
		}
	})
}

// clientMetrics are the metrics of all Transports of a core.
type clientMetrics struct {
	meter    *Meter
	inFlight []clientFamily
	outcomes []clientFamily
}

// A clientFamily is one of their families.
type clientFamily struct {
	sets   *labelSets
	values []schema.Value // of its labels
}

func (m *Meter) clientMetrics() *clientMetrics {
	m.core.clientOnce.Do(func() {
		c := &clientMetrics{meter: m}
		for _, s := range m.opts.allSchemas() {
			for _, f := range s.Client.Families() {
				if !c.has(m.opts.named(f.Name)) {
					c.add(m, s, f)
				}
			}
		}
		m.core.client = c
	})
	if m.core.client == nil {
		panic("tacho: Transport: the metrics of outgoing requests could not be registered before")
	}
	return m.core.client
}

// has reports whether an earlier schema exports a family of that name.
func (c *clientMetrics) has(name string) bool {
	return slices.ContainsFunc(slices.Concat(c.inFlight, c.outcomes), func(f clientFamily) bool { return f.sets.name == name })
}

func (c *clientMetrics) add(m *Meter, s schema.Schema, f schema.Family) {
	o := MetricOptions{Name: f.Name, Help: f.Help, Namespace: m.opts.Namespace}
	if f.Kind == schema.Histogram {
		o.Buckets = m.opts.bucketsOf(s)
	}
	made := clientFamily{}
	for _, l := range f.Labels {
		made.values = append(made.values, l.Value)
	}
	var err error
	if made.sets, err = newLabelSets(m, f.Kind, o, f.LabelNames(), m.opts.constLabels()); err != nil {
		panic(err)
	}
	if f.Kind == schema.Gauge {
		c.inFlight = append(c.inFlight, made)
	} else {
		c.outcomes = append(c.outcomes, made)
	}
}

func (f *clientFamily) find(c *call, status, errorType string) *child {
	var texts [8]string
	var room [256]byte
	values := texts[:0]
	for _, v := range f.values {
		values = append(values, c.value(f, v, status, errorType))
	}
	return f.sets.find(labelvalue.Join(room[:0], values), values)
}

func (c *call) value(f *clientFamily, v schema.Value, status, errorType string) string {
	switch v {
	case schema.Method:
		return c.method
	case schema.Host:
		if slices.Contains(f.values, schema.Port) {
			return c.host.name
		}
		return c.host.text
	case schema.Port:
		return c.host.port
	case schema.Status:
		// Schemas that name the failure say nothing here.
		if errorType == status && slices.Contains(f.values, schema.ErrorType) && !isNumber(status) {
			return ""
		}
		return status
	case schema.ErrorType:
		return errorType
	}
	return ""
}

func isNumber(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }
