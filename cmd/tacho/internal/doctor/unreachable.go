package doctor

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/tacho-go/tacho/internal/redact"
	"github.com/tacho-go/tacho/internal/scrapeerror"
)

// A TargetError says why there is nothing to examine, and what to do.
type TargetError struct {
	URL  string // the target, without a password
	What string // what is wrong
	Do   string // what to do about it
	Err  error  // the cause, if there is one

	explanation scrapeerror.Explanation // of a scrape that failed
}

func (e *TargetError) Error() string {
	separator := "; "
	if strings.HasSuffix(e.What, ".") {
		separator = " "
	}
	return e.URL + ": " + e.What + separator + e.Do
}

// Text is what is wrong and what to do, for a reader who has named the target
// elsewhere than to the doctor.
func (e *TargetError) Text(s scrapeerror.Setting) string {
	if text := e.explanation.Text(s, scrapeerror.English); text != "" {
		return text
	}
	return e.What + " " + e.Do
}

// Empty reports that Prometheus can scrape the target, and finds nothing there.
func (e *TargetError) Empty() bool { return e.explanation.Cause == "empty" }

// Unwrap returns the cause.
func (e *TargetError) Unwrap() error { return e.Err }

func badTarget(target, what, do string) error {
	return &TargetError{URL: redact.URL(target), What: what, Do: do, Err: ErrURL}
}

// obstacle says in plain words why a visit brought no metrics; nil if it did.
func (f *fetcher) obstacle(v *visit) error {
	status := fmt.Sprintf("server returned HTTP status %d %s", v.status, http.StatusText(v.status))
	switch {
	case v.err != nil:
		return f.explained(v, scrapeerror.Explain(v.err.Error(), f.place(v)))
	case v.status == http.StatusBadRequest && bytes.Contains(v.body, []byte("HTTPS")):
		return f.explained(v, scrapeerror.Of("speaksTLS", status, f.place(v)))
	case v.status != http.StatusOK:
		return f.explained(v, scrapeerror.Explain(status, f.place(v)))
	case isLogin(v):
		return f.explained(v, scrapeerror.Of("login", "", f.place(v)))
	case isHTML(v):
		return f.explained(v, scrapeerror.Of("page", "", f.place(v)))
	case isJSON(v):
		return f.explained(v, scrapeerror.Of("json", "", f.place(v)))
	}
	return nil
}

// refusal says why Prometheus would keep nothing of metrics that can be read here: their
// Content-Type, or a line of theirs. nil if it would.
func (f *fetcher) refusal(v *visit, x *exposition) error {
	switch {
	case x.parseError != nil:
		return f.unreadable(v, x.parseError.Err)
	case x.typeError != nil:
		return f.explained(v, wrongType(v.contentType, f.place(v)))
	case len(x.families) == 0:
		return f.explained(v, scrapeerror.Of("empty", "", f.place(v)))
	}
	return nil
}

// unreadable: the parser has given up, whatever its words are.
func (f *fetcher) unreadable(v *visit, err error) error {
	e := scrapeerror.Explain(err.Error(), f.place(v))
	if e.Cause != "utf8" {
		e = scrapeerror.Of("format", err.Error(), f.place(v))
	}
	v.err = err
	return f.explained(v, e)
}

func (f *fetcher) place(v *visit) scrapeerror.Target {
	return scrapeerror.Target{URL: f.target.String(), Final: v.location, Timeout: f.timeout}
}

func (f *fetcher) explained(v *visit, e scrapeerror.Explanation) error {
	what, do := e.What(scrapeerror.English), e.Fix(scrapeerror.Once, scrapeerror.English)
	if v.status >= 500 {
		what += " Its response: " + firstWords(v.body) + "."
	}
	if do == "" {
		what, do = what+".", "Check that "+shown(f.target)+" is the address of the metrics."
	}
	return &TargetError{URL: shown(f.target), What: what, Do: do, Err: v.err, explanation: e}
}

func firstWords(body []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(body), []byte("\n"))
	if len(line) == 0 {
		return "no reason given"
	}
	return shorten(string(line), 120)
}

func isHTML(v *visit) bool {
	start := bytes.ToLower(bytes.TrimSpace(v.body[:min(len(v.body), 512)]))
	return strings.HasPrefix(v.contentType, "text/html") && bytes.HasPrefix(start, []byte("<")) ||
		bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

func isJSON(v *visit) bool {
	return strings.HasPrefix(v.contentType, "application/json")
}

// isLogin: a page at another address whose path speaks of signing in.
func isLogin(v *visit) bool {
	if v.location == "" || !isHTML(v) {
		return false
	}
	at := strings.ToLower(v.location)
	for _, word := range []string{"login", "signin", "sign-in", "sign_in", "sso", "oauth", "auth", "saml"} {
		if strings.Contains(at, word) {
			return true
		}
	}
	return false
}
