package adaptertest

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/tacho-go/tacho"
)

// users is the parameter route that most cases use.
const users = "/users/{id}"

func userApp(do func(Call)) App { return App{Routes: []Route{{Path: users, Do: do}}} }

// routeCases: which route a request is recorded under.
var routeCases = []Case{
	{
		Name: "route-template",
		Rule: "The path label is the route's template, never the path: 300 ids are one label set.",
		Check: func(l *Lab) error {
			p, err := l.start(userApp(answer(200, "ok")), tacho.Options{})
			if err != nil {
				return err
			}
			for i := range 300 {
				if err := p.want(fmt.Sprintf("/users/%d", i), 200); err != nil {
					return err
				}
			}
			return p.counted(300, "GET", l.label(users), 200)
		},
	},
	{
		Name: "route-wildcard",
		Rule: "A wildcard route is recorded under its template, whatever the rest of the path.",
		Check: func(l *Lab) error {
			const files = "/files/{rest...}"
			p, err := l.start(App{Routes: []Route{{Path: files, Do: answer(200, "ok")}}}, tacho.Options{})
			if err != nil {
				return err
			}
			for _, path := range []string{"/files/a", "/files/a/b/c.txt"} {
				if err := p.want(path, 200); err != nil {
					return err
				}
			}
			return p.counted(2, "GET", l.label(files), 200)
		},
	},
	{
		Name:  "route-group",
		Rule:  "Behind a group, mount or sub-router the template is the whole one.",
		Needs: []Feature{Groups},
		Check: func(l *Lab) error {
			const path = "/api/v1/items/{id}"
			p, err := l.start(App{Routes: []Route{{Path: path, Group: "/api/v1", Do: answer(200, "ok")}}}, tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/api/v1/items/7", 200); err != nil {
				return err
			}
			return p.counted(1, "GET", l.label(path), 200)
		},
	},
	{
		Name: "route-late",
		Rule: "A route that is registered after the measurement was set up is recorded like any other.",
		Check: func(l *Lab) error {
			p, err := l.start(App{Routes: []Route{{Path: "/late/{id}", Late: true, Do: answer(200, "ok")}}}, tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/late/1", 200); err != nil {
				return err
			}
			return p.counted(1, "GET", l.label("/late/{id}"), 200)
		},
	},
	{
		Name: "route-redirect",
		Rule: "A redirect that a handler sends is recorded with its own status and route.",
		Check: func(l *Lab) error {
			p, err := l.start(App{Routes: []Route{{Path: "/old", Do: func(c Call) {
				c.SetHeader("Location", "/new")
				c.WriteHeader(http.StatusMovedPermanently)
			}}}}, tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/old", 301); err != nil {
				return err
			}
			return p.counted(1, "GET", l.label("/old"), 301)
		},
	},
	{
		Name:  "route-guarded",
		Rule:  "A middleware that answers in the route's place gives the status; the route stays.",
		Needs: []Feature{Guards},
		Check: func(l *Lab) error {
			app := userApp(answer(200, "ok"))
			app.Guard = func(c Call) bool {
				c.WriteHeader(http.StatusUnauthorized)
				return false
			}
			p, err := l.start(app, tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/users/1", 401); err != nil {
				return err
			}
			return p.counted(1, "GET", l.label(users), 401)
		},
	},
}

// unmatchedCases: requests that the router cannot route are one label set.
var unmatchedCases = []Case{
	{
		Name: "unmatched",
		Rule: "Requests that the router cannot route are counted under one value, whatever their paths.",
		Check: func(l *Lab) error {
			p, err := l.start(userApp(answer(200, "ok")), tacho.Options{})
			if err != nil {
				return err
			}
			for i := range 300 {
				if err := p.want(fmt.Sprintf("/wp-admin/%d.php", i), 404); err != nil {
					return err
				}
			}
			return p.counted(300, "GET", tacho.Unmatched, 404)
		},
	},
	{
		Name: "unmatched-by-router",
		Rule: "Whether a route matched is the router's word: a handler's own 404 keeps its route.",
		Check: func(l *Lab) error {
			p, err := l.start(userApp(answer(404, "no such user")), tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/users/1", 404); err != nil {
				return err
			}
			return p.counted(1, "GET", l.label(users), 404)
		},
	},
	{
		Name: "method-not-allowed",
		Rule: "A path with another method only is unmatched, and counted once with the status that was sent.",
		Check: func(l *Lab) error {
			p, err := l.start(userApp(answer(200, "ok")), tacho.Options{})
			if err != nil {
				return err
			}
			status, _, err := p.do("POST", "/users/1", "")
			if err != nil {
				return err
			}
			return p.counted(1, "POST", tacho.Unmatched, status)
		},
	},
	{
		Name:  "routes-at-zero",
		Rule:  "Routes that the router can list count from zero for 2xx, 4xx and 5xx, so that the first error is seen.",
		Needs: []Feature{ListsRoutes},
		Check: func(l *Lab) error {
			p, err := l.start(App{Routes: []Route{
				{Path: users, Do: answer(200, "ok")}, {Path: "/never", Do: answer(200, "ok")},
			}}, tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/users/1", 200); err != nil {
				return err
			}
			for _, status := range []int{200, 400, 500} {
				if err := p.settles(requestsKey("GET", l.label("/never"), status), 0); err != nil {
					return err
				}
			}
			return p.counted(1, "GET", l.label(users), 200)
		},
	},
	{
		Name:  "routes-early",
		Rule:  "A route that is registered too early to be measured is not shown at zero: it is counted, or it is not there.",
		Needs: []Feature{ListsRoutes},
		Check: func(l *Lab) error {
			p, err := l.start(App{Routes: []Route{
				{Path: "/early", Early: true, Do: answer(200, "ok")}, {Path: users, Do: answer(200, "ok")},
			}}, tacho.Options{Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				return err
			}
			if err := errors.Join(p.want("/early", 200), p.want("/users/1", 200), p.settles(requestsKey("GET", l.label(users), 200), 1)); err != nil {
				return err
			}
			early := fmt.Sprintf("path=%q", l.label("/early"))
			return p.until("http_requests_total", func(s samples) error {
				for key, n := range s {
					if strings.HasPrefix(key, "http_requests_total{") && strings.Contains(key, early) && s[l.key(requestsKey("GET", l.label("/early"), 200))] != 1 {
						return fmt.Errorf("%s is %v, and its request is not counted", key, n)
					}
				}
				return nil
			})
		},
	},
}

// boundCases: what clients can send must not grow the metrics.
var boundCases = []Case{
	{
		Name: "method-unknown",
		Rule: "Methods outside the known set are OTHER: 300 of them are one label set.",
		Check: func(l *Lab) error {
			p, err := l.start(userApp(answer(200, "ok")), tacho.Options{})
			if err != nil {
				return err
			}
			status := 0
			for i := range 300 {
				if status, err = p.raw(request(fmt.Sprintf("FOO%d", i), "/users/1", "x")); err != nil {
					return err
				}
			}
			if status >= 500 && status != http.StatusNotImplemented {
				return fmt.Errorf("an unknown method was answered %d", status)
			}
			return p.counted(300, "OTHER", tacho.Unmatched, status)
		},
	},
	{
		Name: "connect",
		Rule: "No path of a client becomes a label, not even by a redirect that the router makes up for CONNECT: 150 paths are one label set.",
		Check: func(l *Lab) error {
			for _, recovery := range []Recovery{NoRecovery, RecoveryOutside, RecoveryInside} {
				if err := l.connect(recovery); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		Name: "host",
		Rule: "The Host header is never a label, and a 25 kB one harms nobody.",
		Check: func(l *Lab) error {
			p, err := l.start(userApp(answer(200, "ok")), tacho.Options{})
			if err != nil {
				return err
			}
			for i := range 300 {
				if _, err := p.raw(request("GET", "/users/1", fmt.Sprintf("h%d.example", i))); err != nil {
					return err
				}
			}
			if _, err := p.raw(request("GET", "/users/1", longText(25_000))); err != nil {
				return fmt.Errorf("a 25 kB Host: %w", err)
			}
			s, err := p.settled(301)
			if err == nil && s.sets("http_requests_total") > 4 {
				// The route's own set, and those at zero.
				err = fmt.Errorf("301 Hosts made %d label sets:\n%s", s.sets("http_requests_total"), s.about("http_requests_total"))
			}
			return err
		},
	},
	{
		Name: "bad-utf8",
		Rule: "A path that is not UTF-8 fails neither its request nor the scrape.",
		Check: func(l *Lab) error {
			p, err := l.start(userApp(answer(200, "ok")), tacho.Options{})
			if err != nil {
				return err
			}
			for target, want := range map[string]int{"/%C0%AE": 404, "/users/%C0%AE%FF": 200} {
				status, err := p.raw(request("GET", target, "x"))
				if err != nil {
					return err
				}
				if status != l.status(want) {
					return fmt.Errorf("GET %s was answered %d, want %d", target, status, want)
				}
			}
			_, err = p.settled(2)
			return err
		},
	},
	{
		Name: "long-path",
		Rule: "A path of many kilobytes is one more request of its route.",
		Check: func(l *Lab) error {
			p, err := l.start(userApp(answer(200, "ok")), tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/users/"+longText(2000), 200); err != nil {
				return err
			}
			return p.counted(1, "GET", l.label(users), 200)
		},
	},
	{
		Name: "series-budget",
		Rule: "Past the limit of label sets new routes fold into __overflow__; every request is still counted and answered.",
		Check: func(l *Lab) error {
			const limit, routes = 10, 30
			var app App
			for i := range routes {
				app.Routes = append(app.Routes, Route{Path: fmt.Sprintf("/r%d", i), Do: answer(200, "ok")})
			}
			p, err := l.start(app, tacho.Options{SeriesLimit: limit, Status: tacho.Status{Initial: []int{}}})
			if err != nil {
				return err
			}
			for i := range routes {
				if err := p.want(fmt.Sprintf("/r%d", i), 200); err != nil {
					return err
				}
			}
			s, err := p.settled(routes)
			if err != nil {
				return err
			}
			if got := s[l.key(requestsKey("GET", "__overflow__", 200))]; got != routes-limit {
				return fmt.Errorf("%v requests are in __overflow__, want %d\n%s", got, routes-limit, s.about("http_requests_total"))
			}
			if got := s[`tacho_overflow_total{label="path",metric="http_requests_total"}`]; got != routes-limit {
				return fmt.Errorf("tacho_overflow_total is %v, want %d", got, routes-limit)
			}
			return nil
		},
	},
}

// connect sends CONNECT with 150 paths that lack the route's last slash, and one
// that has it.
func (l *Lab) connect(recovery Recovery) error {
	const paths, tenant = 150, "/{tenant}/"
	p, err := l.start(App{Recovery: recovery, Routes: []Route{{Method: "CONNECT", Path: tenant, Do: answer(200, "")}}}, tacho.Options{})
	if err != nil {
		return err
	}
	found := 1.0 // the one with the slash, and the others where the router does not mind
	for i := range paths {
		status, err := p.raw(request("CONNECT", fmt.Sprintf("/secret%d", i), "x"))
		if err != nil {
			return err
		}
		if status == l.status(200) {
			found++
		}
	}
	if _, err := p.raw(request("CONNECT", "/7/", "x")); err != nil {
		return err
	}
	s, err := p.settled(paths + 1)
	if err != nil {
		return err
	}
	var unmatched, matched float64
	for key, n := range s {
		switch {
		case !strings.HasPrefix(key, "http_requests_total{"):
		case strings.Contains(key, fmt.Sprintf("path=%q", tacho.Unmatched)):
			unmatched += n
		case strings.Contains(key, fmt.Sprintf("path=%q", l.label(tenant))):
			matched += n
		}
	}
	if unmatched != paths+1-found || matched != found {
		err = fmt.Errorf("%v requests are unmatched and %v on the route, want %v and %v:\n%s", unmatched, matched, paths+1-found, found, s.about("http_requests_total"))
	}
	return err
}

func longText(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a'
	}
	return string(b)
}

// drain reads a body to its end.
func drain(c Call) { _, _ = io.Copy(io.Discard, c.Body()) }
