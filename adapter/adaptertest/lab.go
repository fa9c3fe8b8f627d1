package adaptertest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho"
)

// A Lab runs the services of one case.
type Lab struct {
	framework Framework
	started   []Service
	client    http.Client

	// patience is how long a state is awaited that must come. Nothing waits
	// that long unless it fails.
	patience time.Duration
}

func (l *Lab) close() {
	l.client.CloseIdleConnections()
	for _, s := range l.started {
		s.Stop()
	}
}

// start serves an app. Redirects are not followed: each response counts.
func (l *Lab) start(app App, opts tacho.Options) (*Probe, error) {
	for i := range app.Routes {
		if app.Routes[i].Method == "" {
			app.Routes[i].Method = http.MethodGet
		}
	}
	s, err := l.framework.Start(app, opts)
	if err != nil {
		return nil, err
	}
	l.started = append(l.started, s)
	return &Probe{Service: s, lab: l}, nil
}

// label is the route label of a path of the suite.
func (l *Lab) label(path string) string {
	if l.framework.Template == nil {
		return path
	}
	return l.framework.Template(path)
}

// status is what a status of the suite is sent and recorded as.
func (l *Lab) status(status int) int {
	if l.framework.Status == nil {
		return status
	}
	return l.framework.Status(status)
}

var (
	statusLabel = regexp.MustCompile(`status="(\d+)"`)
	methodLabel = regexp.MustCompile(`method="(\w+)"`)
)

// key is a sample's name with the status and the method that it is recorded as.
func (l *Lab) key(sample string) string {
	if l.framework.Method != nil {
		sample = methodLabel.ReplaceAllStringFunc(sample, func(label string) string {
			return fmt.Sprintf("method=%q", l.framework.Method(methodLabel.FindStringSubmatch(label)[1]))
		})
	}
	return statusLabel.ReplaceAllStringFunc(sample, func(label string) string {
		n, _ := strconv.Atoi(statusLabel.FindStringSubmatch(label)[1])
		return fmt.Sprintf("status=%q", strconv.Itoa(l.status(n)))
	})
}

// A Probe is a running service and the client that drives it.
type Probe struct {
	Service
	lab *Lab
}

// do sends a request and reads the whole response.
func (p *Probe) do(method, path, body string) (status int, answer string, err error) {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, p.URL+path, reader)
	if err != nil {
		return 0, "", err
	}
	resp, err := p.lab.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(all), err
}

// want sends a GET and checks its status.
func (p *Probe) want(path string, status int) error { return p.wantFor("GET", path, status) }

func (p *Probe) wantFor(method, path string, status int) error {
	got, _, err := p.do(method, path, "")
	if want := p.lab.status(status); err == nil && got != want {
		err = fmt.Errorf("%s %s was answered %d, want %d", method, path, got, want)
	}
	return err
}

// send opens a connection of the probe's own and writes to it.
func (p *Probe) send(text string) (net.Conn, error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		return nil, err
	}
	err = conn.SetDeadline(time.Now().Add(p.lab.patience + streamLife))
	if err == nil {
		_, err = io.WriteString(conn, text)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// raw sends bytes that a well-behaved client would not, and returns the status.
func (p *Probe) raw(request string) (int, error) {
	conn, err := p.send(request)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}

// request writes a raw request line with headers.
func request(method, target, host string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"
}

// A sample is the value of one exposed line.
type samples map[string]float64

// read gathers everything that is recorded.
func (p *Probe) read() (samples, error) {
	families, err := p.Meter.Gatherer().Gather()
	if err != nil {
		return nil, fmt.Errorf("gathering: %w", err)
	}
	out := samples{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			out.add(f.GetName(), m)
		}
	}
	return out, nil
}

func (s samples) add(name string, m *dto.Metric) {
	labels := labelText(m.GetLabel())
	switch {
	case m.Counter != nil:
		s[name+labels] = m.Counter.GetValue()
	case m.Gauge != nil:
		s[name+labels] = m.Gauge.GetValue()
	case m.Histogram != nil:
		s[name+"_count"+labels] = float64(m.Histogram.GetSampleCount())
		s[name+"_sum"+labels] = m.Histogram.GetSampleSum()
	}
}

func labelText(pairs []*dto.LabelPair) string {
	if len(pairs) == 0 {
		return ""
	}
	var texts []string
	for _, p := range pairs {
		texts = append(texts, p.GetName()+"="+strconv.Quote(p.GetValue()))
	}
	return "{" + strings.Join(texts, ",") + "}"
}

// sets counts the label sets of a metric.
func (s samples) sets(name string) int {
	n := 0
	for k := range s {
		if metric, _, _ := strings.Cut(k, "{"); metric == name {
			n++
		}
	}
	return n
}

// total adds up the label sets of a metric.
func (s samples) total(name string) float64 {
	sum := 0.0
	for k, v := range s {
		if metric, _, _ := strings.Cut(k, "{"); metric == name {
			sum += v
		}
	}
	return sum
}

// about lists the samples of a metric, for messages.
func (s samples) about(name string) string {
	var lines []string
	for k, v := range s {
		if strings.HasPrefix(k, name) {
			lines = append(lines, fmt.Sprintf("  %s %v", k, v))
		}
	}
	slices.Sort(lines)
	if len(lines) == 0 {
		return "  (no sample of " + name + ")"
	}
	return strings.Join(lines[:min(len(lines), 12)], "\n")
}

// until waits for a condition on what is recorded. A response can reach the
// client before it is recorded, so that one reading may come too early.
func (p *Probe) until(metric string, ok func(samples) error) error {
	deadline := time.Now().Add(p.lab.patience)
	for {
		s, err := p.read()
		if err != nil {
			return err
		}
		err = ok(s)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w; recorded are\n%s", err, s.about(metric))
		}
		time.Sleep(time.Millisecond)
	}
}

// counted waits until a request counter's label set has the value, and checks
// that it is the metric's only one with requests in it.
func (p *Probe) counted(want float64, method, route string, status int) error {
	key := p.lab.key(requestsKey(method, route, status))
	return p.until("http_requests_total", func(s samples) error {
		if s[key] != want {
			return fmt.Errorf("%s is %v, want %v", key, s[key], want)
		}
		if all := s.total("http_requests_total"); all != want {
			return fmt.Errorf("%v requests are recorded, want %v", all, want)
		}
		return nil
	})
}

func requestsKey(method, route string, status int) string {
	return fmt.Sprintf("http_requests_total{method=%q,path=%q,status=%q}", method, route, strconv.Itoa(status))
}

// routeKey is the sample of a metric that is recorded by method and route.
func routeKey(metric, method, route string) string {
	return fmt.Sprintf("%s{method=%q,path=%q}", metric, method, route)
}

// settles waits until a sample has the value.
func (p *Probe) settles(key string, want float64) error {
	key = p.lab.key(key)
	name, _, _ := strings.Cut(key, "{")
	return p.until(name, func(s samples) error {
		if got, ok := s[key]; !ok || got != want {
			return fmt.Errorf("%s is %v (present: %v), want %v", key, got, ok, want)
		}
		return nil
	})
}

// settled waits until n requests are recorded and returns the samples.
func (p *Probe) settled(n float64) (s samples, err error) {
	err = p.until("http_requests_total", func(now samples) error {
		s = now
		if got := now.total("http_requests_total"); got != n {
			return fmt.Errorf("%v requests are recorded, want %v", got, n)
		}
		return nil
	})
	return s, err
}

// answer is a handler that sends a status and a body.
func answer(status int, body string) func(Call) {
	return func(c Call) {
		c.WriteHeader(status)
		_, _ = io.WriteString(c, body)
	}
}

// wait waits for a channel, but not for ever.
func (l *Lab) wait(ch <-chan struct{}, what string) error {
	select {
	case <-ch:
		return nil
	case <-time.After(l.patience):
		return errors.New("waited in vain for " + what)
	}
}
