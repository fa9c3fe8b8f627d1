// Package dash is tacho's web page: which services are healthy, which routes are
// not, and why targets cannot be scraped.
//
//	mux.Handle("/api/v1/", prometheusAPI)
//	mux.Handle("/", dash.Handler(dash.Options{}))
//
// The page only reads the Prometheus HTTP API, from the browser. So it works with
// the embedded Prometheus and with any other on the page's origin, or with one whose API the handler
// forwards:
//
//	mux.Handle("/", dash.Handler(dash.Options{Prometheus: "http://prometheus:9090"}))
//
// It consists of native ES modules (static/), which internal/bundler bundles for
// browsers (bundle/); it loads nothing from another host and has nothing inline. The
// package must not depend on the server or on Prometheus's packages.
//
// All its URLs are relative. Mounted below a prefix, it uses the API below the same
// prefix:
//
//	mux.Handle("/tacho/", http.StripPrefix("/tacho", dash.Handler(dash.Options{})))
package dash

import (
	"cmp"
	"maps"
	"net/http"
	"path"
	"strings"
	"time"
)

// Options configure the page. The zero value is right for a page beside its API.
type Options struct {
	// Title is the page's heading, and the end of the window's title. The
	// default is "tacho".
	Title string

	// Hint is plain text that the page shows on request, such as a description of a
	// demo. The default is none.
	Hint string
	// HintChinese is the hint for readers of Chinese. The default is Hint.
	HintChinese string

	// APIPath is the path of the Prometheus HTTP API, relative to the page or
	// absolute. The page cannot use another origin: put a reverse proxy in
	// between. The default is "api/v1".
	APIPath string

	// BatchPath is the path of the endpoint for batches of queries in tacho's
	// server, relative like APIPath. The default is none: each query is then a
	// request, which works with every Prometheus.
	BatchPath string

	// Demo marks the numbers as made up.
	Demo bool

	// Span is the time range that the page opens with. The default is what suits the
	// data: at most 15 minutes, less on a server that has just been started.
	Span time.Duration

	// Version is the server's, for the last line of the page. The default is none.
	Version string

	// TraceURL is the address of a trace, with {trace_id} in it: traces of
	// exemplars link there. The default is no link.
	TraceURL string

	// VerdictPath is the path of the verdict of tacho's server, relative like APIPath. The default
	// is none, or, with Prometheus, that of the verdict that the handler computes. Without a verdict,
	// states come from the thresholds of the default alerts.
	VerdictPath string

	// Prometheus is the URL of a Prometheus server, with a prefix if it has one. The handler then
	// serves that server's API itself, at api/v1 below the page: only what reads. It computes the
	// verdict from the series of the built-in rules, once per evaluation for all viewers, and finds
	// what was wrong in the past day in what the server has stored. APIPath must be empty. The default
	// is none: something else serves the API.
	Prometheus string
	// PrometheusHeader is sent with each request to Prometheus, such as Authorization or
	// X-Scope-OrgID. Credentials of the page's users are not forwarded.
	PrometheusHeader http.Header
	// PrometheusTransport sends the requests. The default is http.DefaultTransport.
	PrometheusTransport http.RoundTripper
	// PrometheusTimeout limits each request. The default is 30 seconds.
	PrometheusTimeout time.Duration

	// Arguments is true if the targets are arguments of a command: advice for
	// targets that cannot be scraped then names these, not keys of a
	// prometheus.yml. The default is false.
	Arguments bool
}

// Handler serves the page at /, its files beside it, and 404 for all other paths.
// It accepts only GET and HEAD, and has no state. With Options.Prometheus it also serves the API and the
// verdict. It panics if that URL is invalid.
func Handler(o Options) http.Handler {
	o.Title = cmp.Or(o.Title, "tacho")
	if o.Prometheus != "" {
		return withPrometheus(o)
	}
	return newPage(o)
}

func newPage(o Options) page {
	o.APIPath = cmp.Or(strings.TrimRight(o.APIPath, "/"), "api/v1")
	files := maps.Clone(staticFiles())
	files["config.json"] = configFile(o)
	return page{files}
}

// start is the file at the page's address.
const start = "index.html"

type page struct{ files map[string]file }

func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	name := strings.TrimPrefix(r.URL.Path, "/")
	f, found := p.files[cmp.Or(name, start)]
	switch {
	case !found:
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed: use GET", http.StatusMethodNotAllowed)
	case name == "" && lacksSlash(r):
		addSlash(w, r)
	default:
		if cmp.Or(name, start) == start {
			announceTexts(w.Header(), r.Header)
		}
		f.serve(w, r)
	}
}

// lacksSlash reports that the page's address in the browser has no trailing slash
// (http.StripPrefix removed the entire path): relative URLs would then resolve beside
// the prefix instead of below it.
func lacksSlash(r *http.Request) bool {
	return r.URL.Path == "" && !strings.HasSuffix(addressPath(r), "/")
}

// addSlash redirects to a relative URL, because a reverse proxy may have removed a
// part of the path.
func addSlash(w http.ResponseWriter, r *http.Request) {
	target := "./" + path.Base(addressPath(r)) + "/"
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusMovedPermanently)
}

// addressPath is the requested path, still escaped, even if an outer handler has
// changed r.URL.
func addressPath(r *http.Request) string {
	asked, _, _ := strings.Cut(r.RequestURI, "?")
	return asked
}
