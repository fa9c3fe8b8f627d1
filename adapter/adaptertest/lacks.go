package adaptertest

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tacho-go/tacho"
)

// glance is how long to wait for something that a framework should not do.
const glance = 200 * time.Millisecond

// checkLacks checks Framework.Lacks: each entry names a feature that some case needs, has a
// reason, and is true as far as can be tested.
func (fw Framework) checkLacks() error {
	var all []error
	for f, why := range fw.Lacks {
		switch {
		case !slices.ContainsFunc(Cases(), func(c Case) bool { return slices.Contains(c.Needs, f) }):
			all = append(all, fmt.Errorf("lacks %q, which no case needs", f))
		case strings.TrimSpace(why) == "":
			all = append(all, fmt.Errorf("lacks %s without a reason", f))
		case fw.has(f):
			all = append(all, fmt.Errorf("lacks %s (%s), but passes all cases that need it: remove it from Lacks", f, why))
		}
	}
	return errors.Join(all...)
}

// has reports whether a framework has a feature after all: there is a sign of it, and all cases
// that need it pass. Cases that also need another feature of Lacks do not count.
func (fw Framework) has(f Feature) bool {
	sign := signs[f]
	if sign == nil {
		return false
	}
	needs := func(c Case) bool {
		return slices.Contains(c.Needs, f) && !slices.ContainsFunc(c.Needs, func(other Feature) bool { return other != f && fw.Lacks[other] != "" })
	}
	tried := Case{Check: func(l *Lab) error {
		if seen, err := sign(l); err != nil || !seen {
			return errors.Join(err, errors.New("no sign"))
		}
		return nil
	}}
	passed := 0
	for _, c := range append([]Case{tried}, slices.DeleteFunc(Cases(), func(c Case) bool { return !needs(c) })...) {
		if check(fw, c, glance) != nil {
			return false
		}
		passed++
	}
	return passed > 1
}

// signs report whether a framework may have a feature. They are harmless to a framework that lacks
// it, in which a case could block forever or end the process. RecoverInside has no sign, because
// that takes a panic.
var signs = map[Feature]func(*Lab) (bool, error){
	ClientGone:    (*Lab).seesClientLeave,
	Hijacking:     inHandler(hijacks),
	Streaming:     (*Lab).seesStream,
	Informational: (*Lab).seesInformational,
	Groups:        always,
	ListsRoutes:   always,
	Handlers: inApp(func(app *App, seen func()) {
		app.Wrap = func(next http.Handler) http.Handler { seen(); return next }
	}),
	Deadlines: inHandler(is[interface {
		Controller() *http.ResponseController
	}]),
	Guards: inApp(func(app *App, seen func()) {
		app.Guard = func(Call) bool { seen(); return true }
	}),
	Tracking: inApp(func(app *App, seen func()) {
		app.Routes[0].Track = func(*tacho.Meter) []*tacho.Metric { seen(); return nil }
	}),
	Requests:      inHandler(is[Requester]),
	Redispatching: inHandler(is[Redispatcher]),
}

// always is the sign where the cases themselves are harmless.
func always(*Lab) (bool, error) { return true, nil }

func is[T any](c Call) bool {
	_, ok := c.(T)
	return ok
}

// inApp serves an app of which the framework is to use a part, which calls seen.
func inApp(put func(app *App, seen func())) func(*Lab) (bool, error) {
	return func(l *Lab) (bool, error) {
		used := make(chan struct{}, 1)
		app := userApp(answer(200, "ok"))
		put(&app, func() {
			select {
			case used <- struct{}{}:
			default:
			}
		})
		p, err := l.start(app, tacho.Options{})
		if err == nil {
			err = p.want("/users/1", 200)
		}
		return len(used) > 0, err
	}
}

// inHandler tries something in a handler.
func inHandler(try func(Call) bool) func(*Lab) (bool, error) {
	return func(l *Lab) (bool, error) {
		result := make(chan bool, 2)
		p, err := l.start(userApp(func(c Call) {
			defer func() {
				if recover() != nil {
					result <- false
				}
			}()
			result <- try(c)
		}), tacho.Options{})
		if err != nil {
			return false, err
		}
		conn, err := p.send(request("GET", "/users/1", "x"))
		if err != nil {
			return false, err
		}
		defer conn.Close()
		select {
		case ok := <-result:
			return ok, nil
		case <-time.After(l.patience):
			return false, errors.New("the handler was not called")
		}
	}
}

func hijacks(c Call) bool {
	conn, err := c.Hijack()
	if err == nil {
		err = conn.Close()
	}
	return err == nil
}

// seesClientLeave: the handler's context is canceled when the client hangs up.
func (l *Lab) seesClientLeave() (bool, error) {
	entered, told := make(chan struct{}), make(chan bool, 1)
	p, err := l.start(userApp(func(c Call) {
		close(entered)
		select {
		case <-c.Context().Done():
			told <- true
		case <-time.After(glance):
			told <- false
		}
	}), tacho.Options{})
	if err != nil {
		return false, err
	}
	conn, err := p.send(request("GET", "/users/1", "x"))
	if err != nil {
		return false, err
	}
	defer conn.Close()
	if err := l.wait(entered, "the handler to begin"); err != nil {
		return false, err
	}
	conn.Close()
	return <-told, nil
}

// seesStream: a piece arrives while the handler still runs.
func (l *Lab) seesStream() (bool, error) {
	arrived, ended := make(chan struct{}), make(chan bool, 1)
	p, err := l.start(userApp(func(c Call) {
		defer func() {
			_ = recover()
			select {
			case <-arrived:
				ended <- true
			case <-time.After(glance):
				ended <- false
			}
		}()
		_, _ = c.Write([]byte("piece"))
		c.Flush()
	}), tacho.Options{})
	if err != nil {
		return false, err
	}
	conn, err := p.send(request("GET", "/users/1", "x"))
	if err != nil {
		return false, err
	}
	defer conn.Close()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if _, err := resp.Body.Read(make([]byte, 1)); err != nil {
		return false, err
	}
	close(arrived)
	return <-ended, nil
}

// seesInformational: a 103 arrives before the final status.
func (l *Lab) seesInformational() (bool, error) {
	p, err := l.start(userApp(func(c Call) {
		c.WriteHeader(http.StatusEarlyHints)
		answer(202, "soon")(c)
	}), tacho.Options{})
	if err != nil {
		return false, err
	}
	conn, err := p.send(request("GET", "/users/1", "x"))
	if err != nil {
		return false, err
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for _, want := range []int{http.StatusEarlyHints, http.StatusAccepted} {
		resp, err := http.ReadResponse(reader, nil)
		if err != nil || resp.StatusCode != want {
			return false, nil
		}
		resp.Body.Close()
	}
	return true, nil
}
