// Package labelvalue makes the values of labels valid, short and limited in number, in memory of
// their own. The root package, internal/engine, internal/store and internal/labelset use it. It
// must not depend on requests.
package labelvalue

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	otherMethod = "OTHER"

	// Overflow replaces the values beyond a limit.
	Overflow = "__overflow__"

	// Other replaces values that were not declared.
	Other = "other"
)

// MaxBytes is the maximum length of a recorded label value. Prometheus itself has no limit, but
// every scrape contains every value in full.
const MaxBytes = 256

// StandardMethods are the methods of RFC 9110 and PATCH (RFC 5789). Method 0 is
// OTHER.
var StandardMethods = []string{
	otherMethod, http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace,
}

// Methods maps request methods to small numbers. Method names are
// case-sensitive (RFC 9110, section 9.1), so "get" is OTHER.
type Methods struct {
	Names []string
	extra map[string]int
}

// NewMethods returns the standard methods and additional ones.
func NewMethods(extra []string) Methods {
	m := Methods{Names: append([]string(nil), StandardMethods...), extra: map[string]int{}}
	for _, name := range extra {
		if m.Index(name) == 0 && name != otherMethod {
			m.extra[name] = len(m.Names)
			m.Names = append(m.Names, name)
		}
	}
	return m
}

// Index returns the method's number, 0 for an unknown method.
func (m *Methods) Index(method string) int {
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

// clientClosedRequest is nginx's status for a client that disconnected.
const clientClosedRequest = 499

// Status returns the label value of a status.
func Status(status int, asText bool) string {
	if status == OverflowStatus {
		return Overflow
	}
	if asText {
		if status == clientClosedRequest {
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

// StatusClass returns the class of a status, such as 2xx.
func StatusClass(status int) string {
	switch {
	case status == OverflowStatus:
		return Overflow
	case 100 <= status && status < 600:
		return statusClasses[status/100]
	}
	return Other
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

// Fits reports whether a string is a valid label value unchanged.
func Fits(s string) bool { return len(s) <= MaxBytes && utf8.ValidString(s) }

// Clean makes a string a valid label value: valid UTF-8, not too long, and in memory of its own,
// because some frameworks reuse the buffers of their strings.
func Clean(s string) string {
	if Fits(s) {
		return strings.Clone(s)
	}
	s = strings.ToValidUTF8(s[:min(len(s), 4*MaxBytes)], "\uFFFD")
	if len(s) <= MaxBytes {
		return s
	}
	cut := MaxBytes
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.Clone(s[:cut])
}

// OverflowStatus represents __overflow__ among the statuses.
const OverflowStatus = -1

// Join joins label values to a key. Values are valid UTF-8 and never contain the separator byte.
func Join(key []byte, values []string) []byte {
	for _, v := range values {
		key = append(append(key, v...), 0xff)
	}
	return key
}
