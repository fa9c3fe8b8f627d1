// Package outgoing measures the requests that an HTTP or RPC client sends. The root package and
// package adapter use it. It counts in label sets (internal/labelset) and must not depend on Options.
package outgoing

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

	"github.com/tacho-go/tacho/internal/labelset"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/schema"
)

// Outcomes of outgoing requests without a complete response. The status label has them in place of
// a number.
const (
	outcomeTimeout  = "timeout"
	outcomeCanceled = "canceled"
	outcomeError    = "error"
)

// A transport is a RoundTripper that wraps another one.
type transport struct {
	base    http.RoundTripper
	hosts   []host
	metrics *Metrics
}

// A host is a declared host.
type host struct {
	text       string // the label's value
	name, port string // an empty port means any
}

func newHost(declared string) host {
	h := host{text: labelvalue.Clean(declared), name: strings.ToLower(declared)}
	if name, port, err := net.SplitHostPort(declared); err == nil {
		h.name, h.port = strings.ToLower(name), port
	}
	return h
}

var otherHost = host{text: labelvalue.Other, name: labelvalue.Other}

// host returns the declared host of a request.
func (t *transport) host(u *url.URL) host {
	if u == nil { // base returns the error
		return otherHost
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return find(t.hosts, strings.ToLower(u.Hostname()), port)
}

func find(hosts []host, name, port string) host {
	for _, h := range hosts {
		if h.name == name && (h.port == "" || h.port == port) {
			h.port = port
			return h
		}
	}
	return otherHost
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	method := r.Method
	if method == "" {
		method = http.MethodGet // as in net/http
	}
	c := &call{metrics: t.metrics, method: t.metrics.config.Method(method), host: t.host(r.URL), start: t.metrics.config.Now()}
	c.begin()
	defer c.endUnanswered() // also if base panics
	response, err := t.base.RoundTrip(r)
	if err != nil {
		c.end(0, failure(r, err))
		return response, err
	}
	if response == nil { // an error in base, which http.Client reports
		return nil, nil
	}
	c.answered = true
	_, upgraded := response.Body.(io.Writer)
	if response.Body == nil || response.Body == http.NoBody || upgraded {
		c.end(response.StatusCode, nil)
		return response, err
	}
	response.Body = &body{ReadCloser: response.Body, call: c, status: response.StatusCode, request: r}
	return response, err
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the base.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// failure returns the outcome of an error.
func failure(r *http.Request, err error) *string {
	outcome := outcomeError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout(), outOfTime(r):
		outcome = outcomeTimeout
	case errors.Is(err, context.Canceled), r.Context().Err() == context.Canceled:
		outcome = outcomeCanceled
	}
	return &outcome
}

// outOfTime reports whether http.Client.Timeout has ended the request. For a RoundTripper other
// than net/http's own, the only sign is the Cancel channel.
func outOfTime(r *http.Request) bool {
	//lint:ignore SA1019 see above
	cancel := r.Cancel
	select {
	case <-cancel:
		return true
	default:
		return false // also without a channel
	}
}

// A body detects the end of a response.
type body struct {
	io.ReadCloser
	call    *call
	status  int
	request *http.Request
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		b.call.end(b.status, nil)
	case err != nil:
		b.call.end(b.status, failure(b.request, err))
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.call.end(b.status, nil)
	return err
}

// A call is one outgoing request.
type call struct {
	metrics *Metrics
	method  string
	host    host
	start   int64
	flying  []*labelset.Child
	once    sync.Once

	answered bool // there is a response that has not ended
}

func (c *call) begin() {
	for _, f := range c.metrics.inFlight {
		g := f.find(c, "", "")
		g.Gauge.Inc()
		c.flying = append(c.flying, g)
	}
}

// Of returns the Metrics of a *tacho.Meter. Package tacho sets it; package adapter calls it when a
// client is set up.
var Of func(meter any) *Metrics

// A Sender measures the requests of a client that is not net/http's.
type Sender struct {
	metrics *Metrics
	hosts   []host
}

// NewSender returns a Sender for these hosts and others.
func NewSender(m *Metrics, hosts []string) *Sender {
	s := &Sender{metrics: m}
	for _, h := range hosts {
		s.hosts = append(s.hosts, newHost(h))
	}
	return s
}

// A Sent is a request of a Sender.
type Sent struct{ call }

// Begin begins a request to a target: host, host:port, or a URL or gRPC target with one of these.
func (s *Sender) Begin(method, target string) *Sent {
	x := &Sent{call{metrics: s.metrics, method: s.metrics.config.Method(method), host: s.host(target), start: s.metrics.config.Now()}}
	x.begin()
	return x
}

func (s *Sender) host(target string) host {
	scheme := ""
	if before, rest, ok := strings.Cut(target, "://"); ok {
		scheme, target = before, rest[strings.LastIndexByte(rest, '/')+1:]
	}
	name, port, err := net.SplitHostPort(target)
	if err != nil {
		name, port = strings.Trim(target, "[]"), map[string]string{"http": "80"}[scheme]
	}
	if port == "" {
		port = "443" // as in gRPC
	}
	return find(s.hosts, strings.ToLower(name), port)
}

// End ends the request with the status of the response, or with one that was canceled or timed out
// by the client.
func (s *Sent) End(status int, canceled, timedOut bool) {
	switch outcome := outcomeTimeout; {
	case canceled:
		outcome = outcomeCanceled
		fallthrough
	case timedOut:
		s.end(0, &outcome)
	default:
		s.end(status, nil)
	}
}

// endUnanswered ends a call without a response.
func (c *call) endUnanswered() {
	if !c.answered {
		failed := outcomeError
		c.end(0, &failed)
	}
}

// end records the outcome, once. A failure replaces the status.
func (c *call) end(status int, failed *string) {
	c.once.Do(func() {
		config := &c.metrics.config
		text, kind := config.Status(status), ""
		if status >= http.StatusBadRequest {
			kind = labelvalue.Status(status, false)
		}
		if failed != nil {
			text, kind = *failed, *failed
		}
		seconds := time.Duration(config.Now() - c.start).Seconds()
		for _, f := range c.metrics.outcomes {
			if x := f.find(c, text, kind); x.Counter != nil {
				x.Counter.Inc()
			} else {
				x.Observer.Observe(seconds)
			}
		}
		for _, g := range c.flying {
			g.Gauge.Dec()
		}
	})
}

// A Config defines how requests are recorded.
type Config struct {
	Now    func() int64        // a monotonic clock, in nanoseconds
	Method func(string) string // the label value of a method
	Status func(int) string    // the label value of a status
}

// Metrics are the metrics of outgoing requests. They must be complete before the first request.
type Metrics struct {
	config   Config
	inFlight []family
	outcomes []family
}

// A family is one of these metrics.
type family struct {
	sets   *labelset.Sets
	values []schema.Value // of its labels
}

// NewMetrics returns empty Metrics.
func NewMetrics(c Config) *Metrics { return &Metrics{config: c} }

// Add adds a family: its label sets, and the values of its labels.
func (c *Metrics) Add(kind schema.Kind, sets *labelset.Sets, values []schema.Value) {
	made := family{sets, values}
	if kind == schema.Gauge {
		c.inFlight = append(c.inFlight, made)
	} else {
		c.outcomes = append(c.outcomes, made)
	}
}

// NewTransport returns a RoundTripper that measures the requests of base, to these hosts and to
// others.
func NewTransport(m *Metrics, base http.RoundTripper, hosts []string) http.RoundTripper {
	t := &transport{base: base, metrics: m}
	for _, h := range hosts {
		t.hosts = append(t.hosts, newHost(h))
	}
	return t
}

// Has reports whether there is a family with that name.
func (c *Metrics) Has(name string) bool {
	return slices.ContainsFunc(slices.Concat(c.inFlight, c.outcomes), func(f family) bool { return f.sets.Name() == name })
}

func (f *family) find(c *call, status, errorType string) *labelset.Child {
	var texts [8]string
	var room [256]byte
	values := texts[:0]
	for _, v := range f.values {
		values = append(values, c.value(f, v, status, errorType))
	}
	return f.sets.Find(labelvalue.Join(room[:0], values), values)
}

func (c *call) value(f *family, v schema.Value, status, errorType string) string {
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
		// Schemas with an error type leave the status empty here.
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
