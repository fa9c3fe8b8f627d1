package top

import (
	"fmt"
	"testing"
)

func TestDecoder(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  string
	}{
		{[]string{"jk"}, "[j k]"},
		{[]string{"\x1b[A\x1bOB"}, "[up down]"},
		{[]string{"\x1b", "[A"}, "[up]"},
		{[]string{"\x1b[", "5", "~q"}, "[page up q]"},
		{[]string{"\x1b"}, "[escape]"},
		{[]string{"\x1bq"}, "[escape q]"},
		{[]string{"\x1b\x1b[B"}, "[escape down]"},
		{[]string{"\x1b[1;5P\x1b[200~x"}, "[x]"},
		{[]string{"\r\x7f\x03\x15"}, "[enter backspace ctrl-c ctrl-u]"},
		{[]string{"\xe7\x94", "\xa8\xffz"}, "[用 z]"},
		{[]string{"\x00\x1c"}, "[]"},
		{[]string{"\x1b[11111111111111111111111111111111111111q"}, "[1 1 1 1 1 1 1 1 q]"},
	} {
		var d decoder
		keys := []Key{}
		for _, p := range c.parts {
			keys = append(keys, d.feed([]byte(p))...)
		}
		keys = append(keys, d.flush()...)
		if got := fmt.Sprint(keys); got != c.want {
			t.Errorf("%q: %s, want %s", c.parts, got, c.want)
		}
	}
}

// FuzzKeys: any input is read to its end.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("\x1b[A\x1b[200~x\x1bOP\xe7"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d decoder
		d.feed(b)
		if len(d.rest) >= longest {
			t.Fatalf("%q leaves %q", b, d.rest)
		}
		d.flush()
		if d.waiting() {
			t.Fatalf("%q leaves %q", b, d.rest)
		}
	})
}
