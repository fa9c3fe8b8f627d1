package lazyregexp

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRegexp: each method returns what that of regexp.Regexp does.
func TestRegexp(t *testing.T) {
	const expression, text = `([a-z])(\d)`, "a1 b2 C3"
	r, want := New(expression), regexp.MustCompile(expression)
	for _, s := range []string{text, "none"} {
		if got := r.MatchString(s); got != want.MatchString(s) {
			t.Errorf("MatchString(%q) is %v", s, got)
		}
	}
	if got := r.FindStringSubmatch(text); !slices.Equal(got, want.FindStringSubmatch(text)) {
		t.Errorf("FindStringSubmatch: %q", got)
	}
	if got := r.FindAllStringSubmatch(text, 1); !slices.EqualFunc(got, want.FindAllStringSubmatch(text, 1), slices.Equal) {
		t.Errorf("FindAllStringSubmatch: %q", got)
	}
	if got := r.ReplaceAllStringFunc(text, strings.ToUpper); got != want.ReplaceAllStringFunc(text, strings.ToUpper) {
		t.Errorf("ReplaceAllStringFunc: %q", got)
	}
}

// TestLazy: an expression is compiled at its first use, not before, and once.
func TestLazy(t *testing.T) {
	wrong := New("(")
	defer func() {
		if recover() == nil {
			t.Error("an invalid expression does not panic at its first use")
		}
	}()
	r := New("a")
	if first := r.compiled(); r.compiled() != first {
		t.Error("an expression is compiled twice")
	}
	wrong.MatchString("a")
}
