package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tacho-go/tacho/internal/locked"
)

// A pty is a terminal without a screen, with a program in it.
type pty struct {
	t      *testing.T
	keys   *os.File // what we write is typed
	device *os.File // what the program sees
	before unix.Termios
	sent   locked.Buffer // what the program has written
	cmd    *exec.Cmd
}

// inTerminal starts tacho in a terminal of a size.
func inTerminal(t *testing.T, width, height int, env []string, args ...string) *pty {
	t.Helper()
	p := &pty{t: t, cmd: exec.Command(os.Args[0], args...)}
	p.open()
	p.resize(width, height)
	p.before = p.settings()
	p.cmd.Env = append(append(os.Environ(), "TACHO_TEST_MAIN=1", "TERM=xterm", "NO_COLOR="), env...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = p.device, p.device, p.device
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for b := make([]byte, 4096); ; {
			n, err := p.keys.Read(b)
			if err != nil {
				return
			}
			_, _ = p.sent.Write(b[:n])
		}
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		_ = p.device.Close()
		_ = p.keys.Close()
		if t.Failed() {
			t.Logf("the screen:\n%s", p.screen())
		}
	})
	return p
}

func (p *pty) open() {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	p.keys = os.NewFile(uintptr(fd), "ptmx")
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		p.device, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pty) resize(width, height int) {
	size := unix.Winsize{Col: uint16(width), Row: uint16(height)}
	if err := unix.IoctlSetWinsize(int(p.device.Fd()), unix.TIOCSWINSZ, &size); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pty) settings() unix.Termios {
	s, err := unix.IoctlGetTermios(int(p.device.Fd()), unix.TCGETS)
	if err != nil {
		p.t.Fatal(err)
	}
	return *s
}

func (p *pty) types(keys string) {
	p.t.Helper()
	if _, err := p.keys.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// drawing is how the program writes: a whole screen is cleared, or a line is
// placed, erased and written.
var (
	drawing  = regexp.MustCompile(`\x1b\[2J|\x1b\[(\d+);1H\x1b\[K`)
	sequence = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)
)

// screen is what one would see.
func (p *pty) screen() string {
	sent, lines, last := p.sent.String(), map[int]string{}, 0
	found := drawing.FindAllStringSubmatchIndex(sent, -1)
	for i, m := range found {
		if m[2] < 0 {
			clear(lines)
			last = 0
			continue
		}
		end := len(sent)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		n, _ := strconv.Atoi(sent[m[2]:m[3]])
		lines[n], last = sequence.ReplaceAllString(sent[m[1]:end], ""), max(last, n)
	}
	var b strings.Builder
	for n := 1; n <= last; n++ {
		b.WriteString(lines[n] + "\n")
	}
	return b.String()
}

// shows waits until the screen matches.
func (p *pty) shows(expr string) {
	p.t.Helper()
	re := regexp.MustCompile("(?s)" + expr)
	if !reaches(20*time.Second, func() bool { return re.MatchString(p.screen()) }) {
		p.t.Fatalf("the screen never shows %s", expr)
	}
}

// ends waits for the program and sees that the terminal is as it was.
func (p *pty) ends(code int) {
	p.t.Helper()
	ended := time.AfterFunc(20*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer ended.Stop()
	_ = p.cmd.Wait()
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d, want %d", got, code)
	}
	if after := p.settings(); after != p.before {
		p.t.Errorf("the terminal is left as %+v, it was %+v", after, p.before)
	}
	const back = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	if !reaches(5*time.Second, func() bool { return strings.HasSuffix(p.sent.String(), back) }) {
		p.t.Fatalf("wrapping, cursor and screen do not come back: it ends with %q", tail(p.sent.String(), 80))
	}
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }
