package adaptertest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/tacho-go/tacho"
)

// trackCases: metrics of single routes, and labels of the service's own.
var trackCases = []Case{
	{
		Name:  "track-labels",
		Rule:  "A metric that is put on a route counts its requests, with labels from the path, the headers and the status of both sides.",
		Needs: []Feature{Tracking, PathValues},
		Check: func(l *Lab) error {
			p, err := l.start(App{Routes: []Route{{Path: users, Track: counting(pathHeaderStatus), Do: cached(201)}}}, tacho.Options{})
			if err != nil {
				return err
			}
			if err := errors.Join(p.want("/users/7", 201), p.want("/users/8", 201), p.want("/nowhere", 404)); err != nil {
				return err
			}
			for _, id := range []string{"7", "8"} {
				if err := p.settles(fmt.Sprintf(`tracked_total{agent="go",cache="hit",id=%q,status="201"}`, id), 1); err != nil {
					return err
				}
			}
			return p.totals("tracked_total", 2)
		},
	},
	{
		Name:  "track-panic",
		Rule:  "A metric on a route counts a request whose handler panics, as the 500 that it is, and a gauge of requests in progress goes down again.",
		Needs: []Feature{Tracking},
		Check: func(l *Lab) error {
			app := App{Recovery: RecoveryOutside, Routes: []Route{{
				Path: users, Do: func(Call) { panic("on purpose") },
				Track: func(m *tacho.Meter) []*tacho.Metric {
					return append(counting(statusOnly)(m), m.Gauge(tacho.MetricOptions{Name: "tracked_now", Help: "Now."}))
				},
			}}}
			p, err := l.start(app, tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/users/1", 500); err != nil {
				return err
			}
			return errors.Join(p.settles(`tracked_total{status="500"}`, 1), p.settles("tracked_now", 0))
		},
	},
	{
		Name:  "track-progress",
		Rule:  "A gauge on a route counts the requests in progress, and a histogram how long their handlers take.",
		Needs: []Feature{Tracking},
		Check: func(l *Lab) error {
			entered, release := make(chan struct{}), make(chan struct{})
			app := App{Routes: []Route{{
				Path: users,
				Do: func(c Call) {
					close(entered)
					<-release
					answer(200, "ok")(c)
				},
				Track: func(m *tacho.Meter) []*tacho.Metric {
					return []*tacho.Metric{
						m.Gauge(tacho.MetricOptions{Name: "tracked_now", Help: "Now."}),
						m.Histogram(tacho.MetricOptions{Name: "tracked_seconds", Help: "Time."}),
					}
				},
			}}}
			p, err := l.start(app, tacho.Options{})
			if err != nil {
				return err
			}
			done := make(chan error, 1)
			go func() { done <- p.want("/users/1", 200) }()
			if err := l.wait(entered, "the handler to begin"); err != nil {
				return err
			}
			during := errors.Join(p.settles("tracked_now", 1), p.settles("tracked_seconds_count", 0))
			close(release)
			return errors.Join(during, <-done, p.settles("tracked_now", 0), p.settles("tracked_seconds_count", 1))
		},
	},
	{
		Name:  "do-not-track",
		Rule:  "A route that is not to be tracked is missing in the HTTP metrics, and the metrics that were put on it count.",
		Needs: []Feature{Tracking},
		Check: func(l *Lab) error {
			app := App{Routes: []Route{
				{Path: users, Do: answer(200, "ok")},
				{Path: "/quiet", DoNotTrack: true, Track: counting(statusOnly), Do: answer(202, "ok")},
			}}
			p, err := l.start(app, tacho.Options{})
			if err != nil {
				return err
			}
			if err := errors.Join(p.want("/quiet", 202), p.want("/users/1", 200), p.settles(`tracked_total{status="202"}`, 1)); err != nil {
				return err
			}
			return p.counted(1, "GET", l.label(users), 200)
		},
	},
	{
		Name:  "exclude-all",
		Rule:  "A route that is left out of everything is in no metric, and is answered as before.",
		Needs: []Feature{Tracking},
		Check: func(l *Lab) error {
			app := App{Routes: []Route{
				{Path: users, Do: answer(200, "ok")},
				{Path: "/quiet", ExcludeAll: true, Track: counting(statusOnly), Do: answer(202, "ok")},
			}}
			p, err := l.start(app, tacho.Options{})
			if err != nil {
				return err
			}
			if err := errors.Join(p.want("/quiet", 202), p.want("/users/1", 200), p.counted(1, "GET", l.label(users), 200)); err != nil {
				return err
			}
			return p.totals("tracked_total", 0)
		},
	},
	{
		Name:  "own-labels",
		Rule:  "Options.Labels and Options.GroupBy take their values from the request and its response.",
		Needs: []Feature{Tracking, PathValues},
		Check: func(l *Lab) error {
			p, err := l.start(App{Routes: []Route{{Path: users, Do: cached(200)}}}, tacho.Options{
				Labels:  []tacho.Label{{Name: "cache", Func: func(r tacho.Request) string { return r.ResponseHeader("X-Cache") }, Values: []string{"hit"}}},
				GroupBy: tacho.Label{Name: "user", Func: func(r tacho.Request) string { return r.PathValue("id") }},
			})
			if err != nil {
				return err
			}
			if err := p.want("/users/7", 200); err != nil {
				return err
			}
			return p.settles(`http_requests_total{cache="hit",method="GET",status="200",user="7"}`, 1)
		},
	},
	{
		Name:  "register-default",
		Rule:  "A metric that is registered for all routes counts each request that found one, and none that did not.",
		Needs: []Feature{Tracking},
		Check: func(l *Lab) error {
			var once sync.Once
			everywhere := func(m *tacho.Meter) []*tacho.Metric {
				once.Do(func() { m.RegisterDefault(counting(statusOnly)(m)...) })
				return nil
			}
			p, err := l.start(App{Routes: []Route{
				{Path: users, Track: everywhere, Do: answer(200, "ok")}, {Path: "/other", Do: answer(404, "mine")},
			}}, tacho.Options{})
			if err != nil {
				return err
			}
			err = errors.Join(p.want("/users/1", 200), p.want("/other", 404), p.want("/nowhere", 404), p.want("/metrics", 200))
			if err != nil {
				return err
			}
			return errors.Join(p.settles(`tracked_total{status="200"}`, 1), p.settles(`tracked_total{status="404"}`, 1))
		},
	},
}

// counting makes the counter of these cases.
func counting(labels []tacho.Label) func(*tacho.Meter) []*tacho.Metric {
	return func(m *tacho.Meter) []*tacho.Metric {
		return []*tacho.Metric{m.Counter(tacho.MetricOptions{Name: "tracked", Help: "Requests.", Labels: labels})}
	}
}

var (
	statusOnly       = []tacho.Label{{Name: "status", Func: tacho.Request.StatusText}}
	pathHeaderStatus = []tacho.Label{
		{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }},
		{Name: "agent", Func: func(r tacho.Request) string {
			if strings.HasPrefix(r.Header("User-Agent"), "Go-http-client") {
				return "go"
			}
			return "another"
		}},
		{Name: "cache", Func: func(r tacho.Request) string { return r.ResponseHeader("X-Cache") }},
		{Name: "status", Func: tacho.Request.StatusText},
	}
)

// cached is a handler that says where its answer came from.
func cached(status int) func(Call) {
	return func(c Call) {
		c.SetHeader("X-Cache", "hit")
		answer(status, http.StatusText(status))(c)
	}
}

// totals checks that all label sets of a metric add up to a number, now.
func (p *Probe) totals(metric string, want float64) error {
	s, err := p.read()
	if err != nil {
		return err
	}
	if got := s.total(metric); got != want {
		return fmt.Errorf("%s adds up to %v, want %v; recorded are\n%s", metric, got, want, s.about(metric))
	}
	return nil
}
