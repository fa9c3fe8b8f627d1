package metertest

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
)

// A Service is a Meter with simulated clients: a few routes are busy, most are not, and one request
// in twenty fails or is redirected. Only one goroutine may call Requests.
type Service struct {
	*tacho.Meter
	routes, statuses int
	now              int64
	random           *rand.Rand
}

var serviceStatuses = []int{200, 400, 500, 404, 201, 302}

// NewService returns a Service that has recorded one request for each route and status.
func NewService(o tacho.Options, routes, statuses int, seed uint64) *Service {
	s := &Service{Meter: tacho.MustNew(o), routes: routes, statuses: statuses, random: rand.New(rand.NewPCG(seed, 2))}
	engine.Of(s.Meter).Clock = func() int64 { return s.now }
	for route := range routes {
		for status := range statuses {
			s.request(route, status)
		}
	}
	return s
}

// Requests records n requests.
func (s *Service) Requests(n int) {
	for range n {
		status := 0
		if s.random.IntN(20) == 0 {
			status = s.random.IntN(s.statuses)
		}
		s.request(int(float64(s.routes)*s.random.Float64()*s.random.Float64()), status)
	}
}

func (s *Service) request(route, status int) {
	var x Exchange
	Begin(s.Meter, &x, "GET", "/p")
	s.now += int64(s.random.ExpFloat64() * 5e7)
	x.BytesIn, x.BytesOut, x.Route = int64(s.random.IntN(1000)), int64(s.random.IntN(100_000)), fmt.Sprintf("/api/v1/resource-%d/{id}", route)
	x.Settle(context.Background(), serviceStatuses[status], nil)
	End(s.Meter, &x)
}
