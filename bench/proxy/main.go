// Command proxy compares tacho proxy with other reverse proxies, on loopback:
//
//	go build -o bin/tacho ./cmd/tacho && go run ./bench/proxy
//
// It needs Debian's packages wrk, nginx-light, haproxy and caddy. All programs run one after the other in
// each round, in front of the same service with responses of 500 bytes, with keep-alive on both sides. Ratios
// of one run are what counts: requests per second are this machine's.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	role := flag.String("role", "", "internal: service or bare")
	listen := flag.String("listen", "", "internal: address")
	upstream := flag.String("upstream", "", "internal: address")
	tacho := flag.String("tacho", "bin/tacho", "`program` tacho")
	rounds := flag.Int("rounds", 5, "rounds")
	seconds := flag.Int("seconds", 4, "seconds of each program in a round")
	flag.Parse()
	var err error
	switch *role {
	case "service":
		err = http.ListenAndServe(*listen, service()) //nolint:gosec // on loopback, for a measurement
	case "bare":
		err = http.ListenAndServe(*listen, bare(*upstream)) //nolint:gosec // as above
	default:
		err = compare(*tacho, *rounds, *seconds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		os.Exit(1)
	}
}

const bodySize = 500

func service() http.Handler {
	body := bytes.Repeat([]byte("x"), bodySize)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"text/plain"}
		_, _ = w.Write(body)
	})
}

// bare is ReverseProxy with a transport that is tuned for one upstream, and flushes at once, so that clients
// get what an upstream sent before it failed; and nothing else.
func bare(upstream string) http.Handler {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost, t.MaxIdleConns, t.DisableCompression = 512, 0, true
	t.ReadBufferSize, t.WriteBufferSize = 16<<10, 16<<10
	to := &url.URL{Scheme: "http", Host: upstream}
	return &httputil.ReverseProxy{Transport: t, BufferPool: &pool{}, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.SetXForwarded() }}
}

// A pool keeps buffers, as the proxy's own does.
type pool struct{ buffers sync.Pool }

// Get implements httputil.BufferPool.
func (p *pool) Get() []byte {
	if one, ok := p.buffers.Get().(*[32 << 10]byte); ok {
		return one[:]
	}
	return new([32 << 10]byte)[:]
}

// Put implements httputil.BufferPool.
func (p *pool) Put(one []byte) { p.buffers.Put((*[32 << 10]byte)(one)) }

// A program is one of those that are compared.
type program struct {
	name    string
	address string
	cmd     *exec.Cmd
	rates   []float64 // requests per second
	p50s    []float64 // ms
	p99s    []float64
	cpu     []float64 // µs per request
}

func compare(tacho string, rounds, seconds int) error {
	for _, name := range []string{"wrk", "nginx", "haproxy", "caddy", tacho} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%w: install Debian's wrk, nginx-light, haproxy and caddy, and build tacho", err)
		}
	}
	dir, err := os.MkdirTemp("", "tacho-bench-proxy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	all, err := startAll(tacho, dir)
	defer stopAll(all)
	if err != nil {
		return err
	}
	for range rounds {
		for _, p := range all {
			if err := p.measure(seconds); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	report(all, rounds, seconds)
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

func startAll(tacho, dir string) (all []*program, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var at [8]string
	for i := range at {
		if at[i], err = freeAddress(); err != nil {
			return nil, err
		}
	}
	list := write(dir, "routes.txt", "GET /users/{id}\nGET /\n")
	caddy := write(dir, "caddy.json", fmt.Sprintf(`{"admin":{"disabled":true},"logging":{"logs":{"default":{"level":"ERROR"}}},"apps":{"http":{"servers":{"s":{"listen":[%q],"automatic_https":{"disable":true},"routes":[{"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":%q}]}]}]}}}}}`, at[4], at[0]))
	haproxy := write(dir, "haproxy.cfg", fmt.Sprintf("global\n  nbthread 2\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n  http-reuse always\nfrontend f\n  bind %s\n  default_backend b\nbackend b\n  server s %s\n", at[5], at[0]))
	nginx := write(dir, "nginx.conf", fmt.Sprintf("daemon off; pid %[1]s/pid; error_log stderr crit; worker_processes 2;\nevents { worker_connections 1024; }\nhttp { access_log off; client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;\n upstream u { server %[2]s; keepalive 64; }\n server { listen %[3]s; keepalive_requests 1000000; location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $host; } } }\n", dir, at[0], at[3]))
	for _, p := range []struct {
		name, address string
		command       []string
	}{
		{"the service itself", at[0], []string{self, "-role", "service", "-listen", at[0]}},
		{"ReverseProxy, tuned", at[1], []string{self, "-role", "bare", "-listen", at[1], "-upstream", at[0]}},
		{"tacho proxy, learned routes", at[2], []string{tacho, "proxy", "--upstream", "http://" + at[0], "--listen", at[2], "--admin-listen", at[6]}},
		{"tacho proxy, a list", at[7], []string{tacho, "proxy", "--upstream", "http://" + at[0], "--routes", list, "--listen", at[7], "--admin-listen", "127.0.0.1:0"}},
		{"nginx", at[3], []string{"nginx", "-c", nginx}},
		{"Caddy", at[4], []string{"caddy", "run", "--config", caddy}},
		{"HAProxy", at[5], []string{"haproxy", "-f", haproxy}},
	} {
		one := &program{name: p.name, address: p.address, cmd: exec.Command(p.command[0], p.command[1:]...)}
		one.cmd.Stderr = os.Stderr
		if err := one.cmd.Start(); err != nil {
			return all, fmt.Errorf("%s: %w", p.name, err)
		}
		all = append(all, one)
		if err := one.await(); err != nil {
			return all, err
		}
	}
	return all, nil
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
		_ = p.cmd.Process.Signal(os.Interrupt)
	}
	for _, p := range all {
		_ = p.cmd.Wait()
	}
}

func (p *program) await() error {
	for range 200 {
		res, err := http.Get("http://" + p.address + "/users/1")
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

var (
	rateLine = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	lineOf   = map[string]*regexp.Regexp{"50": regexp.MustCompile(`50%\s+([\d.]+)(\w+)`), "99": regexp.MustCompile(`99%\s+([\d.]+)(\w+)`)}
	count    = regexp.MustCompile(`(\d+) requests in`)
)

func (p *program) measure(seconds int) error {
	before := cpuOf(p.cmd.Process.Pid)
	out, err := exec.Command("wrk", "-t1", "-c32", "-d"+strconv.Itoa(seconds)+"s", "--latency", "http://"+p.address+"/users/1").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	after := cpuOf(p.cmd.Process.Pid)
	if strings.Contains(string(out), "Non-2xx") || strings.Contains(string(out), "Socket errors") {
		return errors.New("some requests failed: " + string(out))
	}
	n, _ := strconv.ParseFloat(count.FindStringSubmatch(string(out))[1], 64)
	rate, _ := strconv.ParseFloat(rateLine.FindStringSubmatch(string(out))[1], 64)
	p.rates = append(p.rates, rate)
	p.p50s = append(p.p50s, milliseconds(lineOf["50"].FindStringSubmatch(string(out))))
	p.p99s = append(p.p99s, milliseconds(lineOf["99"].FindStringSubmatch(string(out))))
	p.cpu = append(p.cpu, (after-before).Seconds()/n*1e6)
	return nil
}

func milliseconds(m []string) float64 {
	v, _ := strconv.ParseFloat(m[1], 64)
	return v * map[string]float64{"us": 1e-3, "ms": 1, "s": 1e3}[m[2]]
}

// cpuOf returns the processor time of a process and its children, such as nginx's workers.
func cpuOf(pid int) time.Duration {
	const ticks = 100 // USER_HZ
	sum := 0.0
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, text := range append(strings.Fields(string(children)), strconv.Itoa(pid)) {
		stat, err := os.ReadFile("/proc/" + text + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, f := range fields[11:13] {
			v, _ := strconv.ParseFloat(f, 64)
			sum += v
		}
	}
	return time.Duration(sum / ticks * float64(time.Second))
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func report(all []*program, rounds, seconds int) {
	fmt.Printf("Median of %d rounds of %d s, wrk -t1 -c32, responses of %d bytes:\n\n", rounds, seconds, bodySize)
	fmt.Println("| | requests/s | of ReverseProxy | of nginx | p50 ms | p99 ms | own CPU per request, µs |\n|---|---:|---:|---:|---:|---:|---:|")
	reference := map[string]float64{}
	for _, p := range all {
		reference[p.name] = median(p.rates)
	}
	for _, p := range all {
		r := median(p.rates)
		fmt.Printf("| %s | %.0f | %.2f | %.2f | %.2f | %.2f | %.0f |\n", p.name, r, r/reference["ReverseProxy, tuned"], r/reference["nginx"], median(p.p50s), median(p.p99s), median(p.cpu))
	}
}
