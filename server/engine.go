package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	promapi "github.com/prometheus/client_golang/api/prometheus/v1"
	configutil "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"

	"github.com/tacho-go/tacho/internal/capability"
	"github.com/tacho-go/tacho/internal/relay"
	"github.com/tacho-go/tacho/verdict"
)

// A remoteEngine answers the queries of clients, rules and the verdict.
type remoteEngine struct {
	relay   relay.Relay
	client  *http.Client
	api     promapi.API
	timeout time.Duration
	probe   *capability.Prober
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
	client := &http.Client{Transport: withHeader{transport, o.Engine.Header}}
	c, err := api.NewClient(api.Config{Address: strings.TrimSuffix(to.String(), "/"), Client: client})
	if err != nil {
		return nil, fmt.Errorf("%w: the URL of the engine: %w", ErrConfig, err)
	}
	return &remoteEngine{
		relay:  relay.Relay{To: to, Header: o.Engine.Header, Transport: transport, Agent: "tacho/" + o.Version, Fix: "set the engine's user, token or tenant"},
		client: client, api: promapi.NewAPI(c), timeout: o.QueryTimeout,
		probe: &capability.Prober{URL: to.String(), Client: client},
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

// withHeader adds headers to requests.
type withHeader struct {
	http.RoundTripper
	header http.Header
}

// RoundTrip implements http.RoundTripper.
func (t withHeader) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range t.header {
		r.Header[name] = values
	}
	return t.RoundTripper.RoundTrip(r)
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
