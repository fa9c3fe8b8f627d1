package top

import "fmt"

// detail shows one route: its whole path, and its statuses.
func (v *View) detail(p Picture, width int) []Line {
	if v.chosen == nil {
		return nil
	}
	for _, r := range p.Rows {
		if r.Route == *v.chosen {
			return detailOf(r, p, width)
		}
	}
	return []Line{line(normal, cut(v.chosen.Method+" "+v.chosen.Path, width)), line(normal, "It is not there any more.")}
}

func detailOf(r Row, p Picture, width int) []Line {
	lines := wrap(routeText(r), width, mostPathLines)
	for i := range lines {
		lines[i][0].style = bold
	}
	lines = append(lines, words(normal, width,
		rate(r.Rate)+" req/s", "errors "+ratio(r.ErrorRatio), "p50 "+quantile(r.P50, r.bounds),
		"p95 "+quantile(r.P95, r.bounds), "p99 "+quantile(r.P99, r.bounds), ratio(r.Share)+" of the time")...)
	lines = append(lines, Line{}, line(bold, "  "+left("status", 24)+right("req/s", 8)+right("share", 10)+right("requests", 12)))
	for _, s := range r.Statuses {
		lines = append(lines, statusLine(s))
	}
	if p.AllTime {
		return append(lines, Line{}, line(faint, "since the start of the process"))
	}
	return append(lines, Line{}, line(faint, "in the last "+span(p.Window)))
}

func statusLine(s Status) Line {
	name, look := s.Name, normal
	if name == "" {
		name = "(not said)"
	}
	if s.Error {
		look = red
	}
	text := "  " + left(name, 24) + right(rate(s.Rate), 8) + right(ratio(s.Share), 10) + right(count(s.Requests), 12)
	if s.Error {
		text += "  error"
	}
	return line(look, text)
}

// mostPathLines is enough for any route that somebody wrote.
const mostPathLines = 6

// wrap breaks a foreign text into lines.
func wrap(text string, width, most int) []Line {
	var lines []Line
	rest := []rune(cut(text, width*most))
	for len(rest) > 0 && len(lines) < most {
		n, room := 0, width
		for n < len(rest) && (n == 0 || columnsOf(rest[n]) <= room) {
			room -= columnsOf(rest[n])
			n++
		}
		lines = append(lines, line(normal, string(rest[:n])))
		rest = rest[n:]
	}
	return lines
}

var helpKeys = [][2]string{
	{"↑ ↓ j k, page, g G", "move"},
	{"s or >, <", "sort by the next column, by the one before"},
	{"1 to 9", "sort by that column"},
	{"r", "the other way round"},
	{"/", "show the routes that have all these words"},
	{"enter", "the statuses of a route, and its whole path"},
	{"p", "pause; scrapes go on"},
	{"escape", "back; clears the filter"},
	{"q, ctrl-c", "quit"},
}

func helpLines(width int) []Line {
	var lines []Line
	for _, k := range helpKeys {
		lines = append(lines, line(bold, "  "+left(k[0], 22)).and(normal, k[1]))
	}
	lines = append(lines, Line{})
	for i, c := range tableColumns {
		lines = append(lines, line(bold, fmt.Sprintf("  %d %s", i+1, left(c.head, 20))).and(normal, c.means))
	}
	return append(lines, Line{}, line(faint, "  Any key goes back."))
}
