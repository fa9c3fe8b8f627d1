package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
	"github.com/prometheus/prometheus/util/stats"
)

// served is the storage of a running server, for a script to load samples
// into, and the server's address.
type served struct {
	storage.Storage
	server *Server
}

// Close is what the runner calls between the parts of a script: the server goes
// on, with a folder that is empty.
func (s *served) Close() error {
	if err := s.server.store.Close(); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.server.opts.DataDir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(s.server.opts.DataDir, e.Name())))
	}
	return errors.Join(err, s.server.openStore(s.server.config()))
}

// overHTTP is a query engine that asks the API of the server whose storage it
// is given.
type overHTTP struct{ asked atomic.Int64 }

// NewInstantQuery implements promql.QueryEngine.
func (e *overHTTP) NewInstantQuery(_ context.Context, q storage.Queryable, _ promql.QueryOpts, expr string, at time.Time) (promql.Query, error) {
	s := q.(*served).server
	return e.newQuery(s, "query", url.Values{"query": {expr}, "time": {seconds(at)}}, func() (promql.Query, error) {
		return s.engine.NewInstantQuery(context.Background(), s.fanout, nil, expr, at)
	})
}

// NewRangeQuery implements promql.QueryEngine.
func (e *overHTTP) NewRangeQuery(_ context.Context, q storage.Queryable, _ promql.QueryOpts, expr string, from, to time.Time, step time.Duration) (promql.Query, error) {
	s := q.(*served).server
	form := url.Values{"query": {expr}, "start": {seconds(from)}, "end": {seconds(to)}, "step": {fmt.Sprint(step.Seconds())}}
	return e.newQuery(s, "query_range", form, func() (promql.Query, error) {
		return s.engine.NewRangeQuery(context.Background(), s.fanout, nil, expr, from, to, step)
	})
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

// newQuery refuses what does not parse, as an engine does, and leaves
// everything else to Exec.
func (e *overHTTP) newQuery(s *Server, path string, form url.Values, direct func() (promql.Query, error)) (promql.Query, error) {
	e.asked.Add(1)
	a, err := ask(s, path, form)
	if err != nil {
		return nil, err
	}
	if text, bad := strings.CutPrefix(a.Error, `invalid parameter "query": `); bad {
		return nil, errors.New(text)
	}
	return &httpQuery{answer: a, expr: form.Get("query"), direct: direct}, nil
}

// An answer is what the API says.
type answer struct {
	Status          string
	Error           string
	Warnings, Infos []string
	Data            struct {
		ResultType parser.ValueType
		Result     json.RawMessage
	}
}

func ask(s *Server, path string, form url.Values) (*answer, error) {
	resp, err := http.PostForm(s.URL()+"api/v1/"+path, form)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	a := &answer{}
	if err := json.NewDecoder(resp.Body).Decode(a); err != nil {
		return nil, fmt.Errorf("%s %v: the answer is no JSON: %w", path, form, err)
	}
	if (resp.StatusCode == http.StatusOK) != (a.Status == "success") || (a.Status == "error") != (a.Error != "") {
		return nil, fmt.Errorf("%s %v: code %d, status %q and error %q contradict each other", path, form, resp.StatusCode, a.Status, a.Error)
	}
	return a, nil
}

// httpQuery is a query that has been answered.
type httpQuery struct {
	answer *answer
	expr   string
	direct func() (promql.Query, error)
	moulds promql.Query // the direct query once it was asked, see mould
	filled parser.Value // its result
}

// Close implements promql.Query.
func (q *httpQuery) Close() {
	if q.moulds != nil {
		q.moulds.Close()
	}
}

func (q *httpQuery) Cancel()                     {}
func (q *httpQuery) String() string              { return q.expr }
func (q *httpQuery) Stats() *stats.Statistics    { return &stats.Statistics{} }
func (q *httpQuery) Statement() parser.Statement { return nil }

// Exec turns the JSON into the result it was.
func (q *httpQuery) Exec(ctx context.Context) *promql.Result {
	if q.answer.Error != "" {
		return &promql.Result{Err: errors.New(q.answer.Error)}
	}
	v, err := q.value(ctx)
	return &promql.Result{Value: v, Err: err, Warnings: q.annotations()}
}

// annotations are the warnings and infos with their kind, which the texts
// begin with.
func (q *httpQuery) annotations() annotations.Annotations {
	all := annotations.Annotations{}
	for _, text := range q.answer.Warnings {
		all.Add(annotation{text, annotations.PromQLWarning})
	}
	for _, text := range q.answer.Infos {
		all.Add(annotation{text, annotations.PromQLInfo})
	}
	return all
}

type annotation struct {
	text string
	kind error
}

func (a annotation) Error() string { return a.text }
func (a annotation) Unwrap() error { return a.kind }

// The JSON of results
// (https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats).
type jsonSeries struct {
	Metric     labels.Labels
	Value      json.RawMessage
	Histogram  json.RawMessage
	Values     []json.RawMessage
	Histograms []json.RawMessage
}

type jsonHistogram struct {
	Count, Sum string
	Buckets    [][4]any // inclusiveness, lower bound, upper bound, count
}

// value decodes the result.
func (q *httpQuery) value(ctx context.Context) (parser.Value, error) {
	raw := q.answer.Data.Result
	switch kind := q.answer.Data.ResultType; kind {
	case parser.ValueTypeScalar:
		p, err := floatPoint(raw)
		return promql.Scalar{T: p.T, V: p.F}, err
	case parser.ValueTypeString:
		t, text, err := pair[string](raw)
		return promql.String{T: t, V: text}, err
	case parser.ValueTypeVector, parser.ValueTypeMatrix:
		var all []jsonSeries
		if err := json.Unmarshal(raw, &all); err != nil {
			return nil, err
		}
		if kind == parser.ValueTypeVector {
			return q.vector(ctx, all)
		}
		return q.matrix(ctx, all)
	default:
		return nil, fmt.Errorf("resultType is %q", kind)
	}
}

func (q *httpQuery) vector(ctx context.Context, all []jsonSeries) (parser.Value, error) {
	v := promql.Vector{}
	for _, s := range all {
		if s.Value != nil {
			p, err := floatPoint(s.Value)
			if err != nil {
				return nil, err
			}
			v = append(v, promql.Sample{Metric: s.Metric, T: p.T, F: p.F})
			continue
		}
		p, err := q.histogramPoint(ctx, s.Metric, s.Histogram)
		if err != nil {
			return nil, err
		}
		v = append(v, promql.Sample{Metric: s.Metric, T: p.T, H: p.H})
	}
	return v, nil
}

func (q *httpQuery) matrix(ctx context.Context, all []jsonSeries) (parser.Value, error) {
	m := promql.Matrix{}
	for _, s := range all {
		out := promql.Series{Metric: s.Metric}
		for _, raw := range s.Values {
			p, err := floatPoint(raw)
			if err != nil {
				return nil, err
			}
			out.Floats = append(out.Floats, p)
		}
		for _, raw := range s.Histograms {
			p, err := q.histogramPoint(ctx, s.Metric, raw)
			if err != nil {
				return nil, err
			}
			out.Histograms = append(out.Histograms, p)
		}
		m = append(m, out)
	}
	return m, nil
}

// pair decodes [seconds, something].
func pair[T any](raw json.RawMessage) (ms int64, v T, err error) {
	var parts [2]json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return 0, v, err
	}
	at, err := strconv.ParseFloat(string(parts[0]), 64)
	if err != nil {
		return 0, v, err
	}
	return int64(math.Round(at * 1000)), v, json.Unmarshal(parts[1], &v)
}

func floatPoint(raw json.RawMessage) (promql.FPoint, error) {
	t, text, err := pair[string](raw)
	if err != nil {
		return promql.FPoint{}, err
	}
	f, err := strconv.ParseFloat(text, 64)
	return promql.FPoint{T: t, F: f}, err
}

func (q *httpQuery) histogramPoint(ctx context.Context, metric labels.Labels, raw json.RawMessage) (promql.HPoint, error) {
	t, j, err := pair[jsonHistogram](raw)
	if err != nil {
		return promql.HPoint{}, err
	}
	mould, err := q.mould(ctx, metric, t)
	if err != nil {
		return promql.HPoint{}, err
	}
	h, err := j.fill(mould)
	if err != nil {
		return promql.HPoint{}, fmt.Errorf("%s at %d: %w", metric, t, err)
	}
	return promql.HPoint{T: t, H: h}, nil
}

// mould asks the server's own engine for a histogram of the result. JSON has
// only the buckets that are not empty: the resolution, the width of the zero
// bucket, the bounds of empty buckets and the hint about resets are not in it.
// All that can be in it comes from it, see fill.
func (q *httpQuery) mould(ctx context.Context, metric labels.Labels, t int64) (*histogram.FloatHistogram, error) {
	if q.moulds == nil {
		var err error
		if q.moulds, err = q.direct(); err != nil {
			return nil, err
		}
		q.filled = q.moulds.Exec(ctx).Value
	}
	switch v := q.filled.(type) {
	case promql.Vector:
		for _, s := range v {
			if s.H != nil && s.T == t && labels.Equal(s.Metric, metric) {
				return s.H.Copy(), nil
			}
		}
	case promql.Matrix:
		for _, s := range v {
			for _, p := range s.Histograms {
				if p.T == t && labels.Equal(s.Metric, metric) {
					return p.H.Copy(), nil
				}
			}
		}
	}
	return nil, fmt.Errorf("the API answers a histogram for %s at %d, the engine does not", metric, t)
}

// fill replaces every number in h by that of the JSON. The buckets must be
// the same, from the lowest to the highest.
func (j jsonHistogram) fill(h *histogram.FloatHistogram) (*histogram.FloatHistogram, error) {
	var problems []error
	number := func(text any) float64 {
		f, err := strconv.ParseFloat(fmt.Sprint(text), 64)
		problems = append(problems, err)
		return f
	}
	left := j.Buckets
	bounds := h.Copy().AllBucketIterator()
	next := func() float64 {
		for bounds.Next() && bounds.At().Count == 0 {
			continue
		}
		if len(left) == 0 {
			problems = append(problems, fmt.Errorf("the bucket %v is missing", bounds.At()))
			return math.NaN()
		}
		b := left[0]
		left = left[1:]
		want := [3]any{inclusiveness(bounds.At()), bounds.At().Lower, bounds.At().Upper}
		if got := [3]any{int(number(b[0])), number(b[1]), number(b[2])}; got != want {
			problems = append(problems, fmt.Errorf("a bucket is %v; want %v", got, want))
		}
		return number(b[3])
	}

	h.Count, h.Sum = number(j.Count), number(j.Sum)
	for i := len(h.NegativeBuckets) - 1; i >= 0; i-- {
		if h.NegativeBuckets[i] != 0 {
			h.NegativeBuckets[i] = next()
		}
	}
	if h.ZeroCount > 0 {
		h.ZeroCount = next()
	}
	for i, c := range h.PositiveBuckets {
		if c != 0 {
			h.PositiveBuckets[i] = next()
		}
	}
	if len(left) > 0 {
		problems = append(problems, fmt.Errorf("%d buckets too many", len(left)))
	}
	return h, errors.Join(problems...)
}

// inclusiveness is the API's number for which bounds belong to a bucket.
func inclusiveness(b histogram.Bucket[float64]) int {
	switch {
	case b.LowerInclusive && b.UpperInclusive:
		return 3
	case b.LowerInclusive:
		return 1
	case b.UpperInclusive:
		return 0
	default:
		return 2
	}
}
