package demo

import (
	"bytes"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// A process is a child process. end stops it and its children; where the system supports
// it, so does the death of the parent.
type process struct {
	cmd     *exec.Cmd
	address string
	output  output
	exited  chan struct{}
}

// startProcess starts the command in its own process group, so that Ctrl-C in the terminal
// reaches only the parent, which shuts down in order.
func startProcess(cmd *exec.Cmd, address string) (*process, error) {
	p := &process{cmd: cmd, address: address, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	cmd.SysProcAttr = childAttributes()
	started := make(chan error)
	go func() {
		// Linux signals the child when the starting thread dies, not the process:
		// that thread must stay alive.
		runtime.LockOSThread()
		defer close(p.exited)
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
		}
	}()
	return p, <-started
}

// patience is how long a child may take to exit. The whole demo ends within two seconds.
const patience = 1200 * time.Millisecond

// end terminates the process, kills it if necessary, and waits for it.
func (p *process) end() {
	p.cmd.Process.Signal(terminate)
	select {
	case <-p.exited:
	case <-time.After(patience):
	}
	killGroup(p.cmd.Process.Pid) // including orphaned children
	<-p.exited
}

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

func (p *process) lastWords() string { return p.output.last() }

// output keeps the end of a child's output.
type output struct {
	mu   sync.Mutex
	text []byte
}

const outputKept = 4 << 10

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, b...)
	o.text = bytes.Clone(o.text[max(0, len(o.text)-outputKept):])
	return len(b), nil
}

func (o *output) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return lastLine(o.text)
}

// lastLine returns the last non-empty line of a text.
func lastLine(text []byte) string {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(lines[len(lines)-1])
}
