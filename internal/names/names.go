// Package names checks the names that are written into an exposition as they
// are. Nothing escapes a classic name: one that is not valid ends the line that
// it stands in, or the whole scrape.
package names

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Metric reports whether a metric's name can be written without quotes: letters,
// digits, underscores and colons, not beginning with a digit.
func Metric(name string) bool { return classic(name, true) }

// Label reports whether a label's name can be written without quotes and is not
// one of Prometheus's own: letters, digits and underscores, beginning with
// neither a digit nor two underscores.
func Label(name string) bool { return classic(name, false) && !strings.HasPrefix(name, "__") }

func classic(name string, colons bool) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case '0' <= c && c <= '9' && i > 0:
		case c == ':' && colons:
		default:
			return false
		}
	}
	return name != ""
}

// Check reports what is wrong with the names of a metric and its labels.
func Check(metric string, labels ...string) error {
	if !Metric(metric) {
		return fmt.Errorf("%q is not a valid metric name (letters, digits and underscores, not beginning with a digit)", metric)
	}
	seen := make(map[string]bool, len(labels))
	for _, l := range labels {
		if !Label(l) {
			return fmt.Errorf("%q is not a valid label name (letters, digits and underscores, not beginning with a digit or with __)", l)
		}
		if seen[l] {
			return fmt.Errorf("%s has the label %s twice", metric, l)
		}
		seen[l] = true
	}
	return nil
}

// Help makes a text fit for a HELP line, whose encoders escape everything but
// bytes that are not UTF-8. Prometheus refuses a whole scrape for one of these.
func Help(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
