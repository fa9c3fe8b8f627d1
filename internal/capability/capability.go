// Package capability probes what an engine with the HTTP API of Prometheus has. Engines differ in what they
// leave out, and some answer a request that they do not support with an empty success. So nothing depends on
// their names and versions: each feature is tried with a small request.
package capability

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tacho-go/tacho/internal/lazyregexp"
	"github.com/tacho-go/tacho/verdict"
)

// Native is the feature of native histograms. All other features have the name of their endpoint.
const Native = "native_histograms"

// Times of probes.
const (
	timeout = 15 * time.Second // of a probe
	every   = 5 * time.Minute  // between two probes
	again   = 15 * time.Second // after a probe without an answer to each request
)

// maxAnswer is how much of an answer is read: its beginning shows what it is.
const maxAnswer = 64 << 10

// A Prober finds what one engine lacks. Its methods may be called concurrently.
type Prober struct {
	URL    string       // of the engine, with a prefix if it has one
	Client *http.Client // nil means http.DefaultClient
	Header http.Header  // sent with each request

	mu      sync.Mutex
	known   verdict.Source
	due     time.Time // of the next probe
	probing bool
}

// Source returns what is known; before the first probe has ended, the engine lacks nothing. If a probe is
// due, Source starts one in the background.
func (p *Prober) Source() verdict.Source {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.probing && !time.Now().Before(p.due) {
		p.probing = true
		go p.probe()
	}
	s := p.known
	s.Lacks = slices.Clone(s.Lacks)
	return s
}

// probe tries every feature. What it cannot find out stays as it was known.
func (p *Prober) probe() {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	found := map[string]answer{}
	for _, c := range checks {
		found[c.feature] = c.run(ctx, p.get)
	}
	behind, known := behindOf(ctx, p.get)

	p.mu.Lock()
	defer p.mu.Unlock()
	wait := every
	var lacks []string
	for _, c := range checks {
		a := found[c.feature]
		if a == unknown {
			wait = again
		}
		if a == no || a == unknown && slices.Contains(p.known.Lacks, c.feature) {
			lacks = append(lacks, c.feature)
		}
	}
	p.known.Lacks = lacks
	if known {
		p.known.Behind = behind
	} else {
		wait = again
	}
	p.due, p.probing = time.Now().Add(wait), false
}

// An answer tells whether the engine has a feature.
type answer int

const (
	unknown answer = iota // the engine did not respond, or refused
	yes
	no
)

// A reply is a status, 0 without a response, and the beginning of the body.
type reply struct {
	status int
	body   string
}

// accepted reports whether the request succeeded.
func (r reply) accepted() bool { return r.status == http.StatusOK && success.MatchString(r.body) }

// rejected reports whether the engine accepts the request from nobody.
func (r reply) rejected() bool {
	switch r.status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnprocessableEntity, http.StatusNotImplemented:
		return true
	}
	return r.status == http.StatusOK && !success.MatchString(r.body) // such as the page of a proxy
}

var success = lazyregexp.New(`^\s*\{\s*"status"\s*:\s*"success"`)

// get requests an endpoint of the API.
type get func(ctx context.Context, endpoint string, form url.Values) reply

func (p *Prober) get(ctx context.Context, endpoint string, form url.Values) reply {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(p.URL, "/")+"/api/v1/"+endpoint+"?"+form.Encode(), nil)
	if err != nil {
		return reply{}
	}
	for name, values := range p.Header {
		r.Header[name] = values
	}
	client := p.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(r)
	if err != nil {
		return reply{}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return reply{}
	}
	return reply{resp.StatusCode, string(body)}
}

// behindOf is how many seconds before now the newest samples are that the engine shows: it evaluates a query
// of the present at that moment, whose fraction of a second is cut off.
func behindOf(ctx context.Context, get get) (seconds float64, known bool) {
	now := time.Now().Unix()
	samples, a := vector(ctx, get, "vector(time())", now)
	if a != yes || len(samples) != 1 {
		return 0, false
	}
	return max(0, math.Ceil(float64(now)-samples[0].value)), true
}

// A sample is one of a vector.
type sample struct {
	labels map[string]string
	value  float64
}

// vector evaluates an expression. The answer is no if the engine rejects it.
func vector(ctx context.Context, get get, expr string, at int64) ([]sample, answer) {
	r := get(ctx, "query", url.Values{"query": {expr}, "time": {strconv.FormatInt(at, 10)}})
	switch {
	case r.rejected():
		return nil, no
	case !r.accepted():
		return nil, unknown
	}
	var got struct {
		Data struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
				Value  [2]any            `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if json.Unmarshal([]byte(r.body), &got) != nil {
		return nil, unknown
	}
	var all []sample
	for _, s := range got.Data.Result {
		text, _ := s.Value[1].(string)
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, unknown
		}
		all = append(all, sample{s.Metric, v})
	}
	return all, yes
}
