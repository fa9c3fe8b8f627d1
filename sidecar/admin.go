package sidecar

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/sidecar/routes"
)

// Admin returns the handler for the operator's port: never serve it where the service's clients can
// reach it.
//
//	/metrics    the metrics
//	/-/healthy  200 while the process runs
//	/-/ready    200 while the proxy accepts requests and an upstream is up, else 503 with the reason
//	/-/routes   the learned templates, as a list that Options.Routes accepts
func (p *Proxy) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+p.meter.MetricsPath(), p.meter.Metrics())
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "healthy") })
	mux.HandleFunc("GET /-/ready", p.serveReady)
	mux.HandleFunc("GET /-/routes", p.serveRoutes)
	return mux
}

// Meter returns the Meter that records the requests.
func (p *Proxy) Meter() *tacho.Meter { return p.meter }

// Learner returns what was learned, for a state file.
func (p *Proxy) Learner() *routes.Learner { return p.learner }

func (p *Proxy) serveReady(w http.ResponseWriter, _ *http.Request) {
	switch {
	case p.draining.Load():
		http.Error(w, "not ready: the proxy is shutting down", http.StatusServiceUnavailable)
	case !p.healthy():
		http.Error(w, "not ready: no upstream is up", http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "ready")
	}
}

func (p *Proxy) serveRoutes(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, FormatRoutes(p.learner.Templates()))
}

// FormatRoutes returns templates as a list of routes, one per line. Lines of control characters or
// spaces, which no list could have, are omitted.
func FormatRoutes(templates []string) string {
	var text strings.Builder
	text.WriteString("# Routes that tacho proxy has learned. Correct them, keep the file, and use it with --routes.\n")
	for _, t := range templates {
		if !strings.ContainsFunc(t, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
			text.WriteString(t + "\n")
		}
	}
	return text.String()
}

// healthy reports whether any upstream is up.
func (p *Proxy) healthy() bool {
	for _, u := range p.current.Load().upstreams {
		if u.isUp() {
			return true
		}
	}
	return false
}
