package top

import (
	"math"
	"slices"
)

// A layout is the visible columns and their widths.
type layout struct {
	columns []column
	widths  []int
	order   Order
}

// narrowestRoute is the minimum width of the route; other columns are dropped for it.
const narrowestRoute = 20

// lay chooses the columns for the rows. Columns grow to fit their cells.
func lay(rows []Row, o Order, width int) layout {
	l := layout{order: o, columns: slices.Clone(tableColumns)}
	if !slices.ContainsFunc(rows, func(r Row) bool { return !math.IsNaN(r.InFlight) }) {
		l.remove("inflight")
	}
	l.measure(rows)
	for l.routeWidth(width) < narrowestRoute && l.dropOne() {
		l.measure(rows)
	}
	for i, c := range l.columns {
		if c.width == 0 {
			l.widths[i] = max(l.routeWidth(width), 1)
		}
	}
	return l
}

func (l *layout) remove(id string) {
	l.columns = slices.DeleteFunc(l.columns, func(c column) bool { return c.id == id })
}

// dropOne drops the least important column, but never the sort column.
func (l *layout) dropOne() bool {
	least := column{}
	for _, c := range l.columns {
		if c.drop > least.drop && c.id != l.order.Column {
			least = c
		}
	}
	l.remove(least.id)
	return least.drop > 0
}

func (l *layout) measure(rows []Row) {
	l.widths = make([]int, len(l.columns))
	for i, c := range l.columns {
		if c.width == 0 {
			continue
		}
		l.widths[i] = max(c.width, columns(l.head(c)))
		for _, r := range rows {
			l.widths[i] = max(l.widths[i], columns(c.cell(r)))
		}
	}
}

// routeWidth returns the width that the other columns leave, minus separators and the
// mark of the selected row.
func (l *layout) routeWidth(width int) int {
	for _, w := range l.widths {
		width -= w + 1
	}
	return width - markWidth + 1
}

const markWidth = 2

// head is a column's head, with an arrow if the rows are sorted by it.
func (l *layout) head(c column) string {
	if c.id != l.order.Column {
		return c.head
	}
	if c.upwards == l.order.Reversed {
		return c.head + "▼"
	}
	return c.head + "▲"
}

func (l *layout) headLine() Line {
	text := "  "
	for i, c := range l.columns {
		text += l.place(i, l.head(c))
	}
	return Line{{text: text, style: bold}}
}

func (l *layout) rowLine(r Row, chosen bool) Line {
	mark := "  "
	if chosen {
		mark = "> "
	}
	all := Line{{text: mark, chosen: chosen}}
	for i, c := range l.columns {
		all = append(all, piece{l.place(i, c.cell(r)), cellStyle(c, r), chosen})
	}
	return all
}

// place aligns text in a column: numbers on the right.
func (l *layout) place(i int, text string) string {
	space := " "
	if i == len(l.columns)-1 {
		space = ""
	}
	if c := l.columns[i]; c.id == "state" || c.id == "route" {
		return left(text, l.widths[i]) + space
	}
	return right(text, l.widths[i]) + space
}

// cellStyle highlights a state that the row also shows as a word or a number.
func cellStyle(c column, r Row) style {
	switch {
	case r.State == Errors && (c.id == "state" || c.id == "errors"):
		return red
	case r.State == Slow && (c.id == "state" || c.id == "p95"):
		return yellow
	case r.State == Idle:
		return faint
	}
	return normal
}
