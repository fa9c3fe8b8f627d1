package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tacho-go/tacho/server"
)

const (
	job       = "big"
	routes    = 200
	instances = 20
	every     = 15 // seconds between two scrapes, and two evaluations of the rules

	// Only this much of the instances' own metrics is written: they are a hundred
	// thousand series, of which the page reads the last minute. Recorded series cover
	// two days.
	rawSpan = 20 * 60
)

var bounds = []string{"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"}

// A day is the history of a large service, as scrapes and recording rules would have
// stored it.
type day struct {
	routes, instances int
	rules             bool // with recorded series

	end             int64 // seconds since the epoch
	times, rawTimes []int64
	all             []server.Series
	dice            *rand.Rand
	series, samples int
}

func newDay(now time.Time) *day {
	d := &day{routes: routes, instances: instances, rules: true, end: now.Unix()/every*every - 60, dice: rand.New(rand.NewPCG(1, 2))}
	for at := d.end - 49*3600; at <= d.end; at += every {
		d.times = append(d.times, at*1000)
	}
	d.rawTimes = d.times[len(d.times)-rawSpan/every:]
	return d
}

// write generates all series and writes them to a data directory.
func (d *day) write(dir string) error {
	if d.rules {
		d.service()
		for r := range d.routes {
			d.route(r)
		}
	}
	for i := range d.instances {
		d.instance(i)
	}
	for _, s := range d.all {
		d.series++
		d.samples += len(s.Times)
	}
	defer func() { d.all = nil }()
	return server.WriteBlock(dir, d.all)
}

// recorded adds a gauge that varies around a level, for the day and the one before.
func (d *day) recorded(name string, level float64, more ...string) {
	d.gauge(d.times, name, level, append([]string{"schema", "default"}, more...)...)
}

func (d *day) gauge(times []int64, name string, level float64, more ...string) {
	values, v := make([]float64, len(times)), level
	for i := range values {
		v += (level-v)*.05 + level*.05*d.dice.NormFloat64()
		values[i] = math.Max(0, math.Round(v*1e6)/1e6)
	}
	d.add(name, times, values, more...)
}

// counter adds a counter that increases steadily.
func (d *day) counter(name string, perSecond float64, more ...string) {
	values, v := make([]float64, len(d.rawTimes)), 1000.
	for i := range values {
		v += math.Round(perSecond * every * (.5 + d.dice.Float64()))
		values[i] = v
	}
	d.add(name, d.rawTimes, values, more...)
}

func (d *day) add(name string, times []int64, values []float64, more ...string) {
	d.all = append(d.all, server.Series{Labels: labels.FromStrings(append([]string{"__name__", name, "job", job}, more...)...), Times: times, Values: values})
}

// service adds the recorded series of the service.
func (d *day) service() {
	d.recorded("tacho:http_requests_in_flight:sum", 120)
	for status, rate := range map[string]float64{"200": 700, "404": 14, "500": 7} {
		d.recorded("tacho:job_http_requests_by_status:rate", rate, "status", status)
	}
	for b, le := range bounds {
		d.recorded("tacho:job_http_request_duration_seconds_bucket:rate", 40*float64(b+1), "le", le)
	}
	for _, q := range []string{"0.5", "0.95", "0.99"} {
		d.recorded("tacho:job_http_request_duration_seconds:quantile", .1, "quantile", q)
	}
}

// route adds the recorded series of a route.
func (d *day) route(r int) {
	at := []string{"method", "GET", "path", fmt.Sprintf("/api/v1/resource%d/:id", r)}
	with := func(more ...string) []string { return append(more, at...) }
	level := 1 + 5*d.dice.Float64()
	d.recorded("tacho:http_requests:rate", level, with("status", "200")...)
	d.recorded("tacho:http_requests:rate", level/50, with("status", "404")...)
	d.recorded("tacho:http_requests:rate", level/100, with("status", "500")...)
	d.recorded("tacho:http_request_duration_seconds_sum:rate", level/20, at...)
	for b, le := range bounds {
		d.recorded("tacho:http_request_duration_seconds_bucket:rate", level*float64(b+1)/float64(len(bounds)), with("le", le)...)
	}
	for _, q := range []string{"0.5", "0.95", "0.99"} {
		d.recorded("tacho:http_request_duration_seconds:quantile", .1, with("quantile", q)...)
	}
}

// instance adds the metrics of one instance: every route by status, with buckets and sizes.
func (d *day) instance(i int) {
	name := "10.0.0." + strconv.Itoa(i) + ":8080"
	d.gauge(d.times, "up", 1, "instance", name)
	d.add("process_start_time_seconds", d.times, constant(len(d.times), float64(d.end-int64(50+i)*3600)), "instance", name)
	d.add("big_build_info", d.times, constant(len(d.times), 1), "instance", name, "version", "1.0")
	d.counter("process_cpu_seconds_total", 1, "instance", name)
	d.gauge(d.rawTimes, "process_resident_memory_bytes", 2e8, "instance", name)
	d.gauge(d.rawTimes, "http_requests_in_flight", 6, "instance", name)
	for r := range d.routes {
		at := []string{"instance", name, "method", "GET", "path", fmt.Sprintf("/api/v1/resource%d/:id", r)}
		with := func(more ...string) []string { return append(more, at...) }
		for _, status := range []string{"200", "404", "500"} {
			d.counter("http_requests_total", .3, with("status", status)...)
		}
		for _, le := range bounds {
			d.counter("http_request_duration_seconds_bucket", .3, with("status", "200", "le", le)...)
		}
		d.counter("http_request_duration_seconds_sum", .1, with("status", "200")...)
		d.counter("http_request_duration_seconds_count", .3, with("status", "200")...)
		d.counter("http_response_size_bytes_sum", 300, at...)
	}
}

func constant(n int, v float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = v
	}
	return values
}
