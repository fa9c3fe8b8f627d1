package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// shop is a service whose routes count 1, 3 and 2 more requests at each scrape. The
// path of the third is hostile.
type shop struct {
	scrapes atomic.Int64
	gone    atomic.Bool
}

const hostilePath = `/c\n\x1b[2J` // as the exposition writes a line's end; the rest is as it is

func (s *shop) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if s.gone.Load() {
		http.Error(w, "closed \x1b[31mfor today", http.StatusServiceUnavailable)
		return
	}
	n := s.scrapes.Add(1)
	fmt.Fprintln(w, "# TYPE http_requests_total counter")
	hostile := strings.ReplaceAll(hostilePath, `\x1b`, "\x1b")
	for path, by := range map[string]int64{"/a": 1, "/b": 3, hostile: 2} {
		fmt.Fprintf(w, "http_requests_total{method=\"GET\",path=\"%s\",status=\"200\"} %d\n", path, 10*by*n)
		fmt.Fprintf(w, "http_requests_total{method=\"GET\",path=\"%s\",status=\"500\"} %d\n", path, (by-1)*n)
	}
}

// TestTopInTerminal: the command in a terminal, with keys typed into it.
func TestTopInTerminal(t *testing.T) {
	s := &shop{}
	p := inTerminal(t, 100, 20, nil, "top", newService(t, s.ServeHTTP), "127.0.0.1:1", "--interval", "200ms", "--sort", "route")
	p.shows(`127.0.0.1:1/metrics: Nothing listens on port 1 .*route▲.*> +GET /a .* GET /b .* GET /c\\n\\u001b\[2J`)
	p.shows(`in the last 0\.2 s`)
	p.types(">")
	p.shows(`req/s▼.*> +\S* +GET /b .* GET /c.* GET /a `)
	p.types("r")
	p.shows(`req/s▲.*> +\S* +GET /a .* GET /c.* GET /b `)
	p.types("\x1b[B\x1b[B\r")
	p.shows(`GET /b\n.*status .*200 .*500 .* error\n`)
	p.types("\x1b")
	p.shows(`> +\S* +GET /b `)
	p.types("/c\\n\r")
	p.shows(`filter c\\n: 1 of 3 routes`)
	p.resize(40, 12)
	p.shows(`route +req/s▲ +errors\n`)
	p.shows(`^(?:[^\n]{0,40}\n){12}$`) // nothing of the larger screen remains
	p.types("q")
	p.ends(exitOK)
}

// TestTopTargetLeaves: a service that is down is reported, and shown again once it is up.
func TestTopTargetLeaves(t *testing.T) {
	s := &shop{}
	p := inTerminal(t, 100, 20, nil, "top", newService(t, s.ServeHTTP), "--interval", "200ms")
	p.shows(`GET /a`)
	s.gone.Store(true)
	p.shows(`no URL has HTTP metrics.*! http://.*\(status 503\)\. .*closed\s+\\u001b\[31mfor\s+today`)
	s.gone.Store(false)
	p.shows(`in the last .*GET /a`)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.ends(exitOK)
}

// TestTopColours: with NO_COLOR the text is the same, without colors.
func TestTopColours(t *testing.T) {
	address := newService(t, (&shop{}).ServeHTTP)
	for env, colours := range map[string]bool{"NO_COLOR=": true, "NO_COLOR=1": false} {
		p := inTerminal(t, 100, 20, []string{env}, "top", address, "--interval", "200ms")
		p.shows(`failing GET /b`)
		if got := strings.Contains(p.sent.String(), "\x1b[31m"); got != colours {
			t.Errorf("%s: red is %v", env, got)
		}
		p.types("\x03")
		p.ends(exitOK)
	}
}
