package adaptertest

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/expiry"
)

// aroundCases: what stands around the measured service must not falsify it.
var aroundCases = []Case{
	timeoutCase("timeout-outside", "Below http.TimeoutHandler a handler that is too late is the 503 that the client got.", false, func(Call) {}),
	timeoutCase("timeout-late-write", "Below http.TimeoutHandler a status that is written too late is not recorded: the client got a 503.", false, func(c Call) {
		// The deadline shows a moment before TimeoutHandler answers.
		for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); {
			if _, err := c.Write([]byte("late")); err != nil {
				return
			}
		}
	}),
	{
		Name:  "timeout-early-status",
		Rule:  "Below http.TimeoutHandler a status that was written in time does not count if the handler returns too late: the client got a 503.",
		Needs: []Feature{Handlers, ClientGone},
		Check: func(l *Lab) error {
			entered := make(chan struct{})
			return l.timeout(entered, false, func(c Call) {
				answer(200, "early")(c)
				close(entered)
				<-c.Context().Done()
			})
		},
	},
	timeoutCase("timeout-inside", "A request that an http.TimeoutHandler between Meter.Handler and the adapter answers is a 503 of its route, once.", true, func(Call) {}),
	{
		Name:  "timeout-in-time",
		Rule:  "Below http.TimeoutHandler a handler that is in time has its own status, also where a deadline of its own has passed.",
		Needs: []Feature{Handlers, ClientGone},
		Check: func(l *Lab) error {
			app := userApp(func(c Call) {
				<-c.Context().Done()
				answer(504, "my own deadline")(c)
			})
			app.Wrap = func(next http.Handler) http.Handler {
				limited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					ctx, cancel := context.WithTimeout(r.Context(), time.Millisecond)
					defer cancel()
					next.ServeHTTP(w, r.WithContext(ctx))
				})
				return http.TimeoutHandler(limited, time.Hour, "late")
			}
			p, err := l.start(app, tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/users/1", 504); err != nil {
				return err
			}
			return p.counted(1, "GET", l.label(users), 504)
		},
	},
}

// timeoutCase checks a handler that goes on when its time is up.
func timeoutCase(name, rule string, around bool, late func(Call)) Case {
	return Case{Name: name, Rule: rule, Needs: []Feature{Handlers, ClientGone}, Check: func(l *Lab) error {
		entered := make(chan struct{})
		return l.timeout(entered, around, func(c Call) {
			close(entered)
			<-c.Context().Done()
			late(c)
		})
	}}
}

// timeout runs one request whose time is up when the handler says so. The handler returns after the
// client has its response: TimeoutHandler chooses at random if the time is up at the moment when the
// handler returns. With Meter.Handler around, it outlives the exchange.
func (l *Lab) timeout(entered chan struct{}, around bool, do func(Call)) error {
	var returned sync.WaitGroup
	returned.Add(1)
	answered := make(chan struct{})
	app := userApp(func(c Call) {
		do(c)
		<-answered
	})
	app.Around = around
	app.Wrap = func(next http.Handler) http.Handler {
		waited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer returned.Done()
			next.ServeHTTP(w, r)
		})
		limited := http.TimeoutHandler(waited, time.Hour, "late")
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			limited.ServeHTTP(w, r.WithContext(expiry.On(r.Context(), entered)))
		})
	}
	p, err := l.start(app, tacho.Options{})
	if err != nil {
		return err
	}
	err = p.want("/users/1", 503)
	close(answered)
	if err != nil {
		return err
	}
	returned.Wait()
	return p.counted(1, "GET", l.label(users), 503)
}
