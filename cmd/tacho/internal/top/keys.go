package top

import "unicode/utf8"

// A Key is a typed rune, or the name of a special key.
type Key string

// Special keys.
const (
	KeyUp     Key = "up"
	KeyDown   Key = "down"
	KeyPageUp Key = "page up"
	KeyPageDn Key = "page down"
	KeyHome   Key = "home"
	KeyEnd    Key = "end"
	KeyEnter  Key = "enter"
	KeyEscape Key = "escape"
	KeyErase  Key = "backspace"
	KeyClear  Key = "ctrl-u"
	KeyRedraw Key = "ctrl-l"
	KeyBreak  Key = "ctrl-c"
	keyNone   Key = ""
)

// controls are keys that send one byte.
var controls = map[byte]Key{
	'\r': KeyEnter, '\n': KeyEnter, 0x7f: KeyErase, 0x08: KeyErase,
	0x03: KeyBreak, 0x04: KeyBreak, 0x15: KeyClear, 0x0c: KeyRedraw,
	0x0e: KeyDown, 0x10: KeyUp, // ctrl-n, ctrl-p
}

// sequences are keys that send ESC [ or ESC O and these.
var sequences = map[string]Key{
	"A": KeyUp, "B": KeyDown, "H": KeyHome, "F": KeyEnd,
	"5~": KeyPageUp, "6~": KeyPageDn, "1~": KeyHome, "7~": KeyHome, "4~": KeyEnd, "8~": KeyEnd, "M": KeyEnter,
}

// A decoder decodes keys from terminal input. Sequences may arrive in parts.
type decoder struct{ rest []byte }

// feed returns the keys that are complete.
func (d *decoder) feed(b []byte) (keys []Key) {
	d.rest = append(d.rest, b...)
	for len(d.rest) > 0 {
		key, n := next(d.rest)
		if n == 0 {
			break
		}
		if d.rest = d.rest[n:]; key != keyNone {
			keys = append(keys, key)
		}
	}
	return keys
}

// waiting reports whether a pending ESC may be a key or the start of a sequence.
func (d *decoder) waiting() bool { return len(d.rest) > 0 }

// flush returns the pending key after a timeout.
func (d *decoder) flush() (keys []Key) {
	if len(d.rest) > 0 && d.rest[0] == esc {
		keys = []Key{KeyEscape}
	}
	d.rest = nil
	return keys
}

const esc = 0x1b

// next returns the first key and its length; 0 if it is not complete.
func next(b []byte) (Key, int) {
	switch {
	case b[0] == esc:
		return sequence(b)
	case b[0] < ' ' || b[0] == 0x7f:
		return controls[b[0]], 1
	case !utf8.FullRune(b):
		return keyNone, 0
	}
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError {
		return keyNone, n
	}
	return Key(b[:n]), n
}

// longest is the maximum length of a sequence.
const longest = 32

func sequence(b []byte) (Key, int) {
	if len(b) == 1 {
		return keyNone, 0
	}
	if b[1] != '[' && b[1] != 'O' {
		return KeyEscape, 1 // and then the other key
	}
	for i := 2; i < len(b) && i < longest; i++ {
		if b[i] >= '@' && b[i] <= '~' {
			return sequences[string(b[2:i+1])], i + 1
		}
	}
	if len(b) >= longest {
		return keyNone, longest
	}
	return keyNone, 0
}
