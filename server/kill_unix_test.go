//go:build unix

package server_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/locked"
	"github.com/tacho-go/tacho/internal/long"
	"github.com/tacho-go/tacho/server"
)

// TestMain lets the test program be the server that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TACHO_TEST_SERVER_DIR"); dir != "" {
		os.Exit(serveChild(dir))
	}
	os.Exit(m.Run())
}

// serveChild serves until SIGTERM and says where on the first line.
func serveChild(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	o := server.Options{Config: quick, DataDir: dir, Listen: "127.0.0.1:0", RemoteWriteReceiver: true}
	if os.Getenv("TACHO_TEST_SERVER_UNWATCHED") != "" {
		o.MinFree = -1
	}
	if config := os.Getenv("TACHO_TEST_SERVER_CONFIG"); config != "" {
		o.Config, o.Agent = config, os.Getenv("TACHO_TEST_SERVER_AGENT") == "true"
		o.DiscoveryInterval, o.FlushDeadline = 50*time.Millisecond, time.Second
	}
	s, err := server.New(o)
	if err == nil {
		fmt.Println(s.URL())
		err = s.Run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// A child is a server in a process of its own.
type child struct {
	cmd *exec.Cmd
	url string
	err *locked.Buffer
}

func spawn(t *testing.T, dir string) *child { return spawnWith(t, dir) }

// spawnUnwatched keeps no reserve of free space: the disk is full when a write
// says so.
func spawnUnwatched(t *testing.T, dir string) *child {
	return spawnWith(t, dir, "TACHO_TEST_SERVER_UNWATCHED=1")
}

func spawnWith(t *testing.T, dir string, env ...string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0], "-test.run=^$"), err: &locked.Buffer{}}
	c.cmd.Env = append(os.Environ(), "TACHO_TEST_SERVER_DIR="+dir)
	c.cmd.Env = append(c.cmd.Env, env...)
	c.cmd.Stderr = c.err
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		c.kill()
		t.Fatalf("the server did not start: %v\n%s", err, c.err)
	}
	c.url = strings.TrimSpace(line)
	t.Cleanup(c.kill)
	return c
}

// kill is kill -9.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// awaitReady waits until the child answers queries.
func (c *child) awaitReady(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		resp, err := http.Get(c.url + "-/ready")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("not ready after a minute:\n%s", c.err)
		}
	}
}

// TestKilledAtAnyMoment: the server is killed with kill -9 at random moments
// while it takes samples. It starts each time, answers, and has every
// sample that it had acknowledged.
func TestKilledAtAnyMoment(t *testing.T) {
	kills := long.Form(t, 12, 50, "kills")
	dir := t.TempDir()
	var acknowledged []int64 // times of the samples, in milliseconds
	next := time.Now().Add(-time.Hour).UnixMilli()
	for round := range kills {
		c := spawn(t, dir)
		c.awaitReady(t)
		if missing := absent(t, c.url, acknowledged); len(missing) > 0 {
			t.Fatalf("round %d: %d of %d acknowledged samples are gone, the first at %d:\n%s", round, len(missing), len(acknowledged), missing[0], c.err)
		}
		var writer sync.WaitGroup
		writer.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for push(client, c.url, "pushed", next, float64(next)) == nil {
				acknowledged = append(acknowledged, next)
				next++
			}
			next++ // the one that failed may or may not be there
		})
		time.Sleep(rand.N(100 * time.Millisecond)) // the random moment
		c.kill()
		writer.Wait()
	}
	c := spawn(t, dir)
	c.awaitReady(t)
	if missing := absent(t, c.url, acknowledged); len(missing) > 0 {
		t.Errorf("%d of %d acknowledged samples are gone after the last kill", len(missing), len(acknowledged))
	}
	if len(acknowledged) < kills {
		t.Errorf("only %d samples were acknowledged in %d rounds: the test tests nothing", len(acknowledged), kills)
	}
	t.Logf("%d kills, %d samples acknowledged, none lost", kills, len(acknowledged))
}
