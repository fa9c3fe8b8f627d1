// Package grpcfamilies exports the families grpc_server_* and grpc_client_*. Names, labels and texts
// are those of go-grpc-middleware/providers/prometheus, with all of its histograms but those of
// single messages, so that its dashboards and alerts remain.
package grpcfamilies

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
)

// Families are the families of one side, and the methods that are known there. The zero value exports
// nothing, and only knows methods. They are safe for concurrent use.
type Families struct {
	started, handled, received, sent *prometheus.CounterVec // nil if nothing is exported
	seconds                          *prometheus.HistogramVec
	methods                          sync.Map // of *Method by their full names
}

// codes are the values of grpc_code, by number.
var codes = [...]string{
	"OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied", "ResourceExhausted",
	"FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated",
}

const unknown = 2

// A Side is a server's or a client's: its name, and its help texts after those of the metrics.
type Side struct{ name, started, handled, received, sent, seconds string }

// The two sides.
var (
	Server = Side{"server", "started on the server.", "completed on the server", "received on the server.", "sent by the server.",
		"gRPC that had been application-level handled by the server."}
	Client = Side{"client", "started on the client.", "completed by the client", "received by the client.", "sent by the client.",
		"the gRPC until it is finished by the application."}
)

// Of returns the families of a registry, which all servers or clients on it share. It fails if the
// registry has other metrics with these names.
func Of(reg prometheus.Registerer, t Side) (*Families, error) {
	labels := []string{"grpc_type", "grpc_service", "grpc_method"}
	counter := func(name, help string, more ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "grpc_" + t.name + name, Help: "Total number of " + help}, append(labels, more...))
	}
	f := &Families{
		started:  counter("_started_total", "RPCs "+t.started),
		handled:  counter("_handled_total", "RPCs "+t.handled+", regardless of success or failure.", "grpc_code"),
		received: counter("_msg_received_total", "RPC stream messages "+t.received),
		sent:     counter("_msg_sent_total", "gRPC stream messages "+t.sent),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "grpc_" + t.name + "_handling_seconds", Help: "Histogram of response latency (seconds) of " + t.seconds, Buckets: prometheus.DefBuckets,
		}, labels),
	}
	err := reg.Register(f)
	if already, ok := err.(prometheus.AlreadyRegisteredError); ok {
		if known, ok := already.ExistingCollector.(*Families); ok {
			return known, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the registry has grpc_%s_* metrics of another library (%w)", t.name, err)
	}
	return f, nil
}

// Describe implements prometheus.Collector.
func (f *Families) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range []prometheus.Collector{f.started, f.handled, f.received, f.sent, f.seconds} {
		c.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (f *Families) Collect(ch chan<- prometheus.Metric) {
	for _, c := range []prometheus.Collector{f.started, f.handled, f.received, f.sent, f.seconds} {
		c.Collect(ch)
	}
}

// A Method has the series of one method. It is safe for concurrent use.
type Method struct {
	Name string // in full; must not be changed

	families                *Families
	labels                  []string
	started, received, sent prometheus.Counter
	seconds                 prometheus.Observer
	handled                 [len(codes)]atomic.Pointer[prometheus.Counter]
}

// Known returns a method, or nil if Method was not called for it.
func (f *Families) Known(name string) *Method {
	m, _ := f.methods.Load(name)
	found, _ := m.(*Method)
	return found
}

// Method returns a method by its full name, /service/method. It belongs to a registered service, or the
// number of series is not limited. kind is the value of grpc_type. For another name, such as
// tacho.Unmatched, the labels of service and method are tacho.Unmatched.
func (f *Families) Method(name, kind string) *Method {
	if m := f.Known(name); m != nil {
		return m
	}
	m := &Method{Name: strings.Clone(name), families: f}
	if f.started != nil {
		service, short := tacho.Unmatched, tacho.Unmatched
		if i := strings.LastIndexByte(name, '/'); i > 0 {
			service, short = m.Name[1:i], m.Name[i+1:]
		}
		m.labels = []string{kind, strings.ToValidUTF8(service, "�"), strings.ToValidUTF8(short, "�")}
		m.started, m.received, m.sent = f.started.WithLabelValues(m.labels...), f.received.WithLabelValues(m.labels...), f.sent.WithLabelValues(m.labels...)
		m.seconds = f.seconds.WithLabelValues(m.labels...)
	}
	actual, _ := f.methods.LoadOrStore(m.Name, m)
	return actual.(*Method)
}

// Initialize exports all codes from zero.
func (m *Method) Initialize() {
	for code := range m.handled {
		m.with(uint32(code))
	}
}

// with returns the counter of RPCs with a code. A code that does not exist is recorded as Unknown.
func (m *Method) with(code uint32) prometheus.Counter {
	if m.started == nil {
		return nil
	}
	if int(code) >= len(m.handled) {
		code = unknown
	}
	if c := m.handled[code].Load(); c != nil {
		return *c
	}
	c := m.families.handled.WithLabelValues(append(m.labels[:3:3], codes[code])...)
	m.handled[code].Store(&c)
	return c
}

// Begin counts an RPC that begins.
func (m *Method) Begin() { inc(m.started) }

// Receive counts a message that was received.
func (m *Method) Receive() { inc(m.received) }

// Send counts a message that was sent.
func (m *Method) Send() { inc(m.sent) }

// End counts an RPC that has ended with a code, after some seconds.
func (m *Method) End(code uint32, seconds float64) {
	if m.started != nil {
		m.with(code).Inc()
		m.seconds.Observe(seconds)
	}
}

func inc(c prometheus.Counter) {
	if c != nil {
		c.Inc()
	}
}

// Kind returns the value of grpc_type.
func Kind(clientStream, serverStream bool) string {
	switch {
	case clientStream && serverStream:
		return "bidi_stream"
	case clientStream:
		return "client_stream"
	case serverStream:
		return "server_stream"
	}
	return "unary"
}
