package demo

import (
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/tacho-go/tacho"
)

// A route is one line of the shop's menu: how often it is asked for, what it
// costs and how it fails on a quiet day. The shop, its customers and its seeded
// past all follow the same line.
type route struct {
	method, path string
	weight       float64 // share of the traffic, in parts of all weights
	takes        duration
	ok           int     // the usual status
	fails        float64 // share of requests that the shop fails
	failure      int     // with this status
	missing      float64 // share that asks for what is not there: 404
	gone         float64 // share whose client hangs up: 499
	sells        string  // the kind of goods, when it sells one
}

// routes are the shop's. The first two are the Gin tutorial's, the next three
// the three-routes tutorial's; these take a tenth of the time they take there,
// so that the demo is lively. The last is what scanners get.
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

// Paths that more than one file speaks of.
const (
	apiPath    = "/api"
	secondPath = "/second_route"
	ordersPath = "/api/orders"
	orderPath  = "/api/orders/:id"
)

// kinds are the goods of the shop: a short, fixed list, as label values must be.
var kinds = []string{"book", "pen", "lamp"}

// latencyBuckets lie densely where the shop's latencies do: /api sits in the
// middle of several, so that its quantiles are near the truth.
var latencyBuckets = []float64{.001, .005, .01, .025, .05, .075, .1, .15, .25, .5, .75, 1, 2.5}

// routeOf returns the menu's line for a method and template.
func routeOf(method, path string) route {
	for _, r := range routes {
		if r.method == method && r.path == path {
			return r
		}
	}
	panic("demo: no route " + method + " " + path)
}

// statuses lists what a route answers, the usual status first, with the share
// of each.
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

// below is the share of values up to the bound, in seconds.
func (d duration) below(bound float64) float64 {
	if bound <= 0 {
		return 0
	}
	return (1 + math.Erf(math.Log(bound/d.median.Seconds())/(d.sigma*math.Sqrt2))) / 2
}

// dice are chance, for several goroutines.
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

// wait is an exponential waiting time with mean 1.
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

// count is how many events there were where mean were expected (Poisson).
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
