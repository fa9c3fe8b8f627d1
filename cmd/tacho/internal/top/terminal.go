package top

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// What a terminal is told: another screen, so that the shell's comes back as
// it was; no cursor; no wrapping, so that a character of a width that we did
// not expect spoils its own line at most; and text in the order of its cells,
// so that a path in Hebrew does not move the numbers beside it.
const (
	enter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[8l\x1b[2J"
	leave = "\x1b[0m\x1b[8h\x1b[?7h\x1b[?25h\x1b[?1049l"
)

var looks = map[style]string{bold: "\x1b[1m", faint: "\x1b[2m", red: "\x1b[31m", yellow: "\x1b[33m"}

const reverse = "\x1b[7m"

// A terminal is the screen and the keys, while they are ours.
type terminal struct {
	in, out *os.File
	plain   bool // without colours
	before  *term.State
	restore func()
	drawn   []string
	width   int
	height  int
}

// IsTerminal says whether both are a terminal that can do what we need.
func IsTerminal(in, out *os.File) bool {
	return os.Getenv("TERM") != "dumb" && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd()))
}

// openTerminal takes the terminal over until close.
func openTerminal(in, out *os.File) (*terminal, error) {
	restore, err := understandSequences(out)
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

// close gives the terminal back as it was.
func (t *terminal) close() {
	_, _ = t.out.WriteString(leave)
	_ = term.Restore(int(t.in.Fd()), t.before)
	t.restore()
}

// size asks for the size; what is drawn next is drawn whole if it has changed.
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

// forget has everything drawn anew.
func (t *terminal) forget() { t.drawn = nil }

// draw writes the lines that have changed.
func (t *terminal) draw(lines []Line) error {
	var b strings.Builder
	if t.drawn == nil {
		b.WriteString("\x1b[2J")
	}
	next := make([]string, len(lines))
	for i, l := range lines {
		next[i] = t.written(l)
		if i >= len(t.drawn) || t.drawn[i] != next[i] {
			// Erased first: after a full line the cursor stands on its last character.
			b.WriteString("\x1b[" + strconv.Itoa(i+1) + ";1H\x1b[K" + next[i])
		}
	}
	t.drawn = slices.Clip(next)
	_, err := t.out.WriteString(b.String())
	return err
}

// written is a line with its looks. Nothing unseen gets through here, wherever
// it comes from.
func (t *terminal) written(l Line) string {
	var b strings.Builder
	for _, p := range l {
		look := looks[p.style]
		if t.plain && (p.style == red || p.style == yellow) {
			look = ""
		}
		if p.chosen {
			look += reverse
		}
		b.WriteString(look + visible(p.text))
		if look != "" {
			b.WriteString("\x1b[0m")
		}
	}
	return b.String()
}
