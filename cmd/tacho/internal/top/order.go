package top

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// An Order is how rows are sorted.
type Order struct {
	Column   string
	Reversed bool // the other way than the column does by itself
}

// FirstOrder: the worst routes first, the quiet ones last, and otherwise one that does
// not jump at each refresh.
var FirstOrder = Order{Column: "state"}

// sorted returns the rows that have every word of the filter. What is no route
// stays at the end, and so does a missing number, whichever way one sorts.
func sorted(rows []Row, o Order, filter string) []Row {
	i, ok := columnAt(o.Column)
	if !ok {
		i = 0
	}
	c := tableColumns[i]
	sign := 1
	if c.upwards == o.Reversed {
		sign = -1
	}
	var all []Row
	for _, r := range rows {
		if matches(filter, r) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Row) int {
		return cmp.Or(
			boolean(a.Apart != "")-boolean(b.Apart != ""),
			compare(c, a, b, sign),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return all
}

func compare(c column, a, b Row, sign int) int {
	if c.number == nil {
		return sign * cmp.Compare(a.Path, b.Path)
	}
	x, y := c.number(a), c.number(b)
	if math.IsNaN(x) || math.IsNaN(y) {
		return boolean(math.IsNaN(x)) - boolean(math.IsNaN(y))
	}
	return sign * cmp.Compare(x, y)
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// matches reports that a row has every word of the filter in its method, path
// or state, as they are shown.
func matches(filter string, r Row) bool {
	if filter == "" {
		return true
	}
	text := strings.ToLower(visible(r.Method + " " + r.Path + " " + r.State.String()))
	return !slices.ContainsFunc(strings.Fields(strings.ToLower(filter)), func(word string) bool { return !strings.Contains(text, word) })
}
