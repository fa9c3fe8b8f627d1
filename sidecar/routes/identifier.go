package routes

import "strings"

const (
	minHash  = 8  // characters of a hexadecimal hash
	minToken = 20 // characters of a token with several digits
	maxWord  = 48 // characters of anything that may be a name
)

// looksLikeID reports whether a segment of a path is an identifier rather than a name: a number, a
// UUID, a hash, a date, an e-mail address, or a long token.
func looksLikeID(text string) bool {
	return isNumber(text) || isUUID(text) || isHash(text) || isDate(text) || isEmail(text) || isToken(text)
}

// isNumber accepts 7, -7, 3.5 and 2,7, as in coordinates.
func isNumber(s string) bool {
	return consistsOf(s, func(c byte) bool { return isDigit(c) || c == '-' || c == '.' || c == ',' }) && strings.ContainsAny(s, "0123456789")
}

// isHash requires a digit, because words such as "facade" are hexadecimal as well.
func isHash(s string) bool {
	return len(s) >= minHash && consistsOf(s, isHex) && strings.ContainsAny(s, "0123456789")
}

// isDate accepts 2026-11-28 and what begins with it, such as 2026-11-28T10:00:00Z.
func isDate(s string) bool {
	const layout = "2026-11-28"
	if len(s) < len(layout) {
		return false
	}
	for i := range len(layout) {
		if (layout[i] == '-') != (s[i] == '-') || layout[i] != '-' && !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func isEmail(s string) bool {
	before, after, ok := strings.Cut(s, "@")
	return ok && before != "" && strings.Contains(after, ".")
}

// isToken accepts what is too long for a name, or long with several digits. One or two digits are
// common in names, such as export-monthly-report-v2.
func isToken(s string) bool {
	const fewDigits = 2
	if len(s) > maxWord {
		return true
	}
	count := 0
	for i := range len(s) {
		if isDigit(s[i]) {
			count++
		}
	}
	return len(s) >= minToken && count > fewDigits
}
