package server_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/locked"
	"github.com/tacho-go/tacho/internal/programs"
)

// prom returns Prometheus's own program prometheus or promtool, of the version
// that is inside.
func prom(t testing.TB, program string) string {
	t.Helper()
	return programs.File(t, program)
}

// packaged returns the program of the system's package, which is older: the
// first in the PATH that knows its version. One that was built by go install
// does not.
func packaged(t testing.TB, program string) string {
	t.Helper()
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		file := filepath.Join(dir, program)
		out, err := exec.Command(file, "--version").CombinedOutput()
		if err == nil && versioned.Match(out) {
			return file
		}
	}
	t.Fatalf("no packaged %s in the PATH: scripts/install-peers installs it", program)
	return ""
}

var versioned = regexp.MustCompile(`, version \d`)

// A peerServer is a real Prometheus under test, ended at the test's end.
type peerServer struct {
	url string // ends in /
	log *locked.Buffer
	cmd *exec.Cmd
}

// startPeer runs a Prometheus with a configuration file and a data folder and
// waits until it is ready.
func startPeer(t testing.TB, program, config, data string, flags ...string) *peerServer {
	t.Helper()
	address := freeAddress(t)
	p := &peerServer{url: "http://" + address + "/", log: &locked.Buffer{}}
	p.cmd = exec.Command(program, append([]string{"--config.file=" + config, "--storage.tsdb.path=" + data,
		"--web.listen-address=" + address, "--storage.remote.flush-deadline=1s"}, flags...)...)
	p.cmd.Stderr, p.cmd.Stdout = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Logf("the log of %s:\n%s", program, p.log)
		}
	})
	awaitThat(t, program+" to be ready", func() bool {
		select {
		case <-ended:
			t.Fatalf("%s ended:\n%s", program, p.log)
		default:
		}
		resp, err := http.Get(p.url + "-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return p
}

// freeAddress returns an address that nobody listened on a moment ago.
func freeAddress(t testing.TB) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// awaitThat waits for a state, at most a minute.
func awaitThat(t testing.TB, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// output is what a program printed, and its exit code.
type output struct {
	stdout, stderr string
	code           int
}

// tool runs a program to its end.
func tool(t testing.TB, stdin string, program string, args ...string) output {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("%s %v: %v", program, args, err)
	}
	return output{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}
