package top

import (
	"fmt"
	"time"
)

// Lines renders the screen: at most height lines of at most width columns.
func (v *View) Lines(latest Frame, now time.Time, width, height int) []Line {
	p := v.shown(latest)
	foot := v.footer(p, width, 1+height/20)
	head := header(p, now, width, v.frozen != nil)
	room := max(0, height-len(foot))
	if most := max(1, room-leastRows); len(head) > most {
		head = head[:most]
	}
	head = append(head, Line{})
	body := v.body(p, width, max(0, room-len(head)))
	all := append(head, body...)
	for len(all) < room {
		all = append(all, Line{})
	}
	all = append(all[:min(len(all), room)], foot...)
	for i := range all {
		all[i] = all[i].fit(width)
	}
	return all[max(0, len(all)-height):]
}

// leastRows is the minimum number of table lines on a small terminal, including the head.
const leastRows = 5

func (v *View) body(p Frame, width, room int) []Line {
	switch rows := sorted(p.Rows, v.Order, v.filter); {
	case v.help:
		return helpLines(width)
	case v.open:
		return v.detail(p, width)
	case len(rows) > 0:
		return v.table(rows, width, room)
	default:
		return []Line{line(normal, emptiness(p))}
	}
}

func emptiness(p Frame) string {
	switch {
	case p.Answering == 0:
		return "Nothing to show yet."
	case len(p.Rows) == 0:
		return "No requests yet."
	}
	return "No route matches; escape clears the filter."
}

func (v *View) table(rows []Row, width, room int) []Line {
	room = max(room-1, 0) // the head
	at := v.at(rows)
	v.scroll(at, len(rows), max(room, 1))
	part := rows[v.top:min(v.top+room, len(rows))]
	l := lay(part, v.Order, width)
	lines := []Line{l.headLine()}
	for i, r := range part {
		lines = append(lines, l.rowLine(r, v.top+i == at))
	}
	return lines
}

// footer shows the keys, or the filter while it is typed, in a few lines.
func (v *View) footer(p Frame, width, most int) []Line {
	if v.typing {
		return []Line{line(bold, "/"+v.filter+"▏").and(faint, "  enter applies, escape cancels")}
	}
	texts := []string{"? help", "q quit", "/ filter", "s < > sort", "r reverse", "enter statuses", "p pause", "↑ ↓ move"}
	if v.open {
		texts = []string{"? help", "q quit", "escape back", "p pause"}
	}
	state := fmt.Sprintf("%d routes", len(p.Rows))
	if v.filter != "" {
		state = fmt.Sprintf("filter %s: %d of %s", visible(v.filter), len(sorted(p.Rows, v.Order, v.filter)), state)
	}
	lines := words(faint, width, append([]string{state}, texts...)...)
	return lines[:min(len(lines), most)]
}
