package top

import "strings"

// A style is the look of text. It never carries information that the text lacks.
type style int

const (
	normal style = iota
	bold
	faint
	red
	yellow
)

// A Line is text of a terminal's line.
type Line []piece

type piece struct {
	text   string // visible
	style  style
	chosen bool // in the selected row
}

// line returns untrusted text as a line of one style.
func line(s style, text string) Line { return Line{{text: visible(text), style: s}} }

// and appends a text of another style.
func (l Line) and(s style, text string) Line { return append(l, line(s, text)...) }

// String returns the text without styles.
func (l Line) String() string {
	var b strings.Builder
	for _, p := range l {
		b.WriteString(p.text)
	}
	return strings.TrimRight(b.String(), " ")
}

// fit cuts the line to a width.
func (l Line) fit(width int) Line {
	var cutLine Line
	for _, p := range l {
		p.text = cut(p.text, width)
		width -= columns(p.text)
		cutLine = append(cutLine, p)
		if width <= 0 {
			break
		}
	}
	return cutLine
}

// words joins pieces with dots and wraps them.
func words(s style, width int, all ...string) []Line { return broken(s, width, " · ", all...) }

// sentences wraps text to at most most lines.
func sentences(s style, width, most int, text string) []Line {
	lines := broken(s, width, " ", strings.Fields(text)...)
	if len(lines) > most {
		lines = lines[:most]
		last := &lines[most-1][0]
		last.text = cut(last.text, width-2) + " …"
	}
	return lines
}

// broken wraps pieces into lines.
func broken(s style, width int, separator string, all ...string) []Line {
	var lines []Line
	text := ""
	for _, w := range all {
		if w = visible(w); w == "" {
			continue
		}
		switch {
		case text == "":
			text = w
		case columns(text)+columns(separator)+columns(w) > width:
			lines = append(lines, Line{{text: text, style: s}})
			text = w
		default:
			text += separator + w
		}
	}
	if text != "" {
		lines = append(lines, Line{{text: text, style: s}})
	}
	return lines
}
