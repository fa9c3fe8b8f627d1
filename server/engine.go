package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	promapi "github.com/prometheus/client_golang/api/prometheus/v1"
	configutil "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"

	"github.com/tacho-go/tacho/internal/relay"
	"github.com/tacho-go/tacho/verdict"
)

// An Engine is an existing engine that has the samples: Prometheus, Thanos, Mimir, Cortex,
// VictoriaMetrics. Its address is that of Prometheus's HTTP API, without /api/v1.
type Engine struct {
	// URL is the address, such as http://thanos-query:9090 or
	// https://mimir/prometheus. Default: none, the server queries its own samples.
	URL string
	// Header is sent with each request, such as X-Scope-OrgID.
	Header http.Header
	// HTTPConfigFile has users, tokens, TLS and proxies for the requests, in the format of
	// Prometheus's HTTP client configuration
	// (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config).
	HTTPConfigFile string
}

// A remoteEngine answers the queries of clients, rules and the verdict.
type remoteEngine struct {
	relay   relay.Relay
	client  *http.Client
	api     promapi.API
	timeout time.Duration
}

// newRemoteEngine returns nil without a URL.
func newRemoteEngine(o Options) (*remoteEngine, error) {
	if o.Engine.URL == "" {
		return nil, nil
	}
	to, err := relay.ParseURL(o.Engine.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: the URL of the engine %w", ErrConfig, err)
	}
	transport, err := o.Engine.transport()
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: withHeader{transport, o.Engine.Header, to.User}}
	c, err := api.NewClient(api.Config{Address: strings.TrimSuffix(to.String(), "/"), Client: client})
	if err != nil {
		return nil, fmt.Errorf("%w: the URL of the engine: %w", ErrConfig, err)
	}
	return &remoteEngine{
		relay:  relay.Relay{To: to, Header: o.Engine.Header, Transport: transport, Agent: "tacho/" + o.Version, Fix: "set the engine's user, token or tenant"},
		client: client, api: promapi.NewAPI(c), timeout: o.QueryTimeout,
	}, nil
}

// transport returns what sends requests, as the HTTP client configuration says.
func (e Engine) transport() (http.RoundTripper, error) {
	c := &configutil.DefaultHTTPClientConfig
	if e.HTTPConfigFile != "" {
		var err error
		if c, _, err = configutil.LoadHTTPConfigFile(e.HTTPConfigFile); err != nil {
			return nil, fmt.Errorf("%w: the HTTP client configuration %s: %w", ErrConfig, e.HTTPConfigFile, err)
		}
	}
	t, err := configutil.NewRoundTripperFromConfig(*c, "engine")
	if err != nil {
		return nil, fmt.Errorf("%w: the HTTP client configuration of the engine: %w", ErrConfig, err)
	}
	return t, nil
}

// withHeader adds headers, and the user of a URL, to requests.
type withHeader struct {
	http.RoundTripper
	header http.Header
	user   *url.Userinfo
}

// RoundTrip implements http.RoundTripper.
func (t withHeader) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range t.header {
		r.Header[name] = values
	}
	if t.user != nil {
		password, _ := t.user.Password()
		r.SetBasicAuth(t.user.Username(), password)
	}
	return t.RoundTripper.RoundTrip(r)
}

// Endpoints whose answers the engine has: of samples always, of rules and targets if the server has none
// of its own.
var (
	ofSamples = []string{"query", "query_range", "query_exemplars", "series", "labels", "metadata"}
	ofRules   = []string{"rules", "alerts", "alertmanagers"}
	ofTargets = []string{"targets", "targets/metadata"}
)

// isFar reports whether the engine has the answers of an endpoint.
func (s *Server) isFar(endpoint string) bool {
	switch {
	case slices.Contains(ofSamples, endpoint), strings.HasPrefix(endpoint, "label/"):
		return true
	case slices.Contains(ofRules, endpoint):
		return len(s.current.Load().rules) == 0
	case slices.Contains(ofTargets, endpoint):
		jobs := s.current.Load().expanded.ScrapeConfigs
		return !slices.ContainsFunc(jobs, func(j *config.ScrapeConfig) bool { return j.JobName != selfJob })
	}
	return false
}

// api serves Prometheus's API: the engine's answers where it has them, the server's own for the rest.
func (s *Server) api() http.Handler {
	own := http.StripPrefix("/api/v1", s.newAPI())
	if s.far == nil {
		return own
	}
	forward := s.far.relay.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/")
		if !relay.Reads(path) || !relay.Takes(r.Method, path) || !s.isFar(strings.TrimPrefix(path, "api/v1/")) {
			own.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.far.timeout)
		defer cancel()
		forward.ServeHTTP(w, r.WithContext(ctx))
	})
}

// queryFunc evaluates the expressions of rules.
func (e *remoteEngine) queryFunc(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	value, _, _, err := e.api.Query(ctx, expr, at)
	if err != nil {
		return nil, fmt.Errorf("the engine at %s: %w", e.relay.To.Redacted(), err)
	}
	switch v := value.(type) {
	case model.Vector:
		return vectorOf(v)
	case *model.Scalar:
		return promql.Vector{{T: int64(v.Timestamp), F: float64(v.Value)}}, nil
	}
	return nil, errors.New("the rule's result is neither a vector nor a scalar")
}

// errHistogram: the API gives a histogram's buckets, not its schema, so that it cannot be stored.
var errHistogram = errors.New("a native histogram from an engine cannot be recorded: record its quantiles, sum or count")

func vectorOf(v model.Vector) (promql.Vector, error) {
	all := make(promql.Vector, 0, len(v))
	for _, s := range v {
		if s.Histogram != nil {
			return nil, errHistogram
		}
		b := labels.NewScratchBuilder(len(s.Metric))
		for name, value := range s.Metric {
			b.Add(string(name), string(value))
		}
		b.Sort()
		all = append(all, promql.Sample{Metric: b.Labels(), T: int64(s.Timestamp), F: float64(s.Value)})
	}
	return all, nil
}

// querier reads for the verdict.
func (e *remoteEngine) querier() verdict.Querier {
	return verdict.API{URL: e.relay.To.String(), Client: e.client}
}

// ruleQueries returns what evaluates the rules' expressions. With an engine, expressions that read only
// what rules of this server record are evaluated here: in the engine, these series are seconds late, and
// more so with each rule that reads another one's.
func (s *Server) ruleQueries() rules.QueryFunc {
	here := rules.EngineQueryFunc(s.engine, s.fanout)
	if s.far == nil {
		return here
	}
	return func(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
		if s.readsRecorded(expr) {
			return here(ctx, expr, at)
		}
		return s.far.queryFunc(ctx, expr, at)
	}
}

// readsRecorded reports whether an expression reads nothing but series that rules of this server record.
func (s *Server) readsRecorded(expr string) bool {
	e, err := s.parser.ParseExpr(expr)
	if err != nil {
		return false // the engine explains it
	}
	recorded := *s.recorded.Load()
	reads, only := false, true
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			reads, only = true, only && recorded[v.Name]
		}
		return nil
	})
	return reads && only
}

// recordedBy returns the names that rules record.
func recordedBy(groups []*rules.Group) map[string]bool {
	names := map[string]bool{}
	for _, g := range groups {
		for _, r := range g.Rules() {
			if r, ok := r.(*rules.RecordingRule); ok {
				names[r.Name()] = true
			}
		}
	}
	return names
}

// batches serves batches of queries, which an engine does not have.
func (s *Server) batches() http.HandlerFunc {
	if s.far == nil {
		return s.batch
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusNotFound, errors.New("the queries are answered by an engine, which has no batches: send each to /api/v1/query or /api/v1/query_range"))
	}
}
