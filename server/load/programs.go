package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tacho-go/tacho/server"
)

// A program is a server to compare.
type program struct {
	name    string
	file    string
	args    func(config, data, address string) []string
	scrapes func(address string) string // the job for itself, which tacho adds without configuration
}

// programs returns the programs to compare: tacho, tacho with rules, Prometheus.
func programs(s settings) ([]program, error) {
	files, err := find(s, "tacho", "prometheus")
	if err != nil {
		return nil, err
	}
	tacho, prometheus := files[0], files[1]
	serve := func(more ...string) func(string, string, string) []string {
		return func(config, data, address string) []string {
			return append([]string{"serve", config, "--data-dir", data, "--listen", address, "--admin-api", "--log-level", "warn"}, more...)
		}
	}
	none := func(string) string { return "" }
	all := []program{{"tacho serve --no-rules", tacho, serve("--no-rules"), none}}
	if s.rules && !s.start {
		all = append(all, program{"tacho serve", tacho, serve(), none})
	}
	return append(all, program{"Prometheus " + server.PrometheusVersion, prometheus, func(config, data, address string) []string {
		return []string{"--config.file=" + config, "--storage.tsdb.path=" + data, "--web.listen-address=" + address,
			"--web.enable-admin-api", "--enable-feature=exemplar-storage", "--log.level=error"}
	}, ownJob}), nil
}

// ownJob makes Prometheus scrape itself, as tacho does.
func ownJob(address string) string {
	return fmt.Sprintf("- {job_name: tacho, static_configs: [{targets: [%q]}]}\n", address)
}

// A process is a running program.
type process struct {
	program
	appended string        // the metric that counts samples
	sent     *atomic.Int64 // bytes that the receiver has counted, or nil
	cmd      *exec.Cmd
	url      string
	data     string
	ready    time.Duration // from its start to /-/ready
	ended    chan struct{}
}

// start runs a program on a data directory and waits until it is ready. jobs is the
// scrape configuration.
func (p program) start(ctx context.Context, s settings, data, jobs string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config := data + ".yml"
	text := fmt.Sprintf("global: {scrape_interval: %v, evaluation_interval: %v}\nscrape_configs:\n%s%s", s.interval, s.interval, jobs, p.scrapes(address))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	r := &process{program: p, appended: "prometheus_tsdb_head_samples_appended_total", cmd: exec.Command(p.file, p.args(config, data, address)...), url: "http://" + address + "/", data: data, ended: make(chan struct{})}
	r.cmd.Stderr = os.Stderr
	begin := time.Now()
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = r.cmd.Wait(); close(r.ended) }()
	if err := r.awaitReady(ctx); err != nil {
		r.kill()
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	r.ready = time.Since(begin)
	return r, nil
}

func (r *process) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		resp, err := http.Get(r.url + "-/ready")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-r.ended:
			return errors.New("it exited before it was ready")
		case <-ctx.Done():
			return fmt.Errorf("it is not ready: %w", ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// stop shuts it down cleanly.
func (r *process) stop() {
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	<-r.ended
}

// kill kills it.
func (r *process) kill() {
	_ = r.cmd.Process.Kill()
	<-r.ended
}

func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// jobs returns the scrape configuration for the targets: half are scraped as protobuf
// with native histograms, and half as text.
func jobs(addresses []string) string {
	half := len(addresses) / 2
	list := func(a []string) string { return "static_configs: [{targets: ['" + strings.Join(a, "', '") + "']}]" }
	return "- {job_name: native, scrape_native_histograms: true, always_scrape_classic_histograms: true, " + list(addresses[:half]) + "}\n" +
		"- {job_name: text, scrape_protocols: [PrometheusText0.0.4], " + list(addresses[half:]) + "}\n"
}

// onlyJobs is jobs for a comparison with vmagent: text, no settings that only Prometheus
// has, and nobody scrapes itself, which tacho does unless a job has its name.
func onlyJobs(addresses []string) string {
	return "- {job_name: tacho, static_configs: [{targets: ['" + strings.Join(addresses, "', '") + "']}]}\n"
}
