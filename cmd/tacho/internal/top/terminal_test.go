package top

import (
	"io"
	"os"
	"strings"
	"testing"
)

// TestDraw: lines that are the same are not written again; a size that has
// changed has all of them written.
func TestDraw(t *testing.T) {
	for name, c := range map[string]struct {
		first, second string
		forget        bool
		want          string
	}{
		"first":    {"", "a\nb", false, "\x1b[2J\x1b[1;1H\x1b[Ka\x1b[2;1H\x1b[Kb"},
		"the same": {"a\nb", "a\nb", false, ""},
		"one new":  {"a\nb", "a\nc", false, "\x1b[2;1H\x1b[Kc"},
		"resized":  {"a\nb", "a\nb", true, "\x1b[2J\x1b[1;1H\x1b[Ka\x1b[2;1H\x1b[Kb"},
	} {
		term := &terminal{}
		if c.first != "" {
			drawn(t, term, c.first)
		}
		if c.forget {
			term.forget()
		}
		if got := drawn(t, term, c.second); got != c.want {
			t.Errorf("%s: wrote %q, want %q", name, got, c.want)
		}
	}
}

// drawn returns what is written for lines of text.
func drawn(t *testing.T, term *terminal, text string) string {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	term.out = w
	var lines []Line
	for l := range strings.SplitSeq(text, "\n") {
		lines = append(lines, line(normal, l))
	}
	if err := term.draw(lines); err != nil {
		t.Fatal(err)
	}
	w.Close()
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}
