package top

import "strings"

// A style is what a text looks like. It only ever repeats what the text says.
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
	chosen bool // in the row that keys are about
}

// line makes a line of one style of a text from anywhere.
func line(s style, text string) Line { return Line{{text: visible(text), style: s}} }

// and appends a text of another style.
func (l Line) and(s style, text string) Line { return append(l, line(s, text)...) }

// String is the text without its looks.
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

// words are pieces of a line, separated by dots and broken where a line is full.
func words(s style, width int, all ...string) []Line { return broken(s, width, " · ", all...) }

// sentences are a text, broken where a line is full, in at most so many lines.
func sentences(s style, width, most int, text string) []Line {
	lines := broken(s, width, " ", strings.Fields(text)...)
	if len(lines) > most {
		lines = lines[:most]
		last := &lines[most-1][0]
		last.text = cut(last.text, width-2) + " …"
	}
	return lines
}

// broken puts pieces on lines, as many on each as there is room for.
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
