package labelvalue

import (
	"strings"
	"testing"
)

func TestLabels(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"plain", "/users/{id}", "/users/{id}"},
		{"bad UTF-8", "/a\xff\xfeb", "/a\uFFFDb"},
		{"long", strings.Repeat("a", 1000), strings.Repeat("a", MaxBytes)},
		{"cut between runes", strings.Repeat("a", MaxBytes-1) + "ä", strings.Repeat("a", MaxBytes-1)},
		{"long and bad", strings.Repeat("\xff", 1000), "\uFFFD"},
	} {
		if got := Clean(test.in); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	for status, want := range map[int]string{200: "OK", 404: "Not Found", 499: "Client Closed Request", 799: "799"} {
		if got := Status(status, true); got != want {
			t.Errorf("text of %d is %q, want %q", status, got, want)
		}
	}
}
