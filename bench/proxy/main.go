// Command proxy compares tacho proxy with other reverse proxies, on loopback:
//
//	go build -o bin/tacho ./cmd/tacho && go run ./bench/proxy
//
// It needs Debian's packages wrk, nginx-light, haproxy and caddy. All programs run one after the other in
// each round, in front of the same service, with keep-alive on both sides. Ratios are medians of those of each
// round: requests per second are this machine's. Then each one gets idle connections, for its memory.
//
//	go run ./bench/proxy -flask
//
// compares a Flask application under Gunicorn without and with a proxy in front of it. It needs Debian's
// wrk, nginx-light, gunicorn and python3-flask.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tacho-go/tacho/internal/bareproxy"
)

func main() {
	role := flag.String("role", "", "internal: service or bare")
	listen := flag.String("listen", "", "internal: address")
	upstream := flag.String("upstream", "", "internal: address")
	tacho := flag.String("tacho", "bin/tacho", "`program` tacho")
	rounds := flag.Int("rounds", 5, "rounds")
	seconds := flag.Int("seconds", 4, "seconds of each program in a round")
	size := flag.Int("size", 500, "`bytes` of a response")
	idle := flag.Int("idle", 10_000, "idle `connections`, 0 for none")
	python := flag.Bool("flask", false, "compare a Flask application without and with a proxy")
	flag.Parse()
	b := bench{tacho: *tacho, rounds: *rounds, seconds: *seconds, size: *size, idle: *idle}
	var err error
	switch *role {
	case "service":
		err = http.ListenAndServe(*listen, service(*size)) //nolint:gosec // on loopback, for a measurement
	case "bare":
		err = http.ListenAndServe(*listen, bareproxy.New(*upstream)) //nolint:gosec // as above
	case "":
		if *python {
			err = b.run(b.flask, "wrk", "nginx", "gunicorn", b.tacho)
		} else {
			err = b.run(b.proxies, "wrk", "nginx", "haproxy", "caddy", b.tacho)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		os.Exit(1)
	}
}

func service(size int) http.Handler {
	body := bytes.Repeat([]byte("x"), size)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"text/plain"}
		_, _ = w.Write(body)
	})
}

// A bench is what the flags choose.
type bench struct {
	tacho                       string
	rounds, seconds, size, idle int
}

// A program is one of those that are compared.
type program struct {
	name, address string
	command       []string
	path          string // that is loaded, /users/1 unless set
	clients       int    // connections of the load, those of clients unless set
	noIdle        bool   // it refuses to start with enough connections for that
	reference     string // that its ratios are of, "" for none

	cmd    *exec.Cmd
	rounds []round
	memory int64 // resident, in bytes
	idle   int64 // the same with idle connections
}

// run starts programs, measures them, and prints the results.
func (b bench) run(programs func(dir string) ([]*program, error), need ...string) error {
	for _, name := range need {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%w: install it from Debian (nginx is nginx-light), or build tacho", err)
		}
	}
	dir, err := os.MkdirTemp("", "tacho-bench-proxy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	all, err := programs(dir)
	if err != nil {
		return err
	}
	defer stopAll(all)
	if err := startAll(all); err != nil {
		return err
	}
	for range b.rounds {
		for _, p := range all {
			if err := p.measure(b.seconds); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	for _, p := range all {
		if p.noIdle {
			continue
		}
		if err := p.hold(b.idle); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	b.report(all)
	return nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// proxies are in front of a service that responds at once.
func (b bench) proxies(dir string) ([]*program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var at [7]string
	for i := range at {
		if at[i], err = freeAddress(); err != nil {
			return nil, err
		}
	}
	list := write(dir, "routes.txt", "GET /users/{id}\nGET /\n")
	caddy := write(dir, "caddy.json", fmt.Sprintf(caddyConfig, at[4], at[0]))
	haproxy := write(dir, "haproxy.cfg", fmt.Sprintf(haproxyConfig, at[5], at[0]))
	nginx := write(dir, "nginx.conf", fmt.Sprintf(nginxConfig, dir, at[0], at[3]))
	const reference = "ReverseProxy, tuned"
	return []*program{
		{name: "the service itself", address: at[0], command: []string{self, "-role", "service", "-listen", at[0], "-size", strconv.Itoa(b.size)}},
		{name: reference, address: at[1], command: []string{self, "-role", "bare", "-listen", at[1], "-upstream", at[0]}, reference: reference},
		{name: "tacho proxy, learned routes", address: at[2], command: []string{b.tacho, "proxy", "--upstream", "http://" + at[0], "--listen", at[2], "--admin-listen", "127.0.0.1:0"}, reference: reference},
		{name: "tacho proxy, a list", address: at[6], command: []string{b.tacho, "proxy", "--upstream", "http://" + at[0], "--routes", list, "--listen", at[6], "--admin-listen", "127.0.0.1:0"}, reference: reference},
		{name: "nginx", address: at[3], command: []string{"nginx", "-c", nginx}, reference: reference},
		{name: "Caddy", address: at[4], command: []string{"caddy", "run", "--config", caddy}, reference: reference},
		{name: "HAProxy", address: at[5], command: []string{"haproxy", "-f", haproxy}, reference: reference, noIdle: true},
	}, nil
}

// Configurations: addresses of the proxy and of the service, and a folder.
const (
	caddyConfig = `{"admin":{"disabled":true},"logging":{"logs":{"default":{"level":"ERROR"}}},"apps":{"http":{"servers":{"s":{"listen":[%q],
		"automatic_https":{"disable":true},"routes":[{"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":%q}]}]}]}}}}}`
	haproxyConfig = `global
  nbthread 2
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend f
  bind %s
  default_backend b
backend b
  server s %s
`
	nginxConfig = `daemon off; pid %[1]s/%[3]s.pid; error_log stderr crit; worker_processes 2;
events { worker_connections 12000; }
http {
  access_log off; keepalive_timeout 300s; keepalive_requests 1000000;
  client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
  upstream u { server %[2]s; keepalive 64; }
  server { listen %[3]s; location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; } }
}
`
)

// flask is an application under Gunicorn with four workers. One route waits for 10 ms, as for a database;
// the other one only computes, so that every microsecond of a proxy on the same cores is missing.
func (b bench) flask(dir string) (all []*program, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	write(dir, "app.py", flaskApp)
	for _, path := range []string{"/wait", "/compute"} {
		var at [4]string
		for i := range at {
			if at[i], err = freeAddress(); err != nil {
				return nil, err
			}
		}
		nginx := write(dir, "nginx"+path[1:]+".conf", fmt.Sprintf(nginxConfig, dir, at[0], at[3]))
		direct := "Flask, " + path
		for i, p := range []program{
			{name: direct, command: []string{"gunicorn", "--chdir", dir, "--bind", at[0], "--workers", "4", "--log-level", "error", "app:app"}},
			{name: "tacho proxy, " + path, command: []string{b.tacho, "proxy", "--upstream", "http://" + at[0], "--listen", at[1], "--admin-listen", "127.0.0.1:0"}},
			{name: "ReverseProxy, " + path, command: []string{self, "-role", "bare", "-listen", at[2], "-upstream", at[0]}},
			{name: "nginx, " + path, command: []string{"nginx", "-c", nginx}},
		} {
			p.address, p.path, p.clients, p.reference = at[i], path, flaskClients, direct
			all = append(all, &p)
		}
	}
	return all, nil
}

const flaskClients = 4 // as many as workers: more would wait for a worker, and hide the proxy

const flaskApp = `
import time

from flask import Flask

app = Flask(__name__)

@app.get("/wait")
def wait():
    time.sleep(0.01)
    return "ok"

@app.get("/compute")
def compute():
    return {"orders": [{"number": n, "price": n * 1.5} for n in range(50)]}
`

func startAll(all []*program) error {
	for _, p := range all {
		p.cmd = exec.Command(p.command[0], p.command[1:]...)
		p.cmd.Stderr = os.Stderr
		if err := p.cmd.Start(); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := p.await(); err != nil {
			return err
		}
	}
	return nil
}

func write(dir, name, text string) string {
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		panic(err)
	}
	return file
}

func stopAll(all []*program) {
	for _, p := range all {
		if p.cmd != nil && p.cmd.Process != nil {
			_ = p.cmd.Process.Signal(os.Interrupt)
			_ = p.cmd.Wait()
		}
	}
}

func (p *program) await() error {
	if p.path == "" {
		p.path = "/users/1"
	}
	for range 200 {
		res, err := http.Get("http://" + p.address + p.path)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("%s does not respond at %s", p.name, p.address)
}
