package tachogrpc

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"

	"github.com/tacho-go/tacho"
)

// families are the grpc_* families of one side, and the methods that are known there. Names, labels
// and texts are those of go-grpc-middleware/providers/prometheus.
type families struct {
	started, handled, received, sent *prometheus.CounterVec // nil with OmitGRPC
	seconds                          *prometheus.HistogramVec
	methods                          sync.Map // of *method by their full names
}

// texts are the sides' help texts, after the names.
type texts struct{ side, started, handled, received, sent, seconds string }

var (
	server = texts{"server", "started on the server.", "completed on the server", "received on the server.", "sent by the server.",
		"gRPC that had been application-level handled by the server."}
	client = texts{"client", "started on the client.", "completed by the client", "received by the client.", "sent by the client.",
		"the gRPC until it is finished by the application."}
)

// familiesOf returns the families of a Meter, which several servers on one registry share.
func familiesOf(m *tacho.Meter, o Options, t texts) *families {
	if o.OmitGRPC {
		return new(families)
	}
	labels := []string{"grpc_type", "grpc_service", "grpc_method"}
	counter := func(name, help string, more ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "grpc_" + t.side + name, Help: "Total number of " + help}, append(labels, more...))
	}
	f := &families{
		started:  counter("_started_total", "RPCs "+t.started),
		handled:  counter("_handled_total", "RPCs "+t.handled+", regardless of success or failure.", "grpc_code"),
		received: counter("_msg_received_total", "RPC stream messages "+t.received),
		sent:     counter("_msg_sent_total", "gRPC stream messages "+t.sent),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "grpc_" + t.side + "_handling_seconds", Help: "Histogram of response latency (seconds) of " + t.seconds, Buckets: prometheus.DefBuckets,
		}, labels),
	}
	err := m.Registerer().Register(f)
	if already, ok := err.(prometheus.AlreadyRegisteredError); ok {
		if f, ok = already.ExistingCollector.(*families); ok {
			return f
		}
	}
	if err != nil {
		panic(fmt.Sprintf("tachogrpc: the registry has grpc_%s_* metrics of another library (%v); remove those, or set Options.OmitGRPC", t.side, err))
	}
	return f
}

// Describe implements prometheus.Collector.
func (f *families) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range []prometheus.Collector{f.started, f.handled, f.received, f.sent, f.seconds} {
		c.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (f *families) Collect(ch chan<- prometheus.Metric) {
	for _, c := range []prometheus.Collector{f.started, f.handled, f.received, f.sent, f.seconds} {
		c.Collect(ch)
	}
}

// A method has the series of one method.
type method struct {
	name                    string // in full; never changes, as adapter.Exchange.SetTemplate requires
	families                *families
	labels                  []string
	started, received, sent prometheus.Counter
	seconds                 prometheus.Observer
	handled                 [codes.Unauthenticated + 1]atomic.Pointer[prometheus.Counter]
}

// known returns a method of a registered service, or nil.
func (f *families) known(name string) *method {
	m, _ := f.methods.Load(name)
	found, _ := m.(*method)
	return found
}

// method returns a method of a registered service. kind is the value of grpc_type.
func (f *families) method(name, kind string) *method {
	if m := f.known(name); m != nil {
		return m
	}
	m := &method{name: strings.Clone(name), families: f}
	if f.started != nil {
		service, short := tacho.Unmatched, tacho.Unmatched
		if i := strings.LastIndexByte(name, '/'); i > 0 {
			service, short = m.name[1:i], m.name[i+1:]
		}
		m.labels = []string{kind, strings.ToValidUTF8(service, "�"), strings.ToValidUTF8(short, "�")}
		m.started, m.received, m.sent = f.started.WithLabelValues(m.labels...), f.received.WithLabelValues(m.labels...), f.sent.WithLabelValues(m.labels...)
		m.seconds = f.seconds.WithLabelValues(m.labels...)
	}
	actual, _ := f.methods.LoadOrStore(m.name, m)
	return actual.(*method)
}

// initialize exports all codes from zero.
func (m *method) initialize() {
	for code := range m.handled {
		m.with(codes.Code(code))
	}
}

// with returns the counter of RPCs with a code. A code that does not exist is recorded as Unknown.
func (m *method) with(code codes.Code) prometheus.Counter {
	if m.started == nil {
		return nil
	}
	if int(code) >= len(m.handled) {
		code = codes.Unknown
	}
	if c := m.handled[code].Load(); c != nil {
		return *c
	}
	c := m.families.handled.WithLabelValues(append(m.labels[:3:3], code.String())...)
	m.handled[code].Store(&c)
	return c
}

// begin, end, receive and send record in the families, if they are not omitted.

func (m *method) begin() { inc(m.started) }

func (m *method) receive() { inc(m.received) }

func (m *method) send() { inc(m.sent) }

func (m *method) end(code codes.Code, seconds float64) {
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

// kind is the value of grpc_type.
func kind(clientStream, serverStream bool) string {
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
