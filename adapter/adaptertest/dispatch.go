package adaptertest

import (
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/tacho-go/tacho"
)

// A Redispatcher is a Call that can hand its request to the service's router
// again, under another path (feature Redispatching).
type Redispatcher interface{ Redispatch(path string) }

// dispatchCases: one request is one count, however many middlewares it passes
// and however often.
var dispatchCases = []Case{
	{
		Name:  "dispatch-again",
		Rule:  "A request that handlers dispatch again is counted once, under the route that answered, however often and whether or not that is the same one.",
		Needs: []Feature{Redispatching},
		Check: func(l *Lab) error {
			p, err := l.start(App{Routes: []Route{
				{Path: "/old", Do: again("/users/0", 1)},
				{Path: users, Do: again("/users/1", 3)},
			}}, tacho.Options{})
			if err != nil {
				return err
			}
			if err := errors.Join(p.want("/old", 200), p.counted(1, "GET", l.label(users), 200)); err != nil {
				return err
			}
			return p.settles("http_requests_in_flight", 0)
		},
	},
	{
		Name:  "dispatch-again-track",
		Rule:  "Metrics on the routes that a request passes count it once, whether it was dispatched to the same route or to another one.",
		Needs: []Feature{Redispatching, Tracking},
		Check: func(l *Lab) error {
			counter := func(m *tacho.Meter, name string) *tacho.Metric {
				return m.Counter(tacho.MetricOptions{Name: name, Help: "Requests."})
			}
			var both *tacho.Metric // on both routes
			p, err := l.start(App{Routes: []Route{
				{Path: "/old", Do: again("/users/0", 1), Track: func(m *tacho.Meter) []*tacho.Metric {
					both = counter(m, "both")
					return []*tacho.Metric{both, counter(m, "outside")}
				}},
				{Path: users, Do: again("/users/1", 2), Track: func(m *tacho.Meter) []*tacho.Metric {
					return []*tacho.Metric{both, counter(m, "inside")}
				}},
			}}, tacho.Options{})
			if err != nil {
				return err
			}
			if err := errors.Join(p.want("/old", 200), p.counted(1, "GET", l.label(users), 200)); err != nil {
				return err
			}
			return errors.Join(p.settles("outside_total", 1), p.settles("inside_total", 1), p.settles("both_total", 1))
		},
	},
	{
		Name: "nested-middleware",
		Rule: "A middleware that stands twice counts a request once, whatever writer stands in between.",
		Check: func(l *Lab) error {
			app := userApp(answer(201, "made"))
			app.Twice = true
			p, err := l.start(app, tacho.Options{})
			if err != nil {
				return err
			}
			if err := errors.Join(p.want("/users/1", 201), p.counted(1, "GET", l.label(users), 201), p.want("/nowhere", 404)); err != nil {
				return err
			}
			return errors.Join(p.settles(requestsKey("GET", tacho.Unmatched, 404), 1), p.settles("http_requests_in_flight", 0))
		},
	},
	{
		Name:  "nested-meters",
		Rule:  "A Meter that stands twice, with another Meter in between, counts a request once; the other one counts it as well.",
		Needs: []Feature{Handlers},
		Check: func(l *Lab) error {
			p, other, err := l.nestedMeters(userApp(answer(201, "made")))
			if err != nil {
				return err
			}
			if err := errors.Join(p.want("/users/1", 201), p.counted(1, "GET", l.label(users), 201)); err != nil {
				return err
			}
			_, err = other.settled(1)
			return err
		},
	},
	{
		Name:  "nested-do-not-track",
		Rule:  "What is put on a route for one Meter reaches it also where another Meter stands in between, and says nothing to that one.",
		Needs: []Feature{Handlers, Tracking},
		Check: func(l *Lab) error {
			p, other, err := l.nestedMeters(App{Routes: []Route{
				{Path: users, Do: answer(200, "ok")},
				{Path: "/quiet", DoNotTrack: true, Track: counting(statusOnly), Do: answer(202, "ok")},
				{Path: "/nothing", ExcludeAll: true, Track: leftOut, Do: answer(203, "ok")},
			}})
			if err != nil {
				return err
			}
			err = errors.Join(p.want("/quiet", 202), p.want("/nothing", 203), p.want("/users/1", 200), p.settles(`tracked_total{status="202"}`, 1))
			if err != nil {
				return err
			}
			if _, err := other.settled(3); err != nil {
				return err
			}
			return errors.Join(p.counted(1, "GET", l.label(users), 200), p.totals("tracked_total", 1), p.totals("left_out_total", 0))
		},
	},
}

func leftOut(m *tacho.Meter) []*tacho.Metric {
	return []*tacho.Metric{m.Counter(tacho.MetricOptions{Name: "left_out", Help: "Requests.", Labels: statusOnly})}
}

// again is a handler that dispatches its request again until it has been called
// so many times, and then answers.
func again(path string, times int64) func(Call) {
	var calls atomic.Int64
	dispatched := func(c Call) { c.(Redispatcher).Redispatch(path) }
	if times == 1 {
		return dispatched
	}
	return func(c Call) {
		if calls.Add(1) < times {
			dispatched(c)
			return
		}
		answer(200, "at last")(c)
	}
}

// nestedMeters starts a service whose Meter stands twice, with another one in
// between, which stands twice as well. The second Probe reads that one.
func (l *Lab) nestedMeters(app App) (p, other *Probe, err error) {
	between, err := tacho.New(tacho.Options{})
	if err != nil {
		return nil, nil, err
	}
	app.Around, app.Wrap = true, func(next http.Handler) http.Handler { return between.Handler(between.Handler(next)) }
	if p, err = l.start(app, tacho.Options{}); err != nil {
		return nil, nil, err
	}
	return p, &Probe{Service: Service{Meter: between}, lab: l}, nil
}

// Blind is a middleware whose writer hides the one underneath, as many that
// compress or record do.
func Blind(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	})
}
