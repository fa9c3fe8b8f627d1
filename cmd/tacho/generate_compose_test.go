package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho/internal/programs"
)

// A container is a service of a Compose file.
type container struct {
	Build, Image, PID string
	Command           []string
	Environment       map[string]string
	Ports, Volumes    []string
	DependsOn         []string `yaml:"depends_on"`
}

// composed is a Compose file of which tests start the commands, without containers: hosts and ports
// are free loopback ports, and paths are those of the volumes.
type composed struct {
	t        *testing.T
	dir      string
	services map[string]container
	replace  *strings.Replacer
	at       map[string]string // addresses by host:port in the file
}

func newComposed(t *testing.T, args ...string) *composed {
	c := &composed{t: t, dir: t.TempDir(), at: map[string]string{}}
	generate(t, c.dir, append([]string{"compose", "--output", "./"}, args...)...)
	text, err := os.ReadFile(filepath.Join(c.dir, "compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]container
		Volumes  map[string]any
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	c.services = file.Services
	var pairs []string
	for name, s := range file.Services {
		for _, v := range s.Volumes {
			parts := strings.Split(v, ":")
			from := filepath.Join(c.dir, parts[0])
			if !strings.HasPrefix(parts[0], "./") {
				if _, ok := file.Volumes[parts[0]]; !ok {
					t.Errorf("%s mounts the volume %s, which is not declared", name, parts[0])
				}
				if err := os.MkdirAll(from, 0o755); err != nil {
					t.Fatal(err)
				}
			} else if _, err := os.Stat(from); err != nil {
				t.Errorf("%s mounts what was not generated: %v", name, err)
			}
			pairs = append(pairs, parts[1], from)
		}
		for _, d := range s.DependsOn {
			if _, ok := file.Services[d]; !ok {
				t.Errorf("%s depends on %s, which is not there", name, d)
			}
		}
	}
	for _, host := range []string{"app:8080", "app-metrics:9200", "alertmanager:9093", "prometheus:9090", "tacho:9464"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.at[host] = l.Addr().String()
		_ = l.Close()
		_, port, _ := strings.Cut(host, ":")
		pairs = append(pairs, host, c.at[host], "0.0.0.0:"+port, c.at[host])
	}
	c.replace = strings.NewReplacer(pairs...)
	return c
}

// start starts the command of a service with a program of this machine, and returns what it prints.
func (c *composed) start(name, program string, own map[string]string, before ...string) {
	s, ok := c.services[name]
	if !ok {
		c.t.Fatalf("there is no service %s", name)
	}
	args := slices.Clone(before)
	for _, a := range s.Command {
		a = c.replace.Replace(a)
		for old, ours := range own {
			a = strings.ReplaceAll(a, old, ours)
		}
		args = append(args, a)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), "TACHO_TEST_MAIN=1", "PYTHONDONTWRITEBYTECODE=1")
	for k, v := range s.Environment {
		cmd.Env = append(cmd.Env, k+"="+c.replace.Replace(v))
	}
	out, err := os.Create(filepath.Join(c.dir, name+".out"))
	if err != nil {
		c.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		_ = out.Close()
		if text, err := os.ReadFile(out.Name()); err == nil && c.t.Failed() {
			c.t.Logf("%s %q:\n%s", name, args, text)
		}
	})
}

// rewrite replaces hosts in a file that a container reads.
func (c *composed) rewrite(name string) {
	file := filepath.Join(c.dir, name)
	text, err := os.ReadFile(file)
	if err != nil {
		c.t.Fatal(err)
	}
	writeText(c.t, file, c.replace.Replace(string(text)))
}

func (c *composed) await(what, expr, host string) {
	c.t.Helper()
	if !reaches(90*time.Second, func() bool { return value(c.t, "http://"+c.at[host]+"/", expr) != "" }) {
		c.t.Fatalf("waited for %s: %s", what, expr)
	}
}

// TestComposeGo: tacho and Prometheus of the Compose file scrape the service, and Prometheus evaluates the rules.
func TestComposeGo(t *testing.T) {
	t.Parallel() // it mostly waits
	c := newComposed(t, "--with", "prometheus", "--with", "grafana", "--with", "alertmanager")
	l, err := net.Listen("tcp", c.at["app:8080"])
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(goodService), ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	c.rewrite("prometheus.yml")
	c.start("tacho", os.Args[0], map[string]string{":9464": c.at["tacho:9464"]})
	c.start("prometheus", programs.File(t, "prometheus"), map[string]string{"=:9090": "=" + c.at["prometheus:9090"]})
	c.await("tacho's scrape", `up{job="app"} == 1`, "tacho:9464")
	c.await("Prometheus's scrape", `up{job="app"} == 1`, "prometheus:9090")
	c.await("the rules", `count(tacho:http_requests_in_flight:sum{job="app"})`, "prometheus:9090")
	for _, page := range []string{"tacho:9464", "prometheus:9090"} {
		_, body := get(t, http.DefaultClient, "http://"+c.at[page]+"/api/v1/alertmanagers")
		if page == "prometheus:9090" && !strings.Contains(body, c.at["alertmanager:9093"]) {
			t.Errorf("Prometheus sends alerts to %s", body)
		}
	}
	c.grafana("http://prometheus:9090")
}

// TestComposeFlask: the metrics of Gunicorn's workers reach tacho through the shared folder.
func TestComposeFlask(t *testing.T) {
	t.Parallel() // it mostly waits
	c := newComposed(t, "--kind", "flask", "--with", "grafana")
	app, err := os.ReadFile("../../examples/flask-gunicorn/app.py")
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(c.dir, "app.py"), string(app))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	if s := c.services["app"]; s.Command[0] != "gunicorn" {
		t.Fatalf("the command is %q", s.Command)
	}
	c.services["app"] = container{Command: c.services["app"].Command[1:], Environment: c.services["app"].Environment}
	c.start("app", "gunicorn", map[string]string{"0.0.0.0:5000": address})
	c.start("app-metrics", os.Args[0], map[string]string{":9200": c.at["app-metrics:9200"]})
	c.start("tacho", os.Args[0], map[string]string{":9464": c.at["tacho:9464"]})
	awaitState(t, "a request", func() bool {
		resp, err := http.Get("http://" + address + "/first_route")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	c.await("the request", `sum(flask_http_request_duration_seconds_count{job="app",path="/first_route"}) > 0`, "tacho:9464")
	c.grafana("http://tacho:9464")
}

// grafana checks what Grafana is provisioned with: no Grafana is here to start.
func (c *composed) grafana(source string) {
	t := c.t
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, "grafana/provisioning/datasources/prometheus.yml"))
	if err != nil || !regexp.MustCompile(`(?m)^ +url: `+regexp.QuoteMeta(source)+`$`).Match(text) {
		t.Errorf("the data source is %s, %v", text, err)
	}
	dashboards, err := filepath.Glob(filepath.Join(c.dir, "grafana/dashboards/*.json"))
	if err != nil || len(dashboards) < 4 {
		t.Errorf("there are %d dashboards, %v", len(dashboards), err)
	}
	for _, d := range dashboards {
		text, err := os.ReadFile(d)
		if err != nil || !json.Valid(text) {
			t.Errorf("%s: %v", d, fmt.Sprint(err))
		}
	}
}
