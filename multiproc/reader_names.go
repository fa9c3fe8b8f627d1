package multiproc

import (
	"strings"
	"unicode/utf8"

	"github.com/tacho-go/tacho/internal/names"
)

// isValidName reports whether a name is valid in the older text format or, with UTF-8 names,
// free of control characters.
func (m *merged) isValidName(name string) bool {
	if m.utf8 {
		return name != "" && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
	}
	return names.Metric(name)
}

func (m *merged) isValidLabel(name string) bool {
	if m.utf8 {
		return m.isValidName(name) && !strings.HasPrefix(name, "__")
	}
	return names.Label(name)
}
