package main

import (
	"cmp"
	"strings"

	"github.com/tacho-go/tacho/verdict"
)

// languageOf is the language of a demo's sentences: that of the user's locale, as POSIX finds it.
func languageOf(getenv func(string) string) verdict.Language {
	locale := cmp.Or(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG")) // such as zh_CN.UTF-8
	name, _, _ := strings.Cut(locale, ".")
	if l, known := verdict.ParseLanguage(strings.ReplaceAll(name, "_", "-")); known {
		return l
	}
	return verdict.English
}
