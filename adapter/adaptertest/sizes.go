package adaptertest

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/tacho-go/tacho"
)

const (
	requestSize  = "http_request_size_bytes"
	responseSize = "http_response_size_bytes"
)

// sizeCases: bodies are counted as they pass, never buffered, never negative.
var sizeCases = []Case{
	{
		Name:  "size-read",
		Rule:  "A request body has the size that the handler read, with and without Content-Length.",
		Needs: []Feature{PlainBodies},
		Check: func(l *Lab) error {
			p, err := l.start(App{Routes: []Route{{Method: "POST", Path: users, Do: func(c Call) {
				drain(c)
				answer(200, "thanks")(c)
			}}}}, tacho.Options{})
			if err != nil {
				return err
			}
			body := strings.Repeat("x", 1000)
			if _, _, err := p.do("POST", "/users/1", body); err != nil {
				return err
			}
			if err := p.chunked("/users/1", body); err != nil {
				return err
			}
			if err := p.settles(routeKey(requestSize+"_count", "POST", l.label(users)), 2); err != nil {
				return err
			}
			return p.settles(routeKey(requestSize+"_sum", "POST", l.label(users)), 2000)
		},
	},
	{
		Name:  "size-refused",
		Rule:  "An upload that the handler refuses at once is answered at once, and only what was read has a size.",
		Needs: []Feature{Uploads},
		Check: func(l *Lab) error {
			// net/http writes the header of a long answer while the handler
			// still runs, and then looks at the request's body.
			for _, length := range []int{8, 10_000} {
				if err := l.refuse(length); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		Name:  "size-written",
		Rule:  "A response body has the size that was written.",
		Needs: []Feature{PlainBodies},
		Check: func(l *Lab) error {
			p, err := l.start(userApp(func(c Call) {
				answer(200, "12345")(c)
				_, _ = io.WriteString(c, "67890")
			}), tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/users/1", 200); err != nil {
				return err
			}
			return p.settles(routeKey(responseSize+"_sum", "GET", l.label(users)), 10)
		},
	},
	{
		Name:  "size-none",
		Rule:  "204 and HEAD have bodies of no bytes, not of minus one and not of what the handler tried to write.",
		Needs: []Feature{NoBody},
		Check: func(l *Lab) error {
			p, err := l.start(App{Routes: []Route{
				{Path: "/none", Do: func(c Call) { c.WriteHeader(http.StatusNoContent) }},
				{Method: "HEAD", Path: users, Do: answer(200, "not sent")},
			}}, tacho.Options{})
			if err != nil {
				return err
			}
			if err := p.want("/none", 204); err != nil {
				return err
			}
			if err := p.wantFor("HEAD", "/users/1", 200); err != nil {
				return err
			}
			for _, of := range []struct{ method, path string }{{"GET", "/none"}, {"HEAD", users}} {
				if err := p.settles(routeKey(responseSize+"_count", of.method, l.label(of.path)), 1); err != nil {
					return err
				}
				if err := p.settles(routeKey(responseSize+"_sum", of.method, l.label(of.path)), 0); err != nil {
					return err
				}
			}
			return nil
		},
	},
}

// refuse begins an upload to a handler that reads none of it and answers with a
// body of some length.
func (l *Lab) refuse(length int) error {
	p, err := l.start(App{Routes: []Route{{Method: "POST", Path: users, Do: answer(413, longText(length))}}}, tacho.Options{})
	if err != nil {
		return err
	}
	// The rest of the body never comes.
	conn, err := p.send("POST /users/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nbeginning")
	if err != nil {
		return err
	}
	defer conn.Close()
	_, resp, err := readHead(conn)
	if err != nil {
		return fmt.Errorf("a refusal of %d bytes did not arrive before the upload: %w", length, err)
	}
	if resp.StatusCode != l.status(413) {
		return fmt.Errorf("the upload was answered %d, want 413", resp.StatusCode)
	}
	if err := p.counted(1, "POST", l.label(users), 413); err != nil {
		return err
	}
	return p.settles(routeKey(requestSize+"_sum", "POST", l.label(users)), 0)
}

// chunked posts a body without Content-Length.
func (p *Probe) chunked(path, body string) error {
	req, err := http.NewRequest("POST", p.URL+path, io.MultiReader(strings.NewReader(body)))
	if err != nil {
		return err
	}
	resp, err := p.lab.client.Do(req)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	return err
}
