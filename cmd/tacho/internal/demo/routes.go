package demo

import (
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/tacho-go/tacho"
)

// A route describes one route of the shop: its traffic, latency and failures on a normal
// day. The shop, its customers and its history all use it.
type route struct {
	method, path string
	weight       float64 // share of the traffic, in parts of all weights
	takes        duration
	ok           int     // the usual status
	fails        float64 // share of requests that the shop fails
	failure      int     // with this status
	missing      float64 // share of requests for missing items: 404
	gone         float64 // share whose client hangs up: 499
	sells        string  // the kind of goods, when it sells one
}

// routes are the routes of the shop. The first two are those of the Gin tutorial, the next
// three those of the three-routes tutorial, ten times as fast. The last is for scanners.
var routes = []route{
	{method: "GET", path: "/", weight: 22, takes: duration{2 * time.Millisecond, .4}, ok: 200},
	{method: "GET", path: apiPath, weight: 25, takes: duration{100 * time.Millisecond, .15}, ok: 200, gone: .01},
	{method: "GET", path: "/first_route", weight: 14, takes: duration{14 * time.Millisecond, .5}, ok: 200, sells: "book"},
	{method: "GET", path: secondPath, weight: 12, takes: duration{28 * time.Millisecond, .5}, ok: 200, fails: .001, failure: 500, sells: "pen"},
	{method: "GET", path: "/three_route", weight: 8, takes: duration{42 * time.Millisecond, .5}, ok: 200, fails: .002, failure: 500, sells: "lamp"},
	{method: "POST", path: ordersPath, weight: 8, takes: duration{80 * time.Millisecond, .45}, ok: 201, fails: .004, failure: 503},
	{method: "GET", path: orderPath, weight: 8, takes: duration{7 * time.Millisecond, .4}, ok: 200, missing: .04},
	{method: "GET", path: tacho.Unmatched, weight: 3, takes: duration{300 * time.Microsecond, .3}, ok: 404},
}

// Paths used in several files.
const (
	apiPath    = "/api"
	secondPath = "/second_route"
	ordersPath = "/api/orders"
	orderPath  = "/api/orders/:id"
)

// kinds are the goods of the shop: a short, fixed list, as label values must be.
var kinds = []string{"book", "pen", "lamp"}

// latencyBuckets are dense around the shop's latencies, so that quantiles are accurate.
var latencyBuckets = []float64{.001, .005, .01, .025, .05, .075, .1, .15, .25, .5, .75, 1, 2.5}

// routeOf returns the route of a method and template.
func routeOf(method, path string) route {
	for _, r := range routes {
		if r.method == method && r.path == path {
			return r
		}
	}
	panic("demo: no route " + method + " " + path)
}

// statuses returns the statuses of a route with their shares, the usual status first.
func (r route) statuses(failing float64) []share {
	all := []share{
		{r.ok, 1 - failing - r.missing - r.gone},
		{r.failure, failing},
		{http.StatusNotFound, r.missing},
		{tacho.StatusClientClosedRequest, r.gone},
	}
	kept := all[:1]
	for _, s := range all[1:] {
		if s.of > 0 {
			kept = append(kept, s)
		}
	}
	return kept
}

type share struct {
	status int
	of     float64
}

// A duration is a log-normal distribution: most values near the median, some
// far above it, as service times are.
type duration struct {
	median time.Duration
	sigma  float64
}

func (d duration) draw(by *dice) time.Duration {
	return time.Duration(float64(d.median) * math.Exp(d.sigma*by.normal()))
}

// mean in seconds.
func (d duration) mean() float64 {
	return d.median.Seconds() * math.Exp(d.sigma*d.sigma/2)
}

// below returns the share of values up to a bound in seconds.
func (d duration) below(bound float64) float64 {
	if bound <= 0 {
		return 0
	}
	return (1 + math.Erf(math.Log(bound/d.median.Seconds())/(d.sigma*math.Sqrt2))) / 2
}

// dice is a random number generator for several goroutines.
type dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (d *dice) float() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.Float64()
}

func (d *dice) normal() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.NormFloat64()
}

// wait returns an exponential waiting time with mean 1.
func (d *dice) wait() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.ExpFloat64()
}

func (d *dice) below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(n)
}

func (d *dice) bits() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.Uint64()
}

// count returns a Poisson-distributed number of events.
func (d *dice) count(mean float64) int {
	if mean > 30 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*d.normal())))
	}
	n := 0
	for left := d.wait(); left < mean; left += d.wait() {
		n++
	}
	return n
}
