package top

import "fmt"

// detail shows the full path and the statuses of one route.
func (v *View) detail(p Frame, width int) []Line {
	if v.chosen == nil {
		return nil
	}
	for _, r := range p.Rows {
		if r.Route == *v.chosen {
			return detailOf(r, p, width)
		}
	}
	return []Line{line(normal, cut(v.chosen.Method+" "+v.chosen.Path, width)), line(normal, "This route is gone.")}
}

func detailOf(r Row, p Frame, width int) []Line {
	lines := wrap(routeText(r), width, mostPathLines)
	for i := range lines {
		lines[i][0].style = bold
	}
	lines = append(lines, words(normal, width,
		rate(r.Rate)+" req/s", "errors "+ratio(r.ErrorRatio), "p50 "+quantile(r.P50, r.bounds),
		"p95 "+quantile(r.P95, r.bounds), "p99 "+quantile(r.P99, r.bounds), ratio(r.Share)+" of total time")...)
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
	name, escape := s.Name, normal
	if name == "" {
		name = "(unknown)"
	}
	if s.Error {
		escape = red
	}
	text := "  " + left(name, 24) + right(rate(s.Rate), 8) + right(ratio(s.Share), 10) + right(count(s.Requests), 12)
	if s.Error {
		text += "  error"
	}
	return line(escape, text)
}

// mostPathLines is enough for any hand-written route.
const mostPathLines = 6

// wrap breaks untrusted text into lines.
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
	{"s or >, <", "sort by the next or the previous column"},
	{"1 to 9", "sort by the n-th column"},
	{"r", "reverse the order"},
	{"/", "filter: show the routes that contain every word"},
	{"enter", "show the statuses and the full path of a route"},
	{"p", "pause; scraping continues"},
	{"escape", "back; clear the filter"},
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
	return append(lines, Line{}, line(faint, "  Press any key to go back."))
}
