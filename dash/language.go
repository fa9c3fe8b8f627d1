package dash

import (
	"net/http"
	"strings"
)

// texts are the files with the page's texts, by language. A reader needs one.
var texts = map[string]string{"en": "words.en.js", "zh": "words.zh-CN.js"}

// announceTexts lets the browser fetch the texts that the page will most likely ask for
// while it fetches the page. The page itself decides: its address can name a language.
func announceTexts(answer, request http.Header) {
	answer.Add("Vary", "Accept-Language")
	answer.Set("Link", "<"+texts[language(request)]+">; rel=modulepreload")
}

// language returns the first language of a request that the page speaks, else English.
// Browsers write those that a person prefers first, whatever the weights.
func language(h http.Header) string {
	for tag := range strings.SplitSeq(strings.Join(h.Values("Accept-Language"), ","), ",") {
		tag, _, _ = strings.Cut(tag, ";")
		base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if texts[base] != "" {
			return base
		}
	}
	return "en"
}
