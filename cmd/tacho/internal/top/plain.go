package top

import (
	"fmt"
	"io"
	"time"
)

// widestRoute is the maximum width of a route in a plain table, as on the page.
const widestRoute = 160

// Plain writes the table as plain text: all columns, and at most limit rows (0 for all).
func Plain(w io.Writer, p Frame, o Order, limit int, now time.Time) error {
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
