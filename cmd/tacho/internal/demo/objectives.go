package demo

import (
	"strconv"
	"time"

	"github.com/tacho-go/tacho/gen/slo"
	"github.com/tacho-go/tacho/internal/lazyregexp"
	"github.com/tacho-go/tacho/schema"
)

// Objectives are the SLOs of the demo, in the short form. The incidents spend the budget of the first
// one visibly, and little of the second one's. In a day, the windows of the alerts are as short as the incident.
var Objectives = []string{
	ShopJob + ": 99% of POST " + ordersPath + " below 500ms over 1d as orders-latency",
	ShopJob + ": 99% available over 1d as availability",
}

// settling is how many samples of the history have no budget yet: that of few requests jumps.
const settling = 60

// An objective is how the history spends the budget of one of Objectives.
type objective struct {
	slo.Objective
	total, bad []float64 // events per recorded sample
}

// addObjectives records the events and the budgets of Objectives, as their rules would have.
func (p *past) addObjectives() error {
	for _, text := range Objectives {
		parsed, err := slo.Parse(text)
		if err != nil {
			return err
		}
		o := objective{parsed, make([]float64, len(p.ruled)), make([]float64, len(p.ruled))}
		if o.HTTP.Below > 0 {
			o.countSlow(p)
		} else {
			o.countFailed(p)
		}
		o.record(p)
	}
	return nil
}

// countSlow counts the requests of a route above the limit, which is one of the bounds.
func (o *objective) countSlow(p *past) {
	for _, c := range p.cells {
		if c.route.method != o.HTTP.Method || c.route.path != o.HTTP.Route {
			continue
		}
		buckets := c.latency.buckets
		for i := range buckets {
			if bound(i) == o.HTTP.Below.Seconds() {
				o.add(p, buckets[len(buckets)-1].values, buckets[i].values)
			}
		}
		return
	}
}

// add adds all events, and as bad ones those that are not good.
func (o *objective) add(p *past, all, good []float64) {
	for at := range p.ruled {
		o.total[at] += all[at] * p.since(at).Seconds()
		o.bad[at] += max(0, all[at]-good[at]) * p.since(at).Seconds()
	}
}

var failed = lazyregexp.New("^(?:" + schema.ErrorStatus + ")$")

// countFailed counts the failed requests of all routes.
func (o *objective) countFailed(p *past) {
	none := make([]float64, len(p.ruled))
	seen := map[*recorded]bool{}
	for _, c := range p.cells {
		if seen[c.rate] {
			continue
		}
		seen[c.rate] = true
		if failed.MatchString(strconv.Itoa(c.status)) {
			o.add(p, c.rate.values, none)
		} else {
			o.add(p, c.rate.values, c.rate.values)
		}
	}
}

// since is the time since the previous recorded sample.
func (p *past) since(at int) time.Duration {
	if at == 0 {
		return 0
	}
	return time.Duration(p.ruled[at]-p.ruled[at-1]) * time.Millisecond
}

// record adds the series that the rules read and the page shows.
func (o *objective) record(p *past) {
	add := func(name string, of ...string) *series {
		s := p.add(name, append([]string{"slo", o.Name}, of...)...)
		s.times = &p.ruled
		return s
	}
	total, bad, budget := add(slo.Increase), add(slo.BadIncrease), add(slo.Budget, "window", "1d")
	later := p.ruled[settling:]
	budget.times = &later
	all, spent := 0.0, 0.0
	for at := range p.ruled {
		total.push(o.total[at])
		bad.push(o.bad[at])
		all, spent = all+o.total[at], spent+o.bad[at]
		left := 1.0
		if all > 0 {
			left -= spent / all / (float64(o.Target.Budget()) / 1e12)
		}
		if at >= settling {
			budget.push(left)
		}
	}
}
