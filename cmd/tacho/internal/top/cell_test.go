package top

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"/users/:id":            "/users/:id",
		"/größe/用户":             "/größe/用户",
		"\x1b[2J\x1b]0;x\x07":   `\u001b[2J\u001b]0;x\u0007`,
		"a\nb\rc\td":            `a\nb\rc\td`,
		"\u202egnp.exe\u2066":   `\u202egnp.exe\u2066`,
		"a\u200bb\ufeffc\u00ad": `a\u200bb\ufeffc\u00ad`,
		"\u009b31m":             `\u009b31m`,
		"\xff\xc3(":             `\xff\xc3(`,
		"e\u0301":               "e\u0301",
		"e\u0301\u0301\u0301":   "e\u0301\u0301" + `\u0301`,
		"\u0301":                `\u0301`,
		"❤\ufe0f":               "❤" + `\ufe0f`,
		"\u3164\u2800":          `\u3164\u2800`,
		"\U000e0041":            `\U000e0041`,
		"a\u00a0b\u3000":        `a\u00a0b\u3000`,
	} {
		if got := visible(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"/users", 6, "/users"}, {"/users", 5, "/use…"}, {"/users", 1, "…"}, {"/users", 0, ""}, {"/users", -1, ""},
		{"用户用户", 8, "用户用户"}, {"用户用户", 7, "用户用…"}, {"用户用户", 6, "用户…"}, {"用", 1, "…"},
		{"\n\n", 3, `\n…`}, {strings.Repeat("x", 5000), 4, "xxx…"}, {strings.Repeat("e\u0301", 5000), 3, "e\u0301e\u0301…"},
		{"", 3, ""},
	} {
		if got := cut(c.text, c.width); got != c.want {
			t.Errorf("%.20q in %d columns is %q, want %q", c.text, c.width, got, c.want)
		}
	}
	if l, r := left("ab", 4), right("ab", 4); l != "ab  " || r != "  ab" {
		t.Errorf("left %q, right %q", l, r)
	}
}

// FuzzCell: for any label value, a cell is one line of its width without control
// sequences, and stays the same when it is formatted again.
func FuzzCell(f *testing.F) {
	for _, seed := range []string{"/users/:id", "\x1b[2J", "\u202e", "用户", "e\u0301\u0301\u0301", "\xff", strings.Repeat("\u0301", 40), "👩\u200d🚀"} {
		f.Add(seed, 10)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		n = min(max(n, -5), 300)
		got := cut(text, n)
		if w := columns(got); w > max(n, 0) {
			t.Fatalf("cut(%q, %d) takes %d columns: %q", text, n, w, got)
		}
		if w := columns(left(text, n)); n >= 0 && w != n {
			t.Fatalf("left(%q, %d) takes %d columns", text, n, w)
		}
		if !utf8.ValidString(got) {
			t.Fatalf("cut(%q, %d) is no UTF-8: %q", text, n, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) {
				t.Fatalf("cut(%q, %d) has %U: %q", text, n, r, got)
			}
		}
		if again := visible(got); again != got {
			t.Fatalf("shown twice it is %q, once %q", again, got)
		}
		if whole := visible(text); columns(whole) <= n && got != whole {
			t.Fatalf("cut(%q, %d) is %q, though all of it has room", text, n, got)
		}
	})
}
