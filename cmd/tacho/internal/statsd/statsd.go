// Package statsd receives what Gunicorn sends with --statsd-host, and exports it under the names of
// tacho's library. Command tacho uses it.
//
// Gunicorn sends counts, durations and statuses, and neither routes nor methods: both labels are
// "unknown". A datagram that is lost is lost; [Listener] exports how many the kernel has dropped.
package statsd

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/schema"
)

// A Listener counts the metrics of datagrams. It is a prometheus.Collector, and safe for concurrent
// use.
type Listener struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	workers  *prometheus.GaugeVec
	logs     *prometheus.CounterVec
	metrics  *prometheus.CounterVec
	dropped  prometheus.CounterFunc

	apps map[string]bool // only Serve uses it
}

// Limits of what a stranger's datagram can do.
const (
	maxApps   = 100     // services that are told apart by their prefix
	maxPrefix = 128     // bytes of a prefix
	maxValue  = 1 << 30 // of a sample: no sum becomes infinite
	maxEvents = 1000    // that one sample stands for: 1/rate
)

const overflow = "__overflow__"

// Outcomes of a received metric.
const (
	accepted  = "accepted"
	ignored   = "ignored" // not one of Gunicorn's
	malformed = "malformed"
)

// New returns a Listener for a connection of Serve.
func New(conn net.PacketConn) *Listener {
	s := schema.Default()
	labels := append([]string{"app"}, s.Requests.LabelNames()...)
	l := &Listener{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: s.Requests.Name, Help: s.Requests.Help}, labels),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: s.Duration.Name, Help: s.Duration.Help, Buckets: tacho.DefaultBuckets()}, labels),
		workers:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "gunicorn_workers", Help: "Workers of Gunicorn."}, []string{"app"}),
		logs:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gunicorn_log_messages_total", Help: "Messages in Gunicorn's log, by level."}, []string{"app", "level"}),
		metrics:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tacho_statsd_metrics_total", Help: "Metrics received by the statsd listener, by outcome."}, []string{"outcome"}),
		apps:     map[string]bool{},
	}
	l.dropped = prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "tacho_statsd_dropped_datagrams_total", Help: "Datagrams that the kernel has dropped because they were not read in time."}, func() float64 { return drops(conn) })
	for _, outcome := range []string{accepted, ignored, malformed} {
		l.metrics.WithLabelValues(outcome)
	}
	return l
}

func (l *Listener) collectors() []prometheus.Collector {
	return []prometheus.Collector{l.requests, l.duration, l.workers, l.logs, l.metrics, l.dropped}
}

// Describe implements prometheus.Collector.
func (l *Listener) Describe(to chan<- *prometheus.Desc) {
	for _, c := range l.collectors() {
		c.Describe(to)
	}
}

// Collect implements prometheus.Collector.
func (l *Listener) Collect(to chan<- prometheus.Metric) {
	for _, c := range l.collectors() {
		c.Collect(to)
	}
}

// maxDatagram is the size of the largest datagram of UDP.
const maxDatagram = 64 << 10

// Serve counts datagrams until the context ends. It closes the connection.
func (l *Listener) Serve(ctx context.Context, conn net.PacketConn) error {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	packet := make([]byte, maxDatagram)
	for {
		n, _, err := conn.ReadFrom(packet)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		l.datagram(packet[:n])
	}
}

// datagram counts the metrics of a datagram, one per line.
func (l *Listener) datagram(packet []byte) {
	for line := range bytes.SplitSeq(packet, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			l.metrics.WithLabelValues(l.line(string(line))).Inc()
		}
	}
}

// A sample is one metric of a datagram: NAME:VALUE|KIND, with |@RATE for a sample of the events.
type sample struct {
	name, kind  string
	value, rate float64
}

func parse(line string) (s sample, ok bool) {
	name, rest, ok := strings.Cut(line, ":")
	parts := strings.Split(rest, "|")
	if !ok || name == "" || len(parts) < 2 {
		return sample{}, false
	}
	s = sample{name: name, kind: parts[1], rate: 1}
	var err error
	if s.value, err = strconv.ParseFloat(parts[0], 64); err != nil || !(math.Abs(s.value) <= maxValue) {
		return sample{}, false
	}
	for _, p := range parts[2:] {
		if text, isRate := strings.CutPrefix(p, "@"); isRate {
			if s.rate, err = strconv.ParseFloat(text, 64); err != nil || !(s.rate >= 1./maxEvents && s.rate <= 1) {
				return sample{}, false
			}
		}
	}
	return s, true
}

// line counts one metric, and returns its outcome.
func (l *Listener) line(line string) string {
	s, ok := parse(line)
	if !ok {
		return malformed
	}
	prefix, name, ok := cutName(s.name)
	switch {
	case !ok:
		return ignored
	case len(prefix) > maxPrefix:
		return malformed
	}
	return l.count(l.app(prefix), name, s)
}

// cutName splits the name of a metric at Gunicorn's: shop.gunicorn.requests has the prefix shop.
// Gunicorn joins a prefix of one character without a dot.
func cutName(name string) (prefix, rest string, ok bool) {
	const own = "gunicorn."
	i := strings.LastIndex(name, own)
	if i < 0 {
		return "", "", false
	}
	return strings.TrimSuffix(name[:i], "."), name[i+len(own):], true
}

// app returns the value of the label app.
func (l *Listener) app(prefix string) string {
	prefix = strings.ToValidUTF8(prefix, "\uFFFD")
	switch {
	case l.apps[prefix]:
	case len(l.apps) >= maxApps:
		return overflow
	default:
		l.apps[prefix] = true
	}
	return prefix
}

const unknown = "unknown"

// millisecond is one in seconds.
const millisecond = 1e-3

// count counts a sample under the library's names. requests is the sum of the statuses, which are
// counted instead.
func (l *Listener) count(app, name string, s sample) string {
	status, isStatus := strings.CutPrefix(name, "request.status.")
	level, isLog := strings.CutPrefix(name, "log.")
	switch {
	case isStatus && s.kind == "c" && s.value >= 0 && isStatusCode(status):
		l.requests.WithLabelValues(app, unknown, unknown, status).Add(s.value / s.rate)
	case name == "request.duration" && s.kind == "ms" && s.value >= 0:
		observer := l.duration.WithLabelValues(app, unknown, unknown, unknown)
		for range int(1 / s.rate) {
			observer.Observe(s.value * millisecond)
		}
	case name == "requests" && s.kind == "c":
	case name == "workers" && s.kind == "g":
		l.workers.WithLabelValues(app).Set(s.value)
	case isLog && s.kind == "c" && s.value >= 0 && isLevel(level):
		l.logs.WithLabelValues(app, level).Add(s.value / s.rate)
	default:
		return ignored
	}
	return accepted
}

func isStatusCode(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && len(text) == 3 && n >= 100 && n < 600
}

// isLevel reports whether a text is one of the levels that Gunicorn counts.
func isLevel(text string) bool {
	return text == "critical" || text == "error" || text == "warning" || text == "exception"
}
