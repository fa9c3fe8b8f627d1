package top

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// An Order is the sort order of the rows.
type Order struct {
	Column   string
	Reversed bool // opposite of the column's default
}

// FirstOrder sorts the worst routes first and the quiet ones last. It is stable across
// refreshes.
var FirstOrder = Order{Column: "state"}

// sorted returns the rows that contain every word of the filter. Rows that are not routes,
// and missing numbers, are last in either order.
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
			boolean(a.NotRoute != "")-boolean(b.NotRoute != ""),
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

// matches reports whether the displayed method, path and state contain every word of the
// filter.
func matches(filter string, r Row) bool {
	if filter == "" {
		return true
	}
	text := strings.ToLower(visible(r.Method + " " + r.Path + " " + r.State.String()))
	return !slices.ContainsFunc(strings.Fields(strings.ToLower(filter)), func(word string) bool { return !strings.Contains(text, word) })
}
