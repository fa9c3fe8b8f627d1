package top

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
)

// pictureOf has routes /r00 and so on; the later, the more requests.
func pictureOf(n int) Frame {
	p := Frame{URLs: []string{"http://a/metrics"}, Answering: 1, Interval: 2 * time.Second, Window: 2 * time.Second, Scraped: began, Schemas: []string{"default"}}
	p.Total = Row{Rate: 7, P50: nan, P95: nan, P99: nan, ErrorRatio: 0, InFlight: 3}
	for i := range n {
		p.Rows = append(p.Rows, Row{
			Route: Route{"GET", fmt.Sprintf("/r%02d", i)}, State: OK, Rate: float64(i), P95: 0.1, InFlight: nan, bounds: bounds{nan, nan},
			Statuses: []Status{{Name: "200", Rate: 1, Share: 0.75, Requests: 3}, {Name: "503", Error: true, Rate: 0.3, Share: 0.25, Requests: 1}},
		})
	}
	return p
}

// pressed returns the screen after keys, one by one.
func pressed(v *View, p Frame, keys ...Key) string {
	for _, k := range keys {
		v.Lines(p, began, 80, 12)
		v.Press(k, p)
	}
	return texts(v.Lines(p, began, 80, 12))
}

// chosen is the row with the mark.
func chosen(screen string) string {
	for l := range strings.Lines(screen) {
		if rest, ok := strings.CutPrefix(l, "> "); ok {
			return strings.Fields(rest)[1]
		}
	}
	return ""
}

func TestKeys(t *testing.T) {
	for name, c := range map[string]struct {
		keys   []Key
		chosen string
		has    string
	}{
		"at first":            {nil, "/r00", "route"},
		"down":                {[]Key{"j", KeyDown, "k", KeyDown}, "/r02", ""},
		"above the first":     {[]Key{"k"}, "/r00", ""},
		"the last":            {[]Key{"G", "j"}, "/r19", ""},
		"and back":            {[]Key{"G", "g"}, "/r00", ""},
		"a page":              {[]Key{" "}, "/r06", ""},
		"by another column":   {[]Key{">", "s"}, "/r19", "req/s▼"},
		"back":                {[]Key{"3", "<"}, "/r00", "route▲"},
		"by number":           {[]Key{"3"}, "/r19", "req/s▼"},
		"reversed":            {[]Key{"3", "r"}, "/r00", "req/s▲"},
		"follows the route":   {[]Key{"j", "j", "p", "p"}, "/r02", ""},
		"a filter":            {[]Key{"/", "r", "1", "7"}, "/r17", "/r17▏"},
		"a filter, kept":      {[]Key{"/", "1", "7", KeyEnter}, "/r17", "filter 17: 1 of 20 routes"},
		"a filter, not kept":  {[]Key{"/", "1", "7", KeyEscape}, "/r00", "20 routes"},
		"a filter, erased":    {[]Key{"/", "1", "7", KeyErase, KeyErase, KeyErase}, "/r00", ""},
		"a filter, cleared":   {[]Key{"/", "1", "7", KeyClear, KeyEnter}, "/r00", ""},
		"a filter, given up":  {[]Key{"/", "1", "7", KeyEnter, KeyEscape}, "/r00", "20 routes"},
		"a filter of nothing": {[]Key{"/", "x", KeyEnter}, "", "No route matches"},
		"q in a filter":       {[]Key{"/", "q"}, "", "/q▏"},
		"statuses":            {[]Key{"j", KeyEnter}, "", "0.30     25.0%           1  error"},
		"and back again":      {[]Key{"j", KeyEnter, KeyEscape}, "/r01", ""},
		"enter goes back":     {[]Key{"j", KeyEnter, KeyEnter}, "/r01", ""},
		"pause":               {[]Key{"p"}, "/r00", "PAUSED"},
		"help":                {[]Key{"?"}, "", "sort by the n-th column"},
		"help, left":          {[]Key{"?", "x"}, "/r00", ""},
	} {
		screen := pressed(&View{Order: FirstOrder}, pictureOf(20), c.keys...)
		if chosen(screen) != c.chosen || !strings.Contains(screen, c.has) {
			t.Errorf("%s: chosen %q, want %q; and %q in\n%s", name, chosen(screen), c.chosen, c.has, screen)
		}
	}
}

func TestQuit(t *testing.T) {
	for name, c := range map[string]struct {
		keys []Key
		quit bool
	}{
		"q": {[]Key{"q"}, true}, "ctrl-c": {[]Key{KeyBreak}, true}, "j": {[]Key{"j"}, false},
		"q in a filter": {[]Key{"/", "q"}, false}, "ctrl-c in a filter": {[]Key{"/", KeyBreak}, true},
		"q in the help": {[]Key{"?", "q"}, true}, "q in the statuses": {[]Key{KeyEnter, "q"}, true},
	} {
		v, quit := &View{}, false
		for _, k := range c.keys {
			quit = v.Press(k, pictureOf(3))
		}
		if quit != c.quit {
			t.Errorf("%s: %v", name, quit)
		}
	}
}

// TestPause: the screen does not change, but keys still work.
func TestPause(t *testing.T) {
	v := &View{Order: FirstOrder}
	pressed(v, pictureOf(3), "p")
	if screen := pressed(v, pictureOf(9), "G"); !strings.Contains(screen, "3 routes") || chosen(screen) != "/r02" {
		t.Errorf("paused:\n%s", screen)
	}
	if screen := pressed(v, pictureOf(9), "p"); !strings.Contains(screen, "9 routes") {
		t.Errorf("going on:\n%s", screen)
	}
}

// TestGone: a route that is chosen may not be there any more.
func TestGone(t *testing.T) {
	v := &View{Order: FirstOrder}
	pressed(v, pictureOf(9), "G", KeyEnter)
	if screen := texts(v.Lines(pictureOf(3), began, 80, 12)); !strings.Contains(screen, "/r08") || !strings.Contains(screen, "This route is gone") {
		t.Errorf("the screen is\n%s", screen)
	}
	if screen := pressed(v, pictureOf(3), KeyEscape); chosen(screen) != "/r00" {
		t.Errorf("back:\n%s", screen)
	}
}

// hostile lists label values of an attacker.
var hostile = []string{
	"\x1b[2J\x1b[H\x1b]0;owned\x07", "/a\nGET /b 9.99", "\u202e/evil", strings.Repeat("/x", 2500), "\xff\xfe", "用户" + strings.Repeat("e\u0301\u0301\u0301", 99), "",
}

// TestAnySize: at every size the screen has the terminal's number of lines. No line is
// wider than the terminal or contains control sequences, for any label values.
func TestAnySize(t *testing.T) {
	p := pictureOf(4)
	for i, text := range hostile {
		p.Rows = append(p.Rows, Row{Route: Route{text, text + fmt.Sprint(i)}, State: Errors, Rate: 1e9, Statuses: []Status{{Name: text}}})
		p.Problems = append(p.Problems, "http://x/: "+text)
		p.Notes = append(p.Notes, text)
		p.URLs = append(p.URLs, text)
	}
	for _, keys := range [][]Key{nil, {"G"}, {"G", KeyEnter}, {"j", "j", "j", "j", "j", KeyEnter}, {"?"}, {"/", "\x1b", "用"}, {"/", "x", KeyEnter}, {"p"}} {
		v := &View{Order: FirstOrder}
		for _, k := range keys {
			v.Press(k, p)
		}
		for width := 1; width < 200; width += 19 {
			for _, height := range []int{1, 2, 5, 9, 24, 60} {
				checkScreen(t, v.Lines(p, began, width, height), width, height)
			}
		}
	}
}

func checkScreen(t *testing.T, lines []Line, width, height int) {
	t.Helper()
	if len(lines) > height {
		t.Fatalf("%d lines on a screen of %d", len(lines), height)
	}
	for _, l := range lines {
		written := (&terminal{plain: true}).written(l)
		for _, escape := range styles {
			written = strings.ReplaceAll(written, escape, "")
		}
		written = strings.NewReplacer(reverse, "", "\x1b[0m", "").Replace(written)
		if columns(written) > width {
			t.Fatalf("a line of %d columns on a screen of %d: %q", columns(written), width, written)
		}
		if strings.ContainsFunc(written, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }) {
			t.Fatalf("a line has what a terminal obeys: %q", written)
		}
	}
}

// TestColours: red and yellow states are also shown in words; NO_COLOR turns the colors
// off.
func TestColours(t *testing.T) {
	row := Row{Route: Route{"GET", "/a"}, State: Errors, InFlight: nan}
	l := lay([]Row{row}, FirstOrder, 100)
	plain, coloured := (&terminal{plain: true}).written(l.rowLine(row, false)), (&terminal{}).written(l.rowLine(row, false))
	if !strings.Contains(plain, "failing") || strings.Contains(plain, styles[red]) || !strings.Contains(coloured, styles[red]) {
		t.Errorf("without colours %q, with %q", plain, coloured)
	}
}
