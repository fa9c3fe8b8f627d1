package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A table is printed as Markdown, with aligned columns to be readable in a terminal.
type table struct {
	head []string
	rows [][]string
	text int // number of text columns on the left; the others hold numbers
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(w io.Writer) {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 3)
		}
	}
	t.line(w, t.head, widths)
	rule := make([]string, len(t.head))
	for i := range rule {
		rule[i] = strings.Repeat("-", widths[i])
		if i >= t.text {
			rule[i] = rule[i][1:] + ":"
		}
	}
	t.line(w, rule, widths)
	for _, row := range t.rows {
		t.line(w, row, widths)
	}
}

func (t *table) line(w io.Writer, cells []string, widths []int) {
	for i, cell := range cells {
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i < t.text {
			cell += pad
		} else {
			cell = pad + cell
		}
		fmt.Fprint(w, "| ", cell, " ")
	}
	fmt.Fprintln(w, "|")
}
