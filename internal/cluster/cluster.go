// Package cluster starts distributed engines on the loopback address, each as its real processes: for
// tests, and to try them.
package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/tacho-go/tacho/internal/locked"
)

// A Process is one program. Its methods must not be called concurrently.
type Process struct {
	program string
	args    []string
	ready   string // a URL that responds with 200 when it is
	cmd     *exec.Cmd
	ended   chan struct{}
	log     locked.Buffer
}

// start starts the process and waits until it is ready.
func (p *Process) start(ctx context.Context) error {
	p.cmd = exec.Command(p.program, p.args...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	p.ended = ended
	go func(cmd *exec.Cmd) { _ = cmd.Wait(); close(ended) }(p.cmd)
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		select {
		case <-ended:
			return fmt.Errorf("%s ended:\n%s", filepath.Base(p.program), p.log.String())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w:\n%s", filepath.Base(p.program), ctx.Err(), p.log.String())
		default:
		}
		if responds(p.ready) {
			return nil
		}
	}
}

// Start starts a process again that was killed or stopped, and waits until it is ready.
func (p *Process) Start() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return p.start(ctx)
}

// StartWith is Start with additional arguments.
func (p *Process) StartWith(args ...string) error {
	p.args = append(p.args, args...)
	return p.Start()
}

// Kill ends the process at once, as kill -9 does, and waits for its end.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

// Stop ends the process cleanly. After ten seconds it is killed.
func (p *Process) Stop() { p.end(syscall.SIGTERM) }

func (p *Process) end(s syscall.Signal) {
	if p.cmd == nil || p.cmd.Process == nil {
		return
	}
	_ = p.cmd.Process.Signal(s)
	late := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	<-p.ended
}

// Log returns what the process has printed.
func (p *Process) Log() string { return p.log.String() }

func responds(url string) bool {
	resp, err := http.Get(url)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// An Engine is a set of processes that store samples and answer queries.
type Engine struct {
	Name string
	// Query is the URL of the query API, without /api/v1.
	Query string
	// Write are URLs for remote write: each takes all samples.
	Write []string
	// Stores are the processes that store samples, in the order of Write.
	Stores []*Process

	all []*Process
}

// Stop ends all processes.
func (e *Engine) Stop() {
	for _, p := range e.all {
		p.Stop()
	}
}

// run starts all processes at once, as they wait for each other, and stops them if one fails.
func (e *Engine) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	failed := make([]error, len(e.all))
	var all sync.WaitGroup
	for i, p := range e.all {
		all.Go(func() { failed[i] = p.start(ctx) })
	}
	all.Wait()
	err := errors.Join(failed...)
	if err != nil {
		e.Stop()
	}
	return err
}

// Victoria starts VictoriaMetrics on a single node.
func Victoria(ctx context.Context, program, dir string) (*Engine, error) {
	at, err := addresses(1)
	if err != nil {
		return nil, err
	}
	url := "http://" + at[0]
	p := &Process{program: program, ready: url + "/health", args: []string{"-httpListenAddr=" + at[0], "-storageDataPath=" + filepath.Join(dir, "victoria-metrics")}}
	e := &Engine{Name: "VictoriaMetrics", Query: url, Write: []string{url + "/api/v1/write"}, Stores: []*Process{p}, all: []*Process{p}}
	return e, e.run(ctx)
}

// Prometheus starts a Prometheus that takes remote write.
func Prometheus(ctx context.Context, program, dir string) (*Engine, error) {
	at, err := addresses(1)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return nil, err
	}
	url := "http://" + at[0]
	p := &Process{program: program, ready: url + "/-/ready", args: []string{
		"--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(dir, "prometheus"),
		"--web.listen-address=" + at[0], "--web.enable-remote-write-receiver", "--enable-feature=exemplar-storage",
	}}
	e := &Engine{Name: "Prometheus", Query: url, Write: []string{url + "/api/v1/write"}, Stores: []*Process{p}, all: []*Process{p}}
	return e, e.run(ctx)
}

// AgentReplica is the label that tells the agents of a pair apart. Thanos's querier leaves it out.
const AgentReplica = "agent_replica"

// receivers is the number of Thanos receivers; each sample is on all of them.
const receivers = 3

// Thanos starts three Thanos receivers with replication 3, and a querier that deduplicates. The program
// needs the build tag slicelabels: without it, Thanos panics on its first gRPC call.
func Thanos(ctx context.Context, program, dir string) (*Engine, error) {
	return ThanosBeside(ctx, program, dir)
}

// ThanosBeside is Thanos with a querier that also reads Prometheus servers of which it has the URLs, each
// through a sidecar. Each must have an external label, such as AgentReplica. The label of the receivers'
// tenant is left out, because the others have none.
func ThanosBeside(ctx context.Context, program, dir string, old ...string) (*Engine, error) {
	const each = 4 // addresses of a receiver: gRPC, HTTP, remote write, Cap'n Proto
	at, err := addresses(receivers*each + 2 + 2*len(old))
	if err != nil {
		return nil, err
	}
	ring, err := hashring(dir, at, each)
	if err != nil {
		return nil, err
	}
	grpc, http := at[receivers*each], at[receivers*each+1]
	e := &Engine{Name: "Thanos", Query: "http://" + http}
	query := []string{"query", "--http-address=" + http, "--grpc-address=" + grpc, "--query.replica-label=replica", "--query.replica-label=" + AgentReplica}
	for i := range receivers {
		own := at[i*each:]
		p := &Process{program: program, ready: "http://" + own[1] + "/-/ready", args: []string{
			"receive", fmt.Sprint("--receive.replication-factor=", receivers), "--receive.hashrings-file=" + ring, "--receive.local-endpoint=" + own[0],
			"--grpc-address=" + own[0], "--http-address=" + own[1], "--remote-write.address=" + own[2], "--receive.capnproto-address=" + own[3],
			fmt.Sprintf(`--label=replica="r%d"`, i), "--tsdb.path=" + filepath.Join(dir, fmt.Sprint("receiver-", i)),
		}}
		e.Stores, e.Write = append(e.Stores, p), append(e.Write, "http://"+own[2]+"/api/v1/receive")
		query = append(query, "--endpoint="+own[0])
	}
	for i, url := range old {
		own := at[receivers*each+2+2*i:]
		query = append(query, "--endpoint="+own[0], "--query.replica-label=tenant_id")
		e.all = append(e.all, &Process{program: program, ready: "http://" + own[1] + "/-/ready", args: []string{
			"sidecar", "--prometheus.url=" + url, "--grpc-address=" + own[0], "--http-address=" + own[1], "--tsdb.path=" + filepath.Join(dir, fmt.Sprint("sidecar-", i)),
		}})
	}
	e.all = append(append(e.all, e.Stores...), &Process{program: program, ready: "http://" + http + "/-/ready", args: query})
	return e, e.run(ctx)
}

// hashring writes the file that tells the receivers of each other.
func hashring(dir string, at []string, each int) (file string, err error) {
	type endpoint struct {
		Address   string `json:"address"`
		CapnProto string `json:"capnproto_address"`
	}
	var endpoints []endpoint
	for i := range receivers {
		endpoints = append(endpoints, endpoint{at[i*each], at[i*each+3]})
	}
	text, err := json.Marshal([]map[string]any{{"endpoints": endpoints}})
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, "hashring.json")
	return file, os.WriteFile(file, text, 0o600)
}

// addresses returns addresses that nobody listened on a moment ago.
func addresses(n int) (all []string, err error) {
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer ln.Close()
		all = append(all, ln.Addr().String())
	}
	return all, nil
}
