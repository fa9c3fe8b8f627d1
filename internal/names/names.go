// Package names checks names that are written into an exposition unquoted. Nothing escapes such
// a name: an invalid one breaks its line, or the whole scrape. It depends on the standard
// library only; the root package and multiproc use it.
package names

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Metric reports whether a metric name can be written without quotes: letters, digits,
// underscores and colons, not starting with a digit.
func Metric(name string) bool { return classic(name, true) }

// Label reports whether a label name can be written without quotes and is not reserved by
// Prometheus: letters, digits and underscores, starting with neither a digit nor two
// underscores.
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

// Check returns an error if a metric name or a label name is invalid.
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

// Help makes a text valid for a HELP line. Encoders escape everything except invalid UTF-8, for
// which Prometheus rejects a whole scrape.
func Help(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
