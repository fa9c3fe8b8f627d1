package dash

import (
	"net/http"
	"strings"
)

// texts are the files of the page's texts, by language. A user needs one.
var texts = map[string]string{"en": "words.en.js", "zh": "words.zh-CN.js"}

// announceTexts lets the browser preload the texts in the user's language with the
// page. The page itself decides which it uses: its address can name another language.
func announceTexts(answer, request http.Header) {
	answer.Add("Vary", "Accept-Language")
	answer.Set("Link", "<"+texts[language(request)]+">; rel=modulepreload")
}

// language returns the first supported language of a request, else English. Browsers
// list preferred languages first, so weights are ignored.
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
