package adaptertest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/tacho-go/tacho"
)

const panicsTotal = "http_request_panics_total"

// outcomeCases: the status is what was sent.
var outcomeCases = []Case{
	{
		Name: "status-written",
		Rule: "The status is the one that was written; 200 if the handler wrote none.",
		Check: func(l *Lab) error {
			p, err := l.start(App{Routes: []Route{
				{Path: "/teapot", Do: answer(418, "short and stout")},
				{Path: "/silent", Do: func(Call) {}},
				{Path: "/body-only", Do: func(c Call) { _, _ = io.WriteString(c, "ok") }},
			}}, tacho.Options{})
			if err != nil {
				return err
			}
			for path, status := range map[string]int{"/teapot": 418, "/silent": 200, "/body-only": 200} {
				if err := p.want(path, status); err != nil {
					return err
				}
				if err := p.settles(requestsKey("GET", l.label(path), status), 1); err != nil {
					return err
				}
			}
			_, err = p.settled(3)
			return err
		},
	},
	{
		Name: "status-first",
		Rule: "Of two statuses the first counts: it is the one that the client got.",
		Check: func(l *Lab) error {
			p, err := l.start(userApp(func(c Call) {
				answer(201, "made")(c)
				c.WriteHeader(500)
			}), tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/users/1", 201); err != nil {
				return err
			}
			return p.counted(1, "GET", l.label(users), 201)
		},
	},
	{
		Name:  "status-informational",
		Rule:  "An informational status is not the outcome: the final one is.",
		Needs: []Feature{Informational},
		Check: func(l *Lab) error {
			p, err := l.start(userApp(func(c Call) {
				c.WriteHeader(http.StatusEarlyHints)
				answer(202, "soon")(c)
			}), tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/users/1", 202); err != nil {
				return err
			}
			return p.counted(1, "GET", l.label(users), 202)
		},
	},
	panicCase("panic-bare", "A panic without any recovery is a 500 and is counted; the connection ends as it does without us.", NoRecovery, []Feature{PanicsEnd}),
	panicCase("panic-recovery-outside", "A panic that a recovery outside of us answers is a 500 and is counted.", RecoveryOutside, nil),
	panicCase("panic-recovery-inside", "A panic that a recovery inside of us answers is the 500 that it wrote.", RecoveryInside, []Feature{RecoverInside}),
	{
		Name:  "panic-after-status",
		Rule:  "A panic after a status was sent is recorded with that status, and is counted.",
		Needs: []Feature{Streaming, EarlyStatus, PanicsEnd},
		Check: func(l *Lab) error {
			p, err := l.start(userApp(func(c Call) {
				c.WriteHeader(202)
				_, _ = io.WriteString(c, "half")
				c.Flush()
				panic("adaptertest: after the status")
			}), tacho.Options{})
			if err != nil {
				return err
			}
			_, _, _ = p.do("GET", "/users/1", "") // ends early
			if err := p.counted(1, "GET", l.label(users), 202); err != nil {
				return err
			}
			return p.settles(routeKey(panicsTotal, "GET", l.label(users)), 1)
		},
	},
	{
		Name:  "client-gone",
		Rule:  "A client that hung up before a status was written is a 499, whether the handler then says nothing, fails, or is cut off.",
		Needs: []Feature{ClientGone},
		Check: func(l *Lab) error {
			for _, late := range []func(Call){func(Call) {}, answer(500, "late"), cutOff} {
				if err := l.clientGone(late); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		Name:  "client-gone-writing",
		Rule:  "Where the client had hung up and writing fails, the response is lost: a 499.",
		Needs: []Feature{ClientGone},
		Check: func(l *Lab) error { return l.clientGone(l.writeUntilItFails) },
	},
	{
		Name:  "client-gone-abort",
		Rule:  "http.ErrAbortHandler for a client that has hung up is a 499 and no panic: that is how a reverse proxy gives up.",
		Needs: []Feature{ClientGone, PanicsEnd},
		Check: func(l *Lab) error {
			if err := l.clientGone(func(Call) { panic(http.ErrAbortHandler) }); err != nil {
				return err
			}
			s, err := (&Probe{Service: l.started[0], lab: l}).read()
			if err == nil && s.total(panicsTotal) != 0 {
				err = fmt.Errorf("it was counted as a panic:\n%s", s.about(panicsTotal))
			}
			return err
		},
	},
	{
		Name:  "client-half-closed",
		Rule:  "A client that closes only its own side gets the response: its status counts, although the request's context was canceled.",
		Needs: []Feature{ClientGone, HalfClosing},
		Check: func(l *Lab) error {
			for _, app := range []App{userApp(lateAnswer), {Routes: []Route{{Path: users, Do: func(c Call) {
				<-c.Context().Done()
				c.WriteHeader(http.StatusNoContent)
			}}}}} {
				if err := l.halfClosed(app); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		Name:  "shutdown",
		Rule:  "A response that is delivered while the server's base context is canceled, with or without a cause, keeps its status.",
		Needs: []Feature{ClientGone, Handlers, ServesEnded},
		Check: func(l *Lab) error {
			for _, cause := range []error{nil, errors.New("terminated signal received")} {
				app := userApp(answer(200, "hello"))
				app.Wrap = canceled(cause)
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
			}
			return nil
		},
	},
	{
		Name:  "client-gone-late",
		Rule:  "A response that the client has got stays what it was, even if the client leaves before the handler does.",
		Needs: []Feature{ClientGone, Streaming, EarlyStatus},
		Check: func(l *Lab) error {
			p, err := l.start(userApp(func(c Call) {
				c.SetHeader("Content-Length", "2")
				answer(200, "ok")(c)
				c.Flush()
				<-c.Context().Done()
			}), tacho.Options{})
			if err != nil {
				return err
			}
			if _, err := p.raw("GET /users/1 HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				return err
			}
			return p.counted(1, "GET", l.label(users), 200)
		},
	},
	{
		Name: "counter-and-histogram",
		Rule: "The counter and the histogram's count of a label set agree.",
		Check: func(l *Lab) error {
			p, err := l.start(App{Routes: []Route{{Path: "/a", Do: answer(200, "")}, {Path: "/b", Do: answer(503, "")}}}, tacho.Options{})
			if err != nil {
				return err
			}
			for range 20 {
				for _, path := range []string{"/a", "/b", "/c"} {
					if _, _, err := p.do("GET", path, ""); err != nil {
						return err
					}
				}
			}
			s, err := p.settled(60)
			if err != nil {
				return err
			}
			return s.agree()
		},
	},
}

// agree compares every counter with the histogram beside it.
func (s samples) agree() error {
	for key, n := range s {
		labels, ok := strings.CutPrefix(key, "http_requests_total")
		if !ok {
			continue
		}
		if observed := s["http_request_duration_seconds_count"+labels]; observed != n {
			return fmt.Errorf("%s is %v, but the histogram has %v observations", key, n, observed)
		}
	}
	return nil
}

// panicCase checks what a panicking handler is recorded as. Where the recovery
// stands inside of us the panic never reaches us, so that only its answer can
// be recorded.
func panicCase(name, rule string, recovery Recovery, needs []Feature) Case {
	return Case{Name: name, Rule: rule, Needs: needs, Check: func(l *Lab) error {
		app := userApp(func(Call) { panic("adaptertest: on purpose") })
		app.Recovery = recovery
		p, err := l.start(app, tacho.Options{})
		if err != nil {
			return err
		}
		status, _, err := p.do("GET", "/users/1", "")
		if recovery == NoRecovery && err == nil {
			return fmt.Errorf("the panic was swallowed: the client got a %d", status)
		}
		if recovery != NoRecovery && status != 500 {
			return fmt.Errorf("the recovery answered %d (%v), want 500", status, err)
		}
		if err := p.counted(1, "GET", l.label(users), 500); err != nil {
			return err
		}
		if err := p.settles("http_requests_in_flight", 0); err != nil {
			return err
		}
		if recovery == RecoveryInside {
			return nil
		}
		return p.settles(routeKey(panicsTotal, "GET", l.label(users)), 1)
	}}
}

// clientGone hangs up on a handler that waits for just that.
func (l *Lab) clientGone(late func(Call)) error {
	entered := make(chan struct{})
	p, err := l.start(userApp(func(c Call) {
		close(entered)
		<-c.Context().Done()
		late(c)
	}), tacho.Options{})
	if err != nil {
		return err
	}
	conn, err := p.send(request("GET", "/users/1", "x"))
	if err != nil {
		return err
	}
	if err := l.wait(entered, "the handler to begin"); err != nil {
		return err
	}
	conn.Close()
	return p.counted(1, "GET", l.label(users), tacho.StatusClientClosedRequest)
}

// cutOff promises more than it writes.
func cutOff(c Call) {
	c.SetHeader("Content-Length", "1000")
	answer(200, "cut off")(c)
}

// writeUntilItFails writes to a client that has hung up. The first writes go
// into buffers.
func (l *Lab) writeUntilItFails(c Call) {
	c.WriteHeader(200)
	piece := []byte(longText(64 << 10))
	for deadline := time.Now().Add(l.patience); time.Now().Before(deadline); {
		if _, err := c.Write(piece); err != nil {
			return
		}
	}
}

func lateAnswer(c Call) {
	<-c.Context().Done()
	answer(200, "hello")(c)
}

// halfClosed closes its own side of the connection and reads the response.
func (l *Lab) halfClosed(app App) error {
	p, err := l.start(app, tacho.Options{})
	if err != nil {
		return err
	}
	conn, err := p.send(request("GET", "/users/1", "x"))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	_, resp, err := readHead(conn)
	if err != nil {
		return fmt.Errorf("the response after closing one side: %w", err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode == 200 && string(body) != "hello" {
		return fmt.Errorf("the client that closed one side got %q (%v)", body, err)
	}
	return p.counted(1, "GET", l.label(users), resp.StatusCode)
}

// canceled is a middleware whose requests have a context that is over.
func canceled(cause error) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancelCause(r.Context())
			cancel(cause)
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// readHead reads a response's head and leaves its body to come.
func readHead(r io.Reader) (*bufio.Reader, *http.Response, error) {
	buffered := bufio.NewReader(r)
	resp, err := http.ReadResponse(buffered, nil)
	return buffered, resp, err
}
