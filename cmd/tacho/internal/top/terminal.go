package top

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// Escape sequences on start: the alternate screen, so that the shell's is restored; no
// cursor; no wrapping, so that a character of unexpected width affects only its own line;
// and no bidirectional reordering, so that a Hebrew path does not move the numbers beside
// it.
const (
	enter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[8l\x1b[2J"
	leave = "\x1b[0m\x1b[8h\x1b[?7h\x1b[?25h\x1b[?1049l"
)

var styles = map[style]string{bold: "\x1b[1m", faint: "\x1b[2m", red: "\x1b[31m", yellow: "\x1b[33m"}

const reverse = "\x1b[7m"

// A terminal is the screen and the keyboard while top uses them.
type terminal struct {
	in, out *os.File
	plain   bool // without colors
	before  *term.State
	restore func()
	drawn   []string
	width   int
	height  int
}

// IsTerminal reports whether both files are a capable terminal.
func IsTerminal(in, out *os.File) bool {
	return os.Getenv("TERM") != "dumb" && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd()))
}

// openTerminal sets up the terminal until close.
func openTerminal(in, out *os.File) (*terminal, error) {
	restore, err := enableSequences(out)
	if err != nil {
		return nil, err
	}
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		restore()
		return nil, err
	}
	t := &terminal{in: in, out: out, plain: os.Getenv("NO_COLOR") != "", before: before, restore: restore}
	_, err = out.WriteString(enter)
	return t, err
}

// close restores the terminal.
func (t *terminal) close() {
	_, _ = t.out.WriteString(leave)
	_ = term.Restore(int(t.in.Fd()), t.before)
	t.restore()
}

// size returns the size of the terminal. After a change, the next draw is complete.
func (t *terminal) size() (width, height int) {
	width, height, err := term.GetSize(int(t.out.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	if width != t.width || height != t.height {
		t.width, t.height = width, height
		t.forget()
	}
	return width, height
}

// forget forces a complete redraw.
func (t *terminal) forget() { t.drawn = nil }

// draw writes the changed lines.
func (t *terminal) draw(lines []Line) error {
	var b strings.Builder
	if t.drawn == nil {
		b.WriteString("\x1b[2J")
	}
	next := make([]string, len(lines))
	for i, l := range lines {
		next[i] = t.written(l)
		if i >= len(t.drawn) || t.drawn[i] != next[i] {
			// Erase first: after a full line, the cursor is on its last character.
			b.WriteString("\x1b[" + strconv.Itoa(i+1) + ";1H\x1b[K" + next[i])
		}
	}
	t.drawn = slices.Clip(next)
	_, err := t.out.WriteString(b.String())
	return err
}

// written returns a line with its styles. It escapes all invisible characters.
func (t *terminal) written(l Line) string {
	var b strings.Builder
	for _, p := range l {
		escape := styles[p.style]
		if t.plain && (p.style == red || p.style == yellow) {
			escape = ""
		}
		if p.chosen {
			escape += reverse
		}
		b.WriteString(escape + visible(p.text))
		if escape != "" {
			b.WriteString("\x1b[0m")
		}
	}
	return b.String()
}
