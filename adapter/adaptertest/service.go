package adaptertest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
)

// serviceCases: what concerns the service as a whole.
var serviceCases = []Case{
	{
		Name: "in-flight",
		Rule: "A request is in flight while it is served, and no longer.",
		Check: func(l *Lab) error {
			entered, release := make(chan struct{}), make(chan struct{})
			p, err := l.start(userApp(func(c Call) {
				close(entered)
				<-release
				answer(200, "ok")(c)
			}), tacho.Options{})
			if err != nil {
				return err
			}
			done := make(chan error, 1)
			go func() { done <- p.want("/users/1", 200) }()
			if err := l.wait(entered, "the handler to begin"); err != nil {
				return err
			}
			during := p.settles("http_requests_in_flight", 1)
			close(release)
			return errors.Join(during, <-done, p.settles("http_requests_in_flight", 0))
		},
	},
	{
		Name: "concurrent",
		Rule: "Requests at the same time are all counted, each once.",
		Check: func(l *Lab) error {
			const clients, each = 8, 50
			p, err := l.start(userApp(answer(200, "ok")), tacho.Options{})
			if err != nil {
				return err
			}
			var all sync.WaitGroup
			failed := make([]error, clients)
			for c := range clients {
				all.Go(func() {
					for i := range each {
						failed[c] = errors.Join(failed[c], p.want(fmt.Sprintf("/users/%d", i), 200))
					}
				})
			}
			all.Wait()
			if err := errors.Join(failed...); err != nil {
				return err
			}
			return p.counted(clients*each, "GET", l.label(users), 200)
		},
	},
	{
		Name: "exclude-default",
		Rule: "The metrics endpoint and health checks are not recorded, and not in flight.",
		Check: func(l *Lab) error {
			p, err := l.start(App{Routes: []Route{
				{Path: "/healthz", Do: answer(200, "ok")}, {Path: users, Do: answer(200, "ok")},
			}}, tacho.Options{})
			if err != nil {
				return err
			}
			for _, path := range []string{"/healthz", "/metrics", "/users/1"} {
				if err := p.want(path, 200); err != nil {
					return err
				}
			}
			if err := p.settles("http_requests_in_flight", 0); err != nil {
				return err // a response can arrive before its request is recorded
			}
			_, text, err := p.do("GET", "/metrics", "")
			if err != nil {
				return err
			}
			if !strings.Contains(text, "\nhttp_requests_in_flight 0\n") {
				return errors.New("the scrape finds itself in flight, or /metrics does not answer:\n" + text[:min(len(text), 500)])
			}
			return p.counted(1, "GET", l.label(users), 200)
		},
	},
	{
		Name: "exclude-options",
		Rule: "Paths, templates, globs and a function exclude requests, and their responses stay as they were.",
		Check: func(l *Lab) error {
			app := App{Routes: []Route{
				{Path: "/exact", Do: answer(503, "exact")},
				{Path: "/static/{rest...}", Do: answer(404, "static")},
				{Path: "/by/{template}", Do: answer(500, "template")},
				{Path: "/func/{x}", Do: answer(202, "func")},
				{Path: users, Do: answer(200, "ok")},
			}}
			measured, err := l.start(app, tacho.Options{
				Exclude: tacho.Exclude{
					Paths: []string{l.label("/exact"), "/static/**", l.label("/by/{template}")},
					Func:  func(method, path string) bool { return strings.HasPrefix(path, "/func/") },
				},
			})
			if err != nil {
				return err
			}
			app.Plain = true
			plain, err := l.start(app, tacho.Options{})
			if err != nil {
				return err
			}
			for _, path := range []string{"/exact", "/static/a/b.css", "/by/name", "/func/1", "/users/1"} {
				if err := sameAnswer(measured, plain, path); err != nil {
					return err
				}
			}
			return measured.counted(1, "GET", l.label(users), 200)
		},
	},
	{
		Name: "unchanged",
		Rule: "Measuring changes nothing in a response: status, headers and body are those of the bare service.",
		Check: func(l *Lab) error {
			app := App{Routes: []Route{
				{Path: users, Do: func(c Call) {
					c.SetHeader("X-Own", "yes")
					answer(207, strings.Repeat("body ", 2000))(c)
				}},
				{Path: "/silent", Do: func(Call) {}},
			}}
			measured, err := l.start(app, tacho.Options{})
			if err != nil {
				return err
			}
			app.Plain = true
			plain, err := l.start(app, tacho.Options{})
			if err != nil {
				return err
			}
			for _, path := range []string{"/users/1", "/silent", "/nowhere"} {
				if err := sameAnswer(measured, plain, path); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		Name: "twice",
		Rule: "Two services on one registry are both recorded, and constructing twice is no error.",
		Check: func(l *Lab) error {
			opts := onRegistry(prometheus.NewRegistry(), tacho.Options{})
			first, err := l.start(userApp(answer(200, "ok")), opts)
			if err != nil {
				return err
			}
			second, err := l.start(userApp(answer(200, "ok")), opts)
			if err != nil {
				return fmt.Errorf("constructing twice: %w", err)
			}
			if err := errors.Join(first.want("/users/1", 200), second.want("/users/2", 200)); err != nil {
				return err
			}
			return first.counted(2, "GET", l.label(users), 200)
		},
	},
	{
		Name:  "around",
		Rule:  "With Meter.Handler around the whole service a request is still counted once, under the router's template.",
		Needs: []Feature{Handlers},
		Check: func(l *Lab) error {
			app := userApp(answer(200, "ok"))
			app.Around = true
			p, err := l.start(app, tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/users/1", 200); err != nil {
				return err
			}
			if err := p.counted(1, "GET", l.label(users), 200); err != nil {
				return err
			}
			if err := p.want("/nowhere", 404); err != nil {
				return err
			}
			return p.settles(requestsKey("GET", tacho.Unmatched, 404), 1)
		},
	},
	{
		Name:  "deadlines",
		Rule:  "http.ResponseController still reaches the connection's deadlines.",
		Needs: []Feature{Deadlines},
		Check: func(l *Lab) error {
			result := make(chan error, 1)
			p, err := l.start(userApp(func(c Call) {
				controller := c.(interface {
					Controller() *http.ResponseController
				}).Controller()
				later := time.Now().Add(time.Hour)
				result <- errors.Join(controller.SetWriteDeadline(later), controller.SetReadDeadline(later))
				answer(200, "ok")(c)
			}), tacho.Options{})
			if err != nil {
				return err
			}
			return errors.Join(p.want("/users/1", 200), <-result)
		},
	},
}

// sameAnswer compares what two services answer.
func sameAnswer(a, b *Probe, path string) error {
	left, err := a.answer(path)
	if err != nil {
		return err
	}
	right, err := b.answer(path)
	if err == nil && left != right {
		err = fmt.Errorf("GET %s is answered\n%.300q\nbut without us\n%.300q", path, left, right)
	}
	return err
}

// answer is everything in a response but the date.
func (p *Probe) answer(path string) (string, error) {
	resp, err := p.lab.client.Get(p.URL + path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	resp.Header.Del("Date")
	var b strings.Builder
	err = resp.Write(&b)
	return b.String(), err
}

func onRegistry(reg *prometheus.Registry, opts tacho.Options) tacho.Options {
	opts.Registerer, opts.Gatherer = reg, reg
	return opts
}
