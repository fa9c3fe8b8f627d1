// Package dash is tacho's web page: which services are well, which route is
// not, and what Prometheus says is wrong with the rest.
//
//	mux.Handle("/api/v1/", prometheusAPI)
//	mux.Handle("/", dash.Handler(dash.Options{}))
//
// The page reads nothing but the Prometheus HTTP API, from the browser, and so
// works on the embedded Prometheus and on any other that is reachable under the
// page's own origin. It is made of plain files: native ES modules (static/), which
// internal/bundler makes a few files for browsers of (bundle/); nothing from another
// host, nothing inline.
//
// All its URLs are relative. Mounted below a prefix it asks for the API below
// the same prefix:
//
//	mux.Handle("/tacho/", http.StripPrefix("/tacho", dash.Handler(dash.Options{})))
package dash

import (
	"cmp"
	"maps"
	"net/http"
	"path"
	"strings"
)

// Options configure the page. The zero value is right for a page that stands
// beside its API.
type Options struct {
	// Title is the page's heading and the end of the window's title. The
	// default is "tacho".
	Title string

	// Hint is a line of plain text below the heading, such as what a demo is
	// showing now. The default is none.
	Hint string

	// APIPath is where the Prometheus HTTP API is: a path, relative to the page
	// or from the root of its origin. The page cannot ask another origin; put a
	// reverse proxy between. The default is "api/v1".
	APIPath string

	// BatchPath is where tacho's server answers many queries at once, relative
	// like APIPath. The default is none: then each query is a request, which
	// every Prometheus answers.
	BatchPath string

	// TraceURL is where a trace is shown, with {trace_id} in its place: the
	// requests that exemplars point to link there. The default is no link.
	TraceURL string

	// Arguments is true where the reader typed the targets as arguments of a
	// command: what the page advises for a target that cannot be scraped then
	// names those, and not keys of a prometheus.yml. The default is false.
	Arguments bool
}

// Handler serves the page at /, its files beside it, and 404 for every other
// path. It answers GET and HEAD only and keeps no state.
func Handler(o Options) http.Handler {
	o.Title = cmp.Or(o.Title, "tacho")
	o.APIPath = cmp.Or(strings.TrimRight(o.APIPath, "/"), "api/v1")
	files := maps.Clone(staticFiles())
	files["config.json"] = configFile(o)
	return page{files}
}

// start is the file that stands at the page's address.
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

// lacksSlash reports that the browser's address of the page has no slash at its
// end (http.StripPrefix took all of it away), so that relative URLs would be
// resolved beside the prefix instead of below it.
func lacksSlash(r *http.Request) bool {
	return r.URL.Path == "" && !strings.HasSuffix(addressPath(r), "/")
}

// addSlash redirects relatively, because a reverse proxy may have taken away a
// part of the path that we never saw.
func addSlash(w http.ResponseWriter, r *http.Request) {
	target := "./" + path.Base(addressPath(r)) + "/"
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusMovedPermanently)
}

// addressPath is the path as it was asked for, still escaped, whatever a
// handler around us made of r.URL.
func addressPath(r *http.Request) string {
	asked, _, _ := strings.Cut(r.RequestURI, "?")
	return asked
}
