package demo

import (
	"bytes"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// A process is a child that never outlives us: end ends it and its children,
// and where the system can, so does our own death.
type process struct {
	cmd     *exec.Cmd
	address string
	output  output
	exited  chan struct{}
}

// startProcess starts the command in a process group of its own, so that a
// Ctrl-C in the terminal reaches only us, who end things in order.
func startProcess(cmd *exec.Cmd, address string) (*process, error) {
	p := &process{cmd: cmd, address: address, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	cmd.SysProcAttr = childAttributes()
	started := make(chan error)
	go func() {
		// Linux tells the child of the death of the thread that started it, not
		// of the process: that thread has to stay.
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

// patience is how long a child may take to end by itself. With what comes
// before and after it, the whole demo ends within two seconds.
const patience = 1200 * time.Millisecond

// end asks the process to end, then makes it, and waits until it has.
func (p *process) end() {
	p.cmd.Process.Signal(terminate)
	select {
	case <-p.exited:
	case <-time.After(patience):
	}
	killGroup(p.cmd.Process.Pid) // children that a killed parent left, too
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

// output keeps the end of what a child writes.
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
