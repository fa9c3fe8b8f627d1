package demo

import (
	"math"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tacho-go/tacho/schema"
	"github.com/tacho-go/tacho/server"
)

// A series is one series of the history.
type series struct {
	labels labels.Labels
	times  *[]int64
	values []float64
}

func (s *series) push(v float64) { s.values = append(s.values, v) }

func (s *series) last() float64 { return s.values[len(s.values)-1] }

// Names of recorded series (package gen/rules).
const (
	recordedRequests     = "tacho:http_requests:rate"
	recordedBuckets      = "tacho:http_request_duration_seconds_bucket:rate"
	recordedQuantiles    = "tacho:http_request_duration_seconds:quantile"
	recordedSum          = "tacho:http_request_duration_seconds_sum:rate"
	recordedInFlight     = "tacho:http_requests_in_flight:sum"
	recordedJobStatuses  = "tacho:job_http_requests_by_status:rate"
	recordedJobBuckets   = "tacho:job_http_request_duration_seconds_bucket:rate"
	recordedJobQuantiles = "tacho:job_http_request_duration_seconds:quantile"
)

// newPast returns the series of the history, without samples.
func newPast(rate float64, by *dice, end time.Time) *past {
	p := &past{rate: rate, dice: by, end: end, inFlight: map[string]*series{}, sold: map[sale]*total{}}
	p.flight = p.ruledSeries(recordedInFlight)
	for _, r := range routes {
		p.addRoute(r)
	}
	for _, name := range names {
		p.addInstance(name)
	}
	p.addFixed(1, seededMetric)
	return p
}

// addRoute adds the series of a route for each of its statuses.
func (p *past) addRoute(r route) {
	route := []string{"method", r.method, "path", r.path}
	l := &latency{sum: p.record(recordedSum, route...)}
	for _, le := range bounds() {
		l.buckets = append(l.buckets, p.record(recordedBuckets, append([]string{"le", le}, route...)...))
	}
	for _, s := range r.statuses(r.fails) {
		of := append([]string{"status", strconv.Itoa(s.status)}, route...)
		rate := p.record(recordedRequests, of...)
		for _, name := range names {
			p.addCell(&cell{instance: name, route: r, status: s.status, rate: rate, latency: l}, of)
		}
	}
}

func (p *past) addCell(c *cell, labels []string) {
	names := schema.Default()
	of := append([]string{"instance", c.instance}, labels...)
	c.requests = total{series: p.add(names.Requests.Name, of...)}
	c.count = total{series: p.add(names.Duration.Name+"_count", of...)}
	c.sum = total{series: p.add(names.Duration.Name+"_sum", of...)}
	for _, le := range bounds() {
		bucket := p.add(names.Duration.Name+"_bucket", append([]string{"le", le}, of...)...)
		c.buckets = append(c.buckets, total{series: bucket})
	}
	p.cells = append(p.cells, c)
}

func (p *past) addInstance(name string) {
	p.inFlight[name] = p.add(schema.Default().InFlight.Name, "instance", name)
	for _, kind := range kinds {
		p.sold[sale{name, kind}] = &total{series: p.add(ordersMetric, "instance", name, "kind", kind)}
	}
	started := float64(p.end.Add(-historySpan-historyStep).UnixMilli()) / 1000
	p.addFixed(1, "up", "instance", name)
	p.addFixed(1, buildMetric, "instance", name, "version", firstVersion)
	p.addFixed(started, startMetric, "instance", name)
}

func (p *past) addFixed(value float64, name string, of ...string) {
	p.fixed = append(p.fixed, fixed{p.add(name, of...), value})
}

// record adds a recorded rate.
func (p *past) record(name string, of ...string) *recorded {
	r := &recorded{series: p.ruledSeries(name, of...)}
	p.recorded = append(p.recorded, r)
	return r
}

func (p *past) ruledSeries(name string, of ...string) *series {
	s := p.add(name, append([]string{"schema", schema.Default().Name}, of...)...)
	s.times = &p.ruled
	return s
}

// derive computes recorded series from other recorded series.
func (p *past) derive() {
	p.addStatuses()
	all := p.newBuckets(recordedJobBuckets)
	seen := map[*latency]bool{}
	for _, c := range p.cells {
		if seen[c.latency] {
			continue
		}
		seen[c.latency] = true
		var buckets []*series
		for i, b := range c.latency.buckets {
			buckets = append(buckets, b.series)
			for at, v := range b.values {
				all[i].values[at] += v
			}
		}
		p.addQuantiles(recordedQuantiles, buckets, "method", c.route.method, "path", c.route.path)
	}
	p.addQuantiles(recordedJobQuantiles, all)
}

// addStatuses sums the rates of the routes by status.
func (p *past) addStatuses() {
	all := map[int]*series{}
	seen := map[*recorded]bool{}
	for _, c := range p.cells {
		if seen[c.rate] {
			continue
		}
		seen[c.rate] = true
		s := all[c.status]
		if s == nil {
			s = p.ruledSeries(recordedJobStatuses, "status", strconv.Itoa(c.status))
			s.values = make([]float64, len(p.ruled))
			all[c.status] = s
		}
		for at, v := range c.rate.values {
			s.values[at] += v
		}
	}
}

// newBuckets returns a series of zeros for each bound.
func (p *past) newBuckets(name string) (all []*series) {
	for _, le := range bounds() {
		s := p.ruledSeries(name, "le", le)
		s.values = make([]float64, len(p.ruled))
		all = append(all, s)
	}
	return all
}

func (p *past) addQuantiles(name string, buckets []*series, of ...string) {
	var upper []float64
	for i := range buckets {
		upper = append(upper, bound(i))
	}
	counts := make([]float64, len(buckets))
	for _, q := range []float64{.5, .95, .99} {
		s := p.ruledSeries(name, append([]string{"quantile", strconv.FormatFloat(q, 'f', -1, 64)}, of...)...)
		for at := range p.ruled {
			for i, b := range buckets {
				counts[i] = b.values[at]
			}
			s.push(server.Quantile(q, upper, counts))
		}
	}
}

// add adds a series of the shop with the given label names and values.
func (p *past) add(name string, of ...string) *series {
	s := &series{
		labels: labels.FromStrings(append([]string{model.MetricNameLabel, name, "job", ShopJob}, of...)...),
		times:  &p.times,
		values: make([]float64, 0, historySpan/historyStep+200),
	}
	p.series = append(p.series, s)
	return s
}

// blocks returns the series for server.WriteBlock.
func (p *past) blocks() []server.Series {
	all := make([]server.Series, len(p.series))
	for i, s := range p.series {
		all[i] = server.Series{Labels: s.labels, Times: *s.times, Values: s.values}
	}
	return all
}

// bounds returns the values of the label le in Prometheus's normalized form since 3.0,
// with a decimal point.
func bounds() []string {
	var all []string
	for i := range len(latencyBuckets) + 1 {
		all = append(all, labels.FormatOpenMetricsFloat(bound(i)))
	}
	return all
}

func bound(i int) float64 {
	if i == len(latencyBuckets) {
		return math.Inf(1)
	}
	return latencyBuckets[i]
}
