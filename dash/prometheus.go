package dash

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/tacho-go/tacho/internal/relay"
	"github.com/tacho-go/tacho/verdict"
)

// verdictPath is the path of the verdict that the handler computes, as in tacho's server.
const verdictPath = "api/tacho/verdict"

// A window is the page with the API of a Prometheus server.
type window struct {
	page    page
	forward http.Handler
	judge   *judge
	timeout time.Duration
}

func withPrometheus(o Options) http.Handler {
	if o.APIPath != "" {
		panic("dash: Options.APIPath and Options.Prometheus are both set: remove APIPath")
	}
	u, err := relay.ParseURL(o.Prometheus)
	if err != nil {
		panic("dash: Options.Prometheus " + err.Error())
	}
	if o.PrometheusTransport == nil {
		o.PrometheusTransport = http.DefaultTransport
	}
	if o.PrometheusTimeout == 0 {
		o.PrometheusTimeout = 30 * time.Second
	}
	o.VerdictPath = verdictPath
	api := verdict.API{URL: u.String(), Client: &http.Client{Transport: o.PrometheusTransport}, Header: o.PrometheusHeader}
	to := relay.Relay{To: u, Header: o.PrometheusHeader, Transport: o.PrometheusTransport, Agent: "tacho-dash", Fix: "set Options.PrometheusHeader"}
	return window{
		page: newPage(o), forward: to.Handler(), timeout: o.PrometheusTimeout,
		judge: newJudge(api, to),
	}
}

func (s window) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if !strings.HasPrefix(name, "api/") {
		s.page.ServeHTTP(w, r)
		return
	}
	setHeaders(w.Header())
	ctx, cancel := context.WithTimeout(r.Context(), s.timeout)
	defer cancel()
	r = r.WithContext(ctx)
	switch {
	case name != verdictPath && !relay.Reads(name):
		relay.Error(w, http.StatusNotFound, "not_found", errors.New("the page forwards only what reads metrics, rules, alerts and targets: ask Prometheus itself"))
	case !relay.Takes(r.Method, name):
		w.Header().Set("Allow", "GET, HEAD")
		relay.Error(w, http.StatusMethodNotAllowed, "bad_data", errors.New("use GET"))
	case name == verdictPath:
		s.judge.ServeHTTP(w, r)
	default:
		s.forward.ServeHTTP(w, r)
	}
}
