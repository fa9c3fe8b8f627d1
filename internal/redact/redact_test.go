package redact

import (
	"strings"
	"testing"
)

func TestURL(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"http://h/@x":                 "http://h/@x",
		"http://h:1/m?mail=a@b":       "http://h:1/m?mail=a@b",
		":8080":                       ":8080",
		"http://ann:secret@h:1/m?a=b": "http://ann:xxxxx@h:1/m?a=b",
		"http://ann:secret@h/@x":      "http://ann:xxxxx@h/@x",
		"HTTP://ann:@h":               "HTTP://ann:xxxxx@h",
		"https://secret@h":            "https://xxxxx@h",
		"ftp://ann:secret@h":          "ftp://ann:xxxxx@h",
		"ann:secret@h:1":              "ann:xxxxx@h:1",
		"shop=http://ann:secret@h":    "shop=http://ann:xxxxx@h",
		"http://ann:sec ret@h /":      "http://ann:xxxxx@h /",
		"http://ann:sec%zzret@h":      "http://ann:xxxxx@h",
		"http://ann:sec/ret@h/x":      "http://ann:xxxxx@h/x",
		"http://ann:sec@ret@h:x":      "http://ann:xxxxx@h:x",
		"http://ann:secret@h:x/y":     "http://ann:xxxxx@h:x/y",
	} {
		if got := URL(text); got != want || strings.Contains(got, "secret") {
			t.Errorf("URL(%q) is %q, want %q", text, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"mail ann@example.org":                             "mail ann@example.org",
		`Post "http://ann:secret@h:1/x": refused`:          `Post "http://ann:xxxxx@h:1/x": refused`,
		"http://ann:secret@a, then https://secret@b/m?@":   "http://ann:xxxxx@a, then https://xxxxx@b/m?@",
		"the page http://h/x says mail ann@example.org":    "the page http://h/x says mail ann@example.org",
		"http://h says it, and ann@example.org repeats it": "http://h says it, and ann@example.org repeats it",
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) is %q, want %q", text, got, want)
		}
	}
}
