package main

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strconv"
	"time"
	"unsafe"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/schema"
)

// A store keeps a request counter and a latency histogram by method, path and status: the state
// behind a scrape.
type store interface {
	observe(route string, status int, latency time.Duration)
	metrics() http.Handler
}

// A library is one way to keep that state.
type library struct {
	name string
	make func(bounds []float64, sets int) store
}

func libraries() []library {
	return []library{
		{"tacho, minimal", func(bounds []float64, sets int) store { return newTachoStore(bounds, sets, leanSchema(), minimal) }},
		{"client_golang", newClassicStore},
	}
}

// leanSchema names only the two families that both libraries keep.
func leanSchema() schema.Schema {
	full := schema.Default()
	return schema.Schema{Name: "lean", Requests: full.Requests, Duration: full.Duration}
}

// tachoStore is a Meter, used as an adapter uses it.
type tachoStore struct {
	*tacho.Meter
	recorder *adapter.Recorder
	exchange adapter.Exchange
}

func newTachoStore(bounds []float64, sets int, s schema.Schema, on ...func(*tacho.Options)) *tachoStore {
	o := optionsWith(on)
	o.OmitRuntime, o.Exclude.Paths, o.Status.Initial = true, []string{}, []int{}
	o.Buckets.Latency, o.SeriesLimit, o.Schema = bounds, sets+1, s
	m := tacho.MustNew(o)
	return &tachoStore{Meter: m, recorder: adapter.Of(m)}
}

func (s *tachoStore) metrics() http.Handler { return s.Metrics() }

func (s *tachoStore) observe(route string, status int, latency time.Duration) {
	x := &s.exchange
	s.recorder.Begin(x, http.MethodGet, route)
	backdate(x, latency)
	x.WroteHeader(context.Background(), status)
	x.CopyTemplate(route)
	x.SetBytesOut(int64(len(body)))
	s.recorder.End(x)
}

// startField is the field of an Exchange that holds its start.
var startField = func() reflect.StructField {
	f, ok := reflect.TypeFor[adapter.Exchange]().FieldByName("start")
	if !ok || f.Type.Kind() != reflect.Int64 {
		panic("bench: adapter.Exchange no longer has a field start in nanoseconds: see backdate")
	}
	return f
}()

// backdate moves the start of an exchange into the past. The library has no such function and
// needs none; waiting for a million latencies would take hours.
func backdate(x *adapter.Exchange, by time.Duration) {
	*(*int64)(unsafe.Add(unsafe.Pointer(x), startField.Offset)) -= int64(by)
}

// classicStore is the usual code with client_golang.
type classicStore struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newClassicStore(bounds []float64, _ int) store {
	names := schema.Default()
	s := &classicStore{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: names.Requests.Name, Help: names.Requests.Help}, names.Requests.LabelNames()),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: names.Duration.Name, Help: names.Duration.Help, Buckets: bounds,
		}, names.Duration.LabelNames()),
	}
	s.registry.MustRegister(s.requests, s.duration)
	return s
}

func (s *classicStore) metrics() http.Handler { return exposed(s.registry) }

func (s *classicStore) observe(route string, status int, latency time.Duration) {
	code := strconv.Itoa(status)
	s.requests.WithLabelValues(http.MethodGet, route, code).Inc()
	s.duration.WithLabelValues(http.MethodGet, route, code).Observe(latency.Seconds())
}

// fill gives every label set between 1 and 2000 requests, spread evenly over the orders of
// magnitude. Stores filled with the same number of sets have the same state.
func fill(s store, sets int) {
	rng := rand.New(rand.NewPCG(7, 7))
	for i := range sets {
		route := routeName(i)
		for range int(math.Exp(rng.Float64() * math.Log(2000))) {
			s.observe(route, http.StatusOK, someLatency(rng))
		}
	}
}

// stir adds one request to every label set, so that a scrape finds all of them changed, as in a
// busy service.
func stir(s store, sets int, rng *rand.Rand) {
	for i := range sets {
		s.observe(routeName(i), http.StatusOK, someLatency(rng))
	}
}

func routeName(i int) string { return "/r" + strconv.Itoa(i) }

// someLatency is log-normal: half of the requests take less than 20 ms, one in a hundred more
// than 200 ms.
func someLatency(rng *rand.Rand) time.Duration {
	return time.Duration(20e6 * math.Exp(rng.NormFloat64()))
}
