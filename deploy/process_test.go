//go:build linux

package deploy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/locked"
)

// await polls until the condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 30 s for %s", what)
		}
	}
}

// get returns status and body; status 0 means no response.
func get(c *http.Client, url string) (int, string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err.Error()
	}
	return do(c, r)
}

func do(c *http.Client, r *http.Request) (int, string) {
	resp, err := c.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(body)
}

// A process is a running tacho serve, tacho agent or tacho multiproc.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  locked.Buffer
	done chan struct{}
	url  string // of the page, ends in /; of tacho multiproc, the metrics
}

var page = regexp.MustCompile(`(?m)^  (?:Page|Agent|Metrics) +(http\S+)`)

// start runs a command and waits until it prints the address of its page, of the agent, or of the metrics. A process that still
// runs at the end of the test is killed.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = cmd.Wait(); close(p.done) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("%s says:\n%s", cmd, &p.log)
		}
	})
	await(t, "the address of the page", func() bool {
		if p.ended() {
			t.Fatalf("%s ended: %s", cmd, cmd.ProcessState)
		}
		found := page.FindStringSubmatch(p.log.String())
		if found != nil {
			p.url = found[1]
		}
		return found != nil
	})
	return p
}

// serve runs tacho serve on a free port with a new data folder and waits until it is ready.
func serve(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(tachoProgram(t), append([]string{"serve"}, args...)...)
	cmd.Env = append(env, "TACHO_LISTEN=127.0.0.1:0", "TACHO_DATA_DIR="+t.TempDir())
	p := start(t, cmd)
	p.awaitReady(http.DefaultClient)
	return p
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *process) awaitReady(c *http.Client) {
	p.t.Helper()
	var status int
	var body string
	await(p.t, "readiness of "+p.url, func() bool {
		status, body = get(c, p.url+"-/ready")
		return status == http.StatusOK || p.ended()
	})
	if status != http.StatusOK {
		p.t.Fatalf("not ready: %d %s", status, body)
	}
}

// stop sends SIGTERM and checks for a clean shutdown within a time.
func (p *process) stop(within time.Duration) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(within):
		p.t.Fatalf("still running %v after SIGTERM", within)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("exit code %d after SIGTERM; want 0", code)
	}
}

// refused runs tacho with a faulty configuration and returns its output.
func refused(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(tachoProgram(t), args...)
	cmd.Env = []string{}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 64 {
		t.Fatalf("tacho %s: %v; want exit code 64\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
