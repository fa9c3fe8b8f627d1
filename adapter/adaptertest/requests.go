package adaptertest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/tacho-go/tacho"
)

// A Requester is a Call of a framework whose handlers see an http.Request
// (feature Requests).
type Requester interface{ Request() *http.Request }

// requestCases: measuring changes nothing in a request either.
var requestCases = []Case{
	{
		Name:  "request-trailers",
		Rule:  "A handler that has read the body sees the trailers, whether or not the client had announced them.",
		Needs: []Feature{Requests},
		Check: func(l *Lab) error {
			return l.sameForAll(func(c Call) string {
				drain(c)
				return fmt.Sprint(c.(Requester).Request().Trailer)
			}, nil)
		},
	},
	{
		Name:  "request-returned",
		Rule:  "What handlers set in a request in place reaches those around the measurement: method, path values, forms, body, and context.",
		Needs: []Feature{Requests, Handlers},
		Check: func(l *Lab) error {
			return l.sameForAll(func(c Call) string {
				drain(c)
				r := c.(Requester).Request()
				r.SetPathValue("set", "by the handler")
				r.Method, r.RemoteAddr, r.Form = "PUT", "192.0.2.1:1", map[string][]string{"a": {"b"}}
				*r = *r.WithContext(context.WithValue(r.Context(), requestKey{}, "replaced"))
				r.Body = io.NopCloser(strings.NewReader("another body"))
				return "ok"
			}, func(r *http.Request) string {
				body, err := io.ReadAll(r.Body)
				return fmt.Sprint(r.PathValue("set"), r.Method, r.RemoteAddr, r.Form, r.Context().Value(requestKey{}), string(body), err)
			})
		},
	},
}

type requestKey struct{}

// sameForAll posts bodies to a handler, measured in several ways and not at all,
// and compares what it and those around it see.
func (l *Lab) sameForAll(do func(Call) string, around func(*http.Request) string) error {
	for _, announced := range []bool{true, false} {
		want, err := l.seen(App{Plain: true}, announced, do, around)
		if err != nil {
			return err
		}
		for _, app := range []App{{}, {Around: true}, {Twice: true}} {
			got, err := l.seen(app, announced, do, around)
			if err != nil {
				return err
			}
			if got != want {
				return fmt.Errorf("with the trailer announced: %v, Meter.Handler around: %v, the middleware twice: %v: seen is\n%s\nbut without us\n%s",
					announced, app.Around, app.Twice, got, want)
			}
		}
	}
	return nil
}

// seen is what the handler and those around it see of one request.
func (l *Lab) seen(app App, announced bool, do func(Call) string, around func(*http.Request) string) (string, error) {
	outside := make(chan string, 1)
	app.Routes = []Route{{Method: "POST", Path: users, Do: func(c Call) { _, _ = io.WriteString(c, do(c)) }}}
	if around != nil {
		app.Wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r)
				outside <- around(r)
			})
		}
	}
	p, err := l.start(app, tacho.Options{})
	if err != nil {
		return "", err
	}
	inside, err := p.postWithTrailer("/users/1", announced)
	if err != nil || around == nil {
		return inside, err
	}
	return inside + "; around it: " + <-outside, nil
}

// postWithTrailer sends a chunked body with a trailer, and returns the answer.
func (p *Probe) postWithTrailer(path string, announced bool) (string, error) {
	header := "POST " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
	if announced {
		header += "Trailer: X-Sum\r\n"
	}
	conn, err := p.send(header + "\r\n4\r\nbody\r\n0\r\nX-Sum: 42\r\n\r\n")
	if err != nil {
		return "", err
	}
	defer conn.Close()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	return string(all), err
}
