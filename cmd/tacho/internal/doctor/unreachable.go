package doctor

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/tacho-go/tacho/internal/redact"
	"github.com/tacho-go/tacho/internal/scrapeerror"
)

// A TargetError explains why a target cannot be scraped, and the fix.
type TargetError struct {
	URL  string // the target, without a password
	What string // the problem
	Fix  string // the fix
	Err  error  // the cause, or nil

	explanation scrapeerror.Explanation // of a failed scrape
}

func (e *TargetError) Error() string {
	separator := "; "
	if strings.HasSuffix(e.What, ".") {
		separator = " "
	}
	return e.URL + ": " + e.What + separator + e.Fix
}

// Text returns the problem and the fix, with advice for the place where the target is
// configured.
func (e *TargetError) Text(s scrapeerror.Setting) string {
	if text := e.explanation.Text(s, scrapeerror.English); text != "" {
		return text
	}
	return e.What + " " + e.Fix
}

// Empty reports whether Prometheus can scrape the target but there are no metrics.
func (e *TargetError) Empty() bool { return e.explanation.Cause == "empty" }

// Unwrap returns the cause.
func (e *TargetError) Unwrap() error { return e.Err }

func badTarget(target, what, do string) error {
	return &TargetError{URL: redact.URL(target), What: what, Fix: do, Err: ErrURL}
}

// obstacle returns an error in plain words if a visit returned no metrics.
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

// refusal returns an error if Prometheus would reject the response: for its Content-Type
// or an invalid line.
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

// unreadable explains a parse error.
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
	return &TargetError{URL: shown(f.target), What: what, Fix: do, Err: v.err, explanation: e}
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

// isLogin reports whether the request was redirected to a login page.
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

// wrongType explains that Prometheus 3 rejects the Content-Type of valid metrics.
func wrongType(contentType string, at scrapeerror.Target) scrapeerror.Explanation {
	if contentType == "" {
		return scrapeerror.Of("noType", "", at)
	}
	return scrapeerror.Of("wrongType", fmt.Sprintf("Content-Type %q", contentType), at)
}
