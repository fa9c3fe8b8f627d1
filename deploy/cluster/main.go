// Cluster starts a distributed engine on the loopback address, as its real processes, with tacho around
// it: the demo's shop, a pair of agents that share its targets, and a serve that reads from the engine.
// Ctrl-C ends everything. It is for trying; docs/scale.md says what to run instead.
//
//	go run ./deploy/cluster              Thanos: three receivers, replication 3, and a querier
//	go run ./deploy/cluster victoria     VictoriaMetrics on one node
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/tacho-go/tacho/internal/cluster"
	"github.com/tacho-go/tacho/internal/programs"
)

// engines are those that can be started, by name.
var engines = map[string]struct {
	program string
	start   func(ctx context.Context, program, dir string) (*cluster.Engine, error)
}{
	"thanos":   {"thanos", cluster.Thanos},
	"victoria": {"victoria-metrics", cluster.Victoria},
}

func main() {
	name := "thanos"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	if _, known := engines[name]; !known || len(os.Args) > 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./deploy/cluster [thanos | victoria]")
		os.Exit(64)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, name); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, name string) error {
	fmt.Println("building the programs: with an empty cache, Thanos takes minutes")
	tacho, err := programs.Find("tacho")
	if err != nil {
		return err
	}
	program, err := programs.Find(engines[name].program)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tacho-cluster-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	engine, err := engines[name].start(ctx, program, dir)
	if err != nil {
		return err
	}
	defer engine.Stop()
	fmt.Printf("%s  %s\n", engine.Name, engine.Query)
	all := &children{program: tacho, dir: dir}
	defer all.stop()
	return all.run(ctx, engine)
}

// children are the processes of tacho.
type children struct {
	program, dir string
	all          []*exec.Cmd
}

// run starts the shop, its agents and the page, and waits for the end.
func (c *children) run(ctx context.Context, e *cluster.Engine) error {
	shop, err := c.start(`Metrics +http://(\S+)/metrics`, "demo", "--no-open", "--no-history", "--no-flask")
	if err != nil {
		return err
	}
	for i := range 2 {
		file := filepath.Join(c.dir, fmt.Sprintf("agent-%d.yml", i))
		if err := os.WriteFile(file, []byte(agentConfig(shop, i, e.Write[i%len(e.Write)])), 0o600); err != nil {
			return err
		}
		at, err := c.start(`Agent +(http://\S+)`, "agent", file, "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(c.dir, fmt.Sprintf("agent-%d", i)))
		if err != nil {
			return err
		}
		fmt.Printf("agent %d %s\n", i, at)
	}
	page, err := c.start(`Page +(http://\S+)`, "serve", "--query-url", e.Query, "--remote-write", e.Write[0], "--interval", "5s", "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(c.dir, "serve"))
	if err != nil {
		return err
	}
	fmt.Printf("page    %s\nCtrl-C ends all of it\n", page)
	<-ctx.Done()
	return nil
}

// agentConfig lets each of two agents scrape the instances whose hash is its own.
func agentConfig(shop string, i int, write string) string {
	return fmt.Sprintf(`global: {scrape_interval: 5s, scrape_timeout: 5s}
remote_write: [{url: %q, queue_config: {batch_send_deadline: 1s}}]
scrape_configs:
- job_name: shop
  static_configs: [{targets: [%q, %q]}]
  relabel_configs:
  - {source_labels: [__address__], modulus: 2, target_label: __tmp_shard, action: hashmod}
  - {source_labels: [__tmp_shard], regex: '%d', action: keep}
`, write, shop, next(shop), i)
}

// next is the address of the shop's second instance: the next port.
func next(address string) string {
	var host string
	var port int
	if _, err := fmt.Sscanf(regexp.MustCompile(`:(\d+)$`).ReplaceAllString(address, " $1"), "%s %d", &host, &port); err != nil {
		return address
	}
	return fmt.Sprintf("%s:%d", host, port+1)
}

// start starts tacho, and returns what the expression finds in its output.
func (c *children) start(says string, args ...string) (string, error) {
	// Ctrl-C reaches all processes of a terminal at once: receivers that end first are no news.
	cmd := exec.Command(c.program, append(args, "--log-level", "error")...)
	cmd.Dir, cmd.Stderr = c.dir, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	c.all = append(c.all, cmd)
	lines, want := bufio.NewScanner(out), regexp.MustCompile(says)
	for lines.Scan() {
		if found := want.FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return found[1], nil
		}
	}
	return "", errors.New("tacho " + args[0] + " has ended")
}

// stop ends the processes, the last one first.
func (c *children) stop() {
	for i := len(c.all) - 1; i >= 0; i-- {
		_ = c.all[i].Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(10*time.Second, func() { _ = c.all[i].Process.Kill() })
		_ = c.all[i].Wait()
		late.Stop()
	}
}
