package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/util/httputil"
)

// BatchPath is the path of the batch API, relative to the server's URL. One request
// runs all queries of a screen of the page and returns columns.
const BatchPath = "api/tacho/batch"

// Limits of one batch. maxPoints is Prometheus's limit per series.
const (
	maxQueries = 100
	maxBody    = 1 << 20
	maxPoints  = 11_000
)

// A batch is the body of a request.
type batch struct {
	Queries []batchQuery `json:"queries"`
}

// A batchQuery is an instant query at Time (default now), or a range query from Start
// to End. All times are in seconds since the epoch.
type batchQuery struct {
	Query string   `json:"query"`
	Time  *float64 `json:"time"`
	Start *float64 `json:"start"`
	End   *float64 `json:"end"`
	Step  *float64 `json:"step"`
}

// isRange reports whether q is a range query.
func (q batchQuery) isRange() bool { return q.Start != nil || q.End != nil || q.Step != nil }

// check validates a query before any query runs.
func (q batchQuery) check() error {
	switch {
	case q.Query == "":
		return errors.New("its query is empty")
	case !q.isRange():
		return nil
	case q.Time != nil:
		return errors.New("it has a time and a range: set either time, or start, end and step")
	case q.Start == nil || q.End == nil || q.Step == nil:
		return errors.New("a range needs start, end and step, in seconds")
	case *q.Step < .001:
		return errors.New("its step must be at least 0.001 s")
	case *q.End < *q.Start:
		return errors.New("its end is before its start")
	case (*q.End-*q.Start) / *q.Step > maxPoints:
		return fmt.Errorf("it would have more than %d points: increase the step", maxPoints)
	}
	return nil
}

// batch serves POST /api/tacho/batch. If a query fails, its result is an error; the
// other queries are not affected.
func (s *Server) batch(w http.ResponseWriter, r *http.Request) {
	asked, status, err := readBatch(w, r)
	if err != nil {
		writeError(w, status, err)
		return
	}
	// The query log records the path.
	ctx := httputil.ContextFromRequest(httputil.ContextWithPath(r.Context(), r.URL.Path), r)
	answers := s.answerAll(ctx, asked.Queries)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	out := append([]byte(nil), `{"status":"success","data":{"results":[`...)
	for i, a := range answers {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, a...)
	}
	_, _ = w.Write(append(out, "]}}\n"...))
}

// readBatch reads and checks the body.
func readBatch(w http.ResponseWriter, r *http.Request) (b batch, status int, err error) {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err = d.Decode(&b)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return b, http.StatusRequestEntityTooLarge, fmt.Errorf("the body is larger than %d bytes: split it into several batches", maxBody)
	case err != nil:
		return b, http.StatusBadRequest, fmt.Errorf(`the body must be JSON such as {"queries":[{"query":"up"}]}: %w (at byte %d)`, err, d.InputOffset())
	case d.Decode(new(struct{})) != io.EOF:
		return b, http.StatusBadRequest, fmt.Errorf("there is data after the JSON object, at byte %d: send one object", d.InputOffset())
	case len(b.Queries) > maxQueries:
		return b, http.StatusBadRequest, fmt.Errorf("%d queries are too many: send at most %d at once", len(b.Queries), maxQueries)
	}
	for i, q := range b.Queries {
		if err := q.check(); err != nil {
			return b, http.StatusBadRequest, fmt.Errorf("query %d: %w", i, err)
		}
	}
	return b, http.StatusOK, nil
}

// answerAll runs as many queries concurrently as there are cores, until ctx is done.
func (s *Server) answerAll(ctx context.Context, queries []batchQuery) [][]byte {
	answers := make([][]byte, len(queries))
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for i, q := range queries {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			answers[i] = s.answer(ctx, q)
		})
	}
	all.Wait()
	return answers
}

// answer runs one query.
func (s *Server) answer(ctx context.Context, q batchQuery) []byte {
	query, err := s.newQuery(ctx, q)
	if err != nil {
		return appendError(nil, "bad_data", err)
	}
	defer query.Close()
	res := query.Exec(ctx)
	if res.Err != nil {
		return appendError(nil, errorType(res.Err), res.Err)
	}
	var out []byte
	if q.isRange() {
		out = appendColumns(nil, q, res.Value.(promql.Matrix))
	} else {
		out = appendInstant(nil, res.Value)
	}
	return appendAnnotations(out, q.Query, res.Warnings)
}

func (s *Server) newQuery(ctx context.Context, q batchQuery) (promql.Query, error) {
	if !q.isRange() {
		at := time.Now()
		if q.Time != nil {
			at = momentOf(*q.Time)
		}
		return s.engine.NewInstantQuery(ctx, s.fanout, nil, q.Query, at)
	}
	step := time.Duration(math.Round(*q.Step*1e3)) * time.Millisecond
	return s.engine.NewRangeQuery(ctx, s.fanout, nil, q.Query, momentOf(*q.Start), momentOf(*q.End), step)
}

// momentOf rounds to milliseconds, as the TSDB does.
func momentOf(seconds float64) time.Time { return time.UnixMilli(int64(math.Round(seconds * 1000))) }
