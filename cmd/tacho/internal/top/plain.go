package top

import (
	"fmt"
	"io"
	"time"
)

// widestRoute is where a plain table cuts a route, as the page does.
const widestRoute = 160

// Plain writes the table as text without a terminal: all columns, and rows up
// to a limit, 0 for all.
func Plain(w io.Writer, p Picture, o Order, limit int, now time.Time) error {
	lines := append(header(p, now, 1<<20, false), Line{})
	rows := sorted(p.Rows, o, "")
	shown := rows
	if limit > 0 {
		shown = rows[:min(limit, len(rows))]
	}
	switch {
	case len(rows) == 0:
		lines = append(lines, line(normal, emptiness(p)))
	default:
		lines = append(lines, plainTable(shown, o)...)
	}
	if len(shown) < len(rows) {
		lines = append(lines, line(normal, fmt.Sprintf("  %d of %d routes", len(shown), len(rows))))
	}
	for _, l := range lines {
		if _, err := fmt.Fprintln(w, l); err != nil {
			return err
		}
	}
	return nil
}

func plainTable(rows []Row, o Order) []Line {
	route := narrowestRoute
	for _, r := range rows {
		route = max(route, columns(cut(routeText(r), widestRoute)))
	}
	l := lay(rows, o, 1<<16)
	for i, c := range l.columns {
		if c.id == "route" {
			l.widths[i] = route
		}
	}
	lines := []Line{l.headLine()}
	for _, r := range rows {
		lines = append(lines, l.rowLine(r, false))
	}
	return lines
}
