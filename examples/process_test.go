package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	// The dependencies of the examples: through these imports go test notices that a cached
	// result is out of date. See startExample.
	_ "github.com/tacho-go/tacho/adapter/tachogin"
	_ "github.com/tacho-go/tacho/examples/internal/serve"
	"github.com/tacho-go/tacho/internal/locked"
	"github.com/tacho-go/tacho/internal/programs"
)

// A process is a program that runs until the end of the test at most.
type process struct {
	addr   string // the address that it printed
	cmd    *exec.Cmd
	output locked.Buffer
	exited chan struct{}
}

var announcement = regexp.MustCompile(`(?m)^listening on http://(\S+)$`)

// startExample starts an example on a free port.
func startExample(t *testing.T, name string) *process {
	t.Helper()
	if _, err := os.ReadFile(filepath.Join(name, "main.go")); err != nil { // for go test's cache, as above
		t.Fatal(err)
	}
	return start(t, announcement, programs.File(t, name), "-listen", "127.0.0.1:0")
}

// start runs a program and waits until it has printed its address, the group in says.
func start(t *testing.T, says *regexp.Regexp, program string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(program, args...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() { p.end(t) })
	await(t, "the address in the output of "+program, func() bool {
		if p.ended() {
			t.Fatalf("%s ended before it listened:\n%s", program, p.output.String())
		}
		if found := says.FindStringSubmatch(p.output.String()); found != nil {
			p.addr = found[1]
		}
		return p.addr != ""
	})
	return p
}

// end sends SIGTERM, waits for the process, and returns its exit code.
func (p *process) end(t *testing.T) int {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM) // harmless if it has ended
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Errorf("%s did not end on SIGTERM within %s", p.cmd.Path, patience)
		p.cmd.Process.Kill()
		<-p.exited
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// patience is the time limit for any step of a test.
const patience = 15 * time.Second

// await polls until reached returns true.
func await(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !reached(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
