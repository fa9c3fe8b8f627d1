package dash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/tacho-go/tacho/internal/redact"
	"github.com/tacho-go/tacho/verdict"
)

// verdictPath is the path of the verdict that the handler computes, as in tacho's server.
const verdictPath = "api/tacho/verdict"

// reads are the endpoints of Prometheus's API that are forwarded: those that read, and that show neither
// the configuration nor the command line.
var reads = regexp.MustCompile(`^api/v1/(query|query_range|query_exemplars|series|labels|label/[^/]+/values|format_query|parse_query|` +
	`metadata|rules|alerts|alertmanagers|targets|targets/metadata|status/buildinfo|status/runtimeinfo|status/tsdb)$`)

// postable are the endpoints that take a form as well.
var postable = regexp.MustCompile(`^api/v1/(query|query_range|query_exemplars|series|labels|format_query|parse_query)$`)

// A relay is the page with the API of a Prometheus server.
type relay struct {
	page    page
	forward http.Handler
	judge   *judge
	timeout time.Duration
}

func withPrometheus(o Options) http.Handler {
	if o.APIPath != "" {
		panic("dash: Options.APIPath and Options.Prometheus are both set: remove APIPath")
	}
	u, err := url.Parse(o.Prometheus)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		panic(fmt.Sprintf("dash: Options.Prometheus is %q: it must look like http://prometheus:9090", redact.URL(o.Prometheus)))
	}
	if o.PrometheusTransport == nil {
		o.PrometheusTransport = http.DefaultTransport
	}
	if o.PrometheusTimeout == 0 {
		o.PrometheusTimeout = 30 * time.Second
	}
	o.VerdictPath = verdictPath
	api := verdict.API{URL: u.String(), Client: &http.Client{Transport: o.PrometheusTransport}, Header: o.PrometheusHeader}
	return relay{
		page: newPage(o), timeout: o.PrometheusTimeout,
		forward: &httputil.ReverseProxy{
			Rewrite:        func(r *httputil.ProxyRequest) { rewrite(r, u, o.PrometheusHeader) },
			ModifyResponse: trimResponse,
			Transport:      o.PrometheusTransport,
			ErrorHandler:   func(w http.ResponseWriter, r *http.Request, err error) { unreachable(w, u, err) },
			ErrorLog:       log.New(io.Discard, "", 0), // each error is a response
		},
		judge: &judge{engine: verdict.New(api, verdict.Options{ReadLimits: true}), address: u},
	}
}

func (s relay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if !strings.HasPrefix(name, "api/") {
		s.page.ServeHTTP(w, r)
		return
	}
	setHeaders(w.Header())
	ctx, cancel := context.WithTimeout(r.Context(), s.timeout)
	defer cancel()
	r = r.WithContext(ctx)
	isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case name != verdictPath && !reads.MatchString(name):
		apiError(w, http.StatusNotFound, "not_found", errors.New("the page forwards only what reads metrics, rules, alerts and targets: ask Prometheus itself"))
	case !isRead && (r.Method != http.MethodPost || !postable.MatchString(name)):
		w.Header().Set("Allow", "GET, HEAD")
		apiError(w, http.StatusMethodNotAllowed, "bad_data", errors.New("use GET"))
	case name == verdictPath:
		s.judge.ServeHTTP(w, r)
	default:
		s.forward.ServeHTTP(w, r)
	}
}

// rewrite addresses Prometheus. Neither credentials nor the origin of the page's users are sent: they are
// for the page, and Prometheus would allow the origin to read.
func rewrite(r *httputil.ProxyRequest, to *url.URL, header http.Header) {
	in := r.Out.Header
	r.Out.Header = http.Header{}
	for _, name := range []string{"Accept", "Accept-Encoding", "Content-Type"} {
		if values := in.Values(name); len(values) > 0 {
			r.Out.Header[name] = values
		}
	}
	r.Out.Header.Set("User-Agent", "tacho-dash")
	for name, values := range header {
		r.Out.Header[name] = values
	}
	r.SetURL(to)
	if to.User != nil {
		password, _ := to.User.Password()
		r.Out.SetBasicAuth(to.User.Username(), password)
	}
}

// trimResponse leaves out what Prometheus, or a proxy before it, tells browsers about itself.
func trimResponse(r *http.Response) error {
	kept := http.Header{}
	for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Length", "Vary", "Retry-After"} {
		if values := r.Header.Values(name); len(values) > 0 {
			kept[name] = values
		}
	}
	if r.StatusCode == http.StatusUnauthorized || r.StatusCode == http.StatusForbidden {
		// A browser would ask the page's user for a password that is not his.
		return fmt.Errorf("it responded with %s: set Options.PrometheusHeader", r.Status)
	}
	r.Header = kept
	return nil
}

// unreachable responds with what is wrong, in the form of Prometheus's API.
func unreachable(w http.ResponseWriter, u *url.URL, err error) {
	switch {
	case errors.Is(err, context.Canceled): // the client is gone
	case errors.Is(err, context.DeadlineExceeded):
		apiError(w, http.StatusGatewayTimeout, "timeout", fmt.Errorf("the Prometheus server at %s did not respond in time", u.Redacted()))
	default:
		apiError(w, http.StatusBadGateway, "unavailable", fmt.Errorf("the Prometheus server at %s cannot be queried: %w", u.Redacted(), err))
	}
}

func apiError(w http.ResponseWriter, status int, kind string, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": "error", "errorType": kind, "error": err.Error()})
}

// A judge computes the verdict when it is asked for, at most once per round.
type judge struct {
	engine  *verdict.Engine
	address *url.URL

	mu    sync.Mutex // held during a round: the other viewers wait for it
	tried time.Time
	err   error
}

// ServeHTTP serves the verdict of the last round. If it is older than a round, a new one is computed.
func (j *judge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v, err := j.latest(r.Context())
	if err != nil {
		unreachable(w, j.address, err)
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
