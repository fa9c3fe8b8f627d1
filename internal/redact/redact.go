// Package redact hides passwords in URLs.
package redact

import (
	"net/url"
	"strings"

	"github.com/tacho-go/tacho/internal/lazyregexp"
)

// hidden replaces a password, as in [url.URL.Redacted].
const hidden = "xxxxx"

// URL returns a URL without its password, even if it is invalid. A user without a password
// is hidden too, because it may be a token.
func URL(text string) string {
	begin, end := userinfo(text)
	if end < 0 {
		return text
	}
	return text[:begin] + hide(text[begin:end]) + text[end:]
}

// userinfo returns the position of user and password; end is -1 if there are none. In an
// invalid URL, the cause may be an unescaped character in the password, so everything
// before the last @ counts as userinfo.
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

var inText = lazyregexp.New(`://[^/?#@\s"'<>]+@`)

// Text returns a text with the passwords of all URLs hidden.
func Text(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	return inText.ReplaceAllStringFunc(text, func(s string) string {
		return "://" + hide(s[len("://"):len(s)-1]) + "@"
	})
}
