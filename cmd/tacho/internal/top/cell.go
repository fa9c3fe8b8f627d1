package top

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// visible escapes invisible, bidirectional and control characters, because label values
// are untrusted. It keeps a few combining marks per letter.
func visible(text string) string {
	if plain(text) {
		return text
	}
	var b strings.Builder
	marks := 0
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case unicode.In(r, unicode.Mn, unicode.Me) && marks < mostMarks && b.Len() > 0 && !selects(r):
			marks++
			b.WriteRune(r)
			text = text[size:]
			continue
		default:
			b.WriteString(shown(r))
		}
		marks = 0
		text = text[size:]
	}
	return b.String()
}

// mostMarks is sufficient for all scripts.
const mostMarks = 2

// plain reports whether text is printable ASCII, the common case.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

var escapes = map[rune]string{'\n': `\n`, '\r': `\r`, '\t': `\t`}

func shown(r rune) string {
	if s, ok := escapes[r]; ok {
		return s
	}
	// IsPrint leaves out control, format and private characters, and all
	// spaces but one.
	if unicode.IsPrint(r) && !unicode.In(r, unicode.Mn, unicode.Me) && !blank(r) {
		return string(r)
	}
	if r > 0xffff {
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// blank reports whether a letter or symbol is invisible.
func blank(r rune) bool {
	switch r {
	case 0x115f, 0x1160, 0x3164, 0xffa0, 0x2800:
		return true
	}
	return false
}

// selects reports whether r is a variation selector, whose width depends on the terminal.
func selects(r rune) bool { return unicode.Is(unicode.Variation_Selector, r) || r == 0x034f }

// columns returns the width of a visible text in a terminal.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n += columnsOf(r)
	}
	return n
}

func columnsOf(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cut escapes an untrusted text and truncates it to a width.
func cut(text string, room int) string {
	if limit := max(0, room) * utf8.UTFMax * (1 + mostMarks); len(text) > limit+utf8.UTFMax {
		text = text[:limit+utf8.UTFMax] // the rest is never shown
	}
	text = visible(text)
	if columns(text) <= room {
		return text
	}
	at, n := 0, 0
	for i, r := range text {
		if n += columnsOf(r); n > room-1 {
			break
		}
		at = i + utf8.RuneLen(r)
	}
	if room < 1 {
		return ""
	}
	return text[:at] + "…"
}

// left and right truncate or pad a text to a width.
func left(text string, n int) string {
	text = cut(text, n)
	return text + strings.Repeat(" ", max(0, n-columns(text)))
}

func right(text string, n int) string {
	text = cut(text, n)
	return strings.Repeat(" ", max(0, n-columns(text))) + text
}
