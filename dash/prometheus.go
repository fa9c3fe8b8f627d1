package dash

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tacho-go/tacho/internal/relay"
	"github.com/tacho-go/tacho/verdict"
)

// verdictPath is the path of the verdict that the handler computes, as in tacho's server.
const verdictPath = "api/tacho/verdict"

// A window is the page with the API of a Prometheus server.
type window struct {
	page    page
	api     relay.Relay
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
		page: newPage(o), api: to, forward: to.Handler(), timeout: o.PrometheusTimeout,
		judge: &judge{engine: verdict.New(api, verdict.Options{ReadLimits: true}), api: to},
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

// A judge computes the verdict when it is asked for, at most once per round.
type judge struct {
	engine *verdict.Engine
	api    relay.Relay

	mu    sync.Mutex // held during a round: the other viewers wait for it
	tried time.Time
	err   error
}

// ServeHTTP serves the verdict of the last round. If it is older than a round, a new one is computed.
func (j *judge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v, err := j.latest(r.Context())
	if err != nil {
		j.api.Unreachable(w, err)
		return
	}
	v.ServeHTTP(w, r)
}

// latest keeps an error for a round as well, so that viewers do not add load to a server in trouble.
func (j *judge) latest(ctx context.Context) (*verdict.Verdict, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if now := time.Now(); now.Sub(j.tried) >= j.engine.Interval {
		// The round is for all viewers: it goes on when the one that began it leaves.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verdictTimeout)
		defer cancel()
		_, j.err = j.engine.Round(ctx, now)
		j.tried = now
	}
	return j.engine.Latest(), j.err
}

// verdictTimeout limits a round.
const verdictTimeout = 20 * time.Second
