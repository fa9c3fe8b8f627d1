// Package redact hides the passwords of URLs in what people read.
package redact

import (
	"net/url"
	"regexp"
	"strings"
)

// hidden stands for a password, as in [url.URL.Redacted].
const hidden = "xxxxx"

// URL returns a text that is meant to be a URL, without its password, even where it is not
// a valid one. A user without a password is hidden too: it may be a token.
func URL(text string) string {
	begin, end := userinfo(text)
	if end < 0 {
		return text
	}
	return text[:begin] + hide(text[begin:end]) + text[end:]
}

// userinfo is where the text has user and password; end is -1 if it has none. Where it is
// no URL, an unescaped character of the password may be the reason: then all before the last @ is
// taken for it.
func userinfo(text string) (begin, end int) {
	if i := strings.Index(text, "://"); i >= 0 {
		begin = i + len("://")
	}
	rest := text[begin:]
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			rest = rest[:i]
		}
	}
	if end = strings.LastIndex(rest, "@"); end >= 0 {
		end += begin
	}
	return begin, end
}

func hide(userinfo string) string {
	user, _, password := strings.Cut(userinfo, ":")
	if !password {
		return hidden
	}
	return user + ":" + hidden
}

var inText = regexp.MustCompile(`://[^/?#@\s"'<>]+@`)

// Text returns a text without the passwords of the URLs in it.
func Text(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	return inText.ReplaceAllStringFunc(text, func(s string) string {
		return "://" + hide(s[len("://"):len(s)-1]) + "@"
	})
}
