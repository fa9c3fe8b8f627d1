package tacho

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Values of the route label that are no template.
const (
	// Unmatched is the route of every request for which the router found no
	// route (404, 405), whatever its path.
	Unmatched = "unmatched"
	// Unknown is the route of every request for which no router was in sight.
	Unknown = "unknown"
)

const (
	otherMethod   = "OTHER"
	overflowValue = "__overflow__"

	// StatusClientClosedRequest is recorded when the client hung up before a
	// status was written and the response was lost. The code is nginx's; it is
	// never sent.
	StatusClientClosedRequest = 499
)

// maxLabelBytes is the longest label value that we record. Prometheus itself
// has no limit, but a scrape carries every value in full.
const maxLabelBytes = 256

// The methods of RFC 9110 and PATCH (RFC 5789). Method 0 is OTHER.
var standardMethods = []string{
	otherMethod, http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace,
}

// methods maps request methods to small numbers. Method names are
// case-sensitive (RFC 9110, section 9.1), so "get" is OTHER.
type methods struct {
	names []string
	extra map[string]int
}

func newMethods(extra []string) methods {
	m := methods{names: append([]string(nil), standardMethods...), extra: map[string]int{}}
	for _, name := range extra {
		if m.index(name) == 0 && name != otherMethod {
			m.extra[name] = len(m.names)
			m.names = append(m.names, name)
		}
	}
	return m
}

// index returns the method's number, 0 for those we do not know.
func (m *methods) index(method string) int {
	switch method {
	case http.MethodGet:
		return 1
	case http.MethodHead:
		return 2
	case http.MethodPost:
		return 3
	case http.MethodPut:
		return 4
	case http.MethodPatch:
		return 5
	case http.MethodDelete:
		return 6
	case http.MethodConnect:
		return 7
	case http.MethodOptions:
		return 8
	case http.MethodTrace:
		return 9
	}
	return m.extra[method]
}

// statusLabel is the status as the label shows it.
func statusLabel(status int, asText bool) string {
	if status == overflowStatus {
		return overflowValue
	}
	if asText {
		if status == StatusClientClosedRequest {
			return "Client Closed Request"
		}
		if text := http.StatusText(status); text != "" {
			return text
		}
	}
	if 0 <= status && status < len(statusNumbers) {
		return statusNumbers[status]
	}
	return strconv.Itoa(status)
}

// statusClass is the class of a status, such as 2xx.
func statusClass(status int) string {
	switch {
	case status == overflowStatus:
		return overflowValue
	case 100 <= status && status < 600:
		return statusClasses[status/100]
	}
	return otherValue
}

var statusClasses = [...]string{1: "1xx", 2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}

// statusNumbers are the numbers as strings: scrapes need them for every label
// set.
var statusNumbers = func() (s [600]string) {
	for i := range s {
		s[i] = strconv.Itoa(i)
	}
	return s
}()

// fitsLabel reports whether a label shows a string as it is.
func fitsLabel(s string) bool { return len(s) <= maxLabelBytes && utf8.ValidString(s) }

// cleanLabel makes a string fit for a label: valid UTF-8, not too long, and in
// memory of its own, since some frameworks reuse the buffers of their strings.
func cleanLabel(s string) string {
	if fitsLabel(s) {
		return strings.Clone(s)
	}
	s = strings.ToValidUTF8(s[:min(len(s), 4*maxLabelBytes)], "\uFFFD")
	if len(s) <= maxLabelBytes {
		return s
	}
	cut := maxLabelBytes
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.Clone(s[:cut])
}
