package top

// A View is the state of the user interface.
type View struct {
	Order  Order
	filter string
	typing bool // into the filter
	before string

	chosen *Route // nil until the first move: the first row
	top    int    // the first row on the screen
	page   int    // number of visible rows
	open   bool   // the chosen route's statuses
	help   bool
	frozen *Frame // the frame at the pause
}

// shown returns the frame to display.
func (v *View) shown(p Frame) Frame {
	if v.frozen != nil {
		return *v.frozen
	}
	return p
}

// Press handles a key and reports whether it quits.
func (v *View) Press(k Key, latest Frame) (quit bool) {
	if k == KeyBreak {
		return true
	}
	if v.typing {
		v.typed(k)
		return false
	}
	if v.help { // any key leaves it
		v.help = false
		return k == "q"
	}
	if k == "q" {
		return true
	}
	v.command(k, latest)
	return false
}

func (v *View) command(k Key, latest Frame) {
	rows := sorted(v.shown(latest).Rows, v.Order, v.filter)
	switch k {
	case KeyUp, "k":
		v.move(rows, -1)
	case KeyDown, "j":
		v.move(rows, +1)
	case KeyPageUp:
		v.move(rows, -max(v.page, 1))
	case KeyPageDn, " ":
		v.move(rows, +max(v.page, 1))
	case KeyHome, "g":
		v.move(rows, -len(rows))
	case KeyEnd, "G":
		v.move(rows, +len(rows))
	case "s", ">", "<", "r", "1", "2", "3", "4", "5", "6", "7", "8", "9":
		v.sort(k)
	case "/":
		v.typing, v.before = true, v.filter
	case "p":
		v.pause(latest)
	case KeyEnter:
		v.choose(rows)
	case KeyEscape:
		v.escape()
	case "?", "h":
		v.help = true
	}
}

// at returns the index of the selected route, or 0 if there is none.
func (v *View) at(rows []Row) int {
	for i, r := range rows {
		if v.chosen != nil && r.Route == *v.chosen {
			return i
		}
	}
	return 0
}

func (v *View) move(rows []Row, by int) {
	if len(rows) == 0 || v.open {
		return
	}
	i := min(max(v.at(rows)+by, 0), len(rows)-1)
	v.chosen = &rows[i].Route
}

// sort changes the order and selects the first row.
func (v *View) sort(k Key) {
	i, _ := columnAt(v.Order.Column)
	n := len(tableColumns)
	switch k {
	case "r":
		v.Order.Reversed = !v.Order.Reversed
	case "s", ">":
		v.Order = Order{Column: tableColumns[(i+1)%n].id}
	case "<":
		v.Order = Order{Column: tableColumns[(i+n-1)%n].id}
	default:
		v.Order = Order{Column: tableColumns[int(k[0]-'1')%n].id}
	}
	v.chosen, v.top = nil, 0
}

func (v *View) pause(latest Frame) {
	if v.frozen != nil {
		v.frozen = nil
		return
	}
	v.frozen = &latest
}

func (v *View) choose(rows []Row) {
	switch {
	case v.open:
		v.open = false
	case len(rows) > 0:
		v.chosen, v.open = &rows[v.at(rows)].Route, true
	}
}

// escape closes the detail view, or clears the filter.
func (v *View) escape() {
	switch {
	case v.open:
		v.open = false
	case v.filter != "":
		v.filter, v.top = "", 0
	}
}

// typed edits the filter, which applies immediately.
func (v *View) typed(k Key) {
	switch k {
	case KeyEnter:
		v.typing = false
	case KeyEscape:
		v.typing, v.filter = false, v.before
	case KeyClear:
		v.filter = ""
	case KeyErase:
		if letters := []rune(v.filter); len(letters) > 0 {
			v.filter = string(letters[:len(letters)-1])
		}
	default:
		if len([]rune(string(k))) == 1 {
			v.filter += string(k)
		}
	}
	v.top = 0
}

// scroll keeps the selected row visible.
func (v *View) scroll(at, rows, page int) {
	v.page = page
	v.top = min(max(v.top, at-page+1), at)
	v.top = max(0, min(v.top, rows-page))
}
