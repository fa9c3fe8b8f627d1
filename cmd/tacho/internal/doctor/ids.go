package doctor

import (
	"strings"

	"github.com/tacho-go/tacho/internal/lazyregexp"
)

// An idKind is a shape that only identifiers have.
type idKind string

// The kinds of identifiers. A digest is a long hexadecimal number, a token
// other long random text.
const (
	noID      idKind = ""
	numberID  idKind = "number"
	uuidID    idKind = "UUID"
	digestID  idKind = "hex"
	tokenID   idKind = "token"
	momentID  idKind = "timestamp"
	addressID idKind = "e-mail address"
)

var (
	uuidShape   = lazyregexp.New(`^(?i)\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$`)
	momentShape = lazyregexp.New(`^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}`)
	mailShape   = lazyregexp.New(`^[^@\s/]+(@|%40)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	hexShape    = lazyregexp.New(`^(?i)(0x)?[0-9a-f]{12,}$`)
	tokenShape  = lazyregexp.New(`^[A-Za-z0-9_-]{16,}$`)
	jwtShape    = lazyregexp.New(`^eyJ[\w-]+\.[\w-]+\.[\w-]+$`)
	digitsShape = lazyregexp.New(`^\d+$`)
	// unixShape is a Unix time between 2001 and 2065, in seconds or in
	// finer units.
	unixShape = lazyregexp.New(`^[1-2]\d{9}(\d{3}|\d{6}|\d{9})?$`)
)

// idKindOf returns the kind of a value, or of a path segment, that is an ID.
func idKindOf(s string) idKind {
	switch {
	case s == "" || strings.ContainsAny(s, "{}<>*:") && !uuidShape.MatchString(s) && !momentShape.MatchString(s):
		return noID // the placeholder of a template
	case unixShape.MatchString(s), momentShape.MatchString(s):
		return momentID
	case digitsShape.MatchString(s):
		return numberID
	case uuidShape.MatchString(s):
		return uuidID
	case mailShape.MatchString(s):
		return addressID
	case hexShape.MatchString(s) && hasDigitAndLetter(s):
		return digestID
	case jwtShape.MatchString(s), tokenShape.MatchString(s) && isJumbled(s):
		return tokenID
	}
	return noID
}

func hasDigitAndLetter(s string) bool {
	return strings.ContainsAny(s, "0123456789") && strings.ContainsAny(s, "abcdefABCDEF")
}

// isJumbled distinguishes random text from words: random text has uppercase letters,
// lowercase letters and digits, and alternates every few characters.
func isJumbled(s string) bool {
	classes, changes, last := map[byte]bool{}, 0, byte(0)
	for i := range len(s) {
		class := classOf(s[i])
		if class != last && last != 0 {
			changes++
		}
		classes[class], last = true, class
	}
	return classes['A'] && classes['a'] && classes['0'] && changes*3 >= len(s)
}

func classOf(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return '0'
	case c >= 'A' && c <= 'Z':
		return 'A'
	case c >= 'a' && c <= 'z':
		return 'a'
	}
	return '-'
}

// pathShape replaces the IDs in a path with their kind: "/users/17" becomes
// "/users/{number}". kind is the kind of the last ID, or noID.
func pathShape(path string) (shape string, kind idKind) {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if k := idKindOf(s); k != noID {
			segments[i], kind = "{"+string(k)+"}", k
		}
	}
	return strings.Join(segments, "/"), kind
}
