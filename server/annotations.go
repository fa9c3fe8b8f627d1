package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// AnnotationsPath is the path of the annotations API, relative to the server's URL.
// Each annotation is stored as a sample of [AnnotationMetric] and queried like any
// other series.
const AnnotationsPath = "api/tacho/annotations"

// AnnotationMetric has the label text, and job if the annotation is for one service.
// The value of a sample is the annotated time in seconds since the epoch; its
// timestamp is the time of the request.
const AnnotationMetric = "tacho_annotation"

// Limits of annotations. Each text is a new series, so a script that annotates every
// request would fill the TSDB. The limit is far above what people write in an hour.
const (
	maxTextBytes     = 1024
	maxJobBytes      = 256
	maxAnnotations   = 500
	annotationWindow = time.Hour
	maxAhead         = time.Hour
)

var errTooManyAnnotations = fmt.Errorf("more than %d annotations in an hour: each is a time series; send fewer, or export a metric", maxAnnotations)

// A chartAnnotation is one annotation.
type chartAnnotation struct {
	Job  string  `json:"job"`
	Text string  `json:"text"`
	Time float64 `json:"time"`
}

// annotate answers POST /api/tacho/annotations: a form with text, job and time.
func (s *Server) annotate(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	n, err := readAnnotation(r, time.Now(), s.Retention().For)
	if err != nil {
		writeError(w, http.StatusBadRequest, err)
		return
	}
	if !s.annotationLimit.allow(time.Now()) {
		writeError(w, http.StatusTooManyRequests, errTooManyAnnotations)
		return
	}
	if err := s.storeAnnotation(r.Context(), n); err != nil {
		writeError(w, http.StatusServiceUnavailable, fmt.Errorf("the annotation was not stored: %w", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": n})
}

// readAnnotation reads and checks a form.
func readAnnotation(r *http.Request, now time.Time, retention time.Duration) (n chartAnnotation, err error) {
	if err := r.ParseForm(); err != nil {
		return n, fmt.Errorf("the body must be a form such as text=deployed&job=shop: %w", err)
	}
	n = chartAnnotation{Job: r.PostForm.Get("job"), Text: strings.TrimSpace(r.PostForm.Get("text")), Time: float64(now.UnixMilli()) / 1000}
	at := r.PostForm.Get("time")
	if at != "" {
		if n.Time, err = parseMoment(at); err != nil {
			return n, err
		}
	}
	moment := time.UnixMilli(int64(n.Time * 1000))
	switch {
	case n.Text == "":
		return n, errors.New("text is empty: describe the event")
	case len(n.Text) > maxTextBytes:
		return n, fmt.Errorf("text has %d bytes: at most %d", len(n.Text), maxTextBytes)
	case len(n.Job) > maxJobBytes:
		return n, fmt.Errorf("job has %d bytes: at most %d", len(n.Job), maxJobBytes)
	case !utf8.ValidString(n.Text) || !utf8.ValidString(n.Job):
		return n, errors.New("text and job must be UTF-8")
	case moment.After(now.Add(maxAhead)):
		return n, fmt.Errorf("time %s is more than an hour ahead", at)
	case retention > 0 && moment.Before(now.Add(-retention)):
		return n, fmt.Errorf("time %s is older than the retention (%v)", at, retention)
	}
	return n, nil
}

// parseMoment reads seconds since the epoch, or RFC 3339.
func parseMoment(text string) (float64, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds < 1e11 {
		return seconds, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return float64(at.UnixMilli()) / 1000, nil
	}
	return 0, fmt.Errorf("time is %q: give seconds since 1970, or 2026-01-31T15:04:05Z", text)
}

// storeAnnotation writes an annotation to the TSDB. After a success it can be queried.
func (s *Server) storeAnnotation(ctx context.Context, n chartAnnotation) error {
	ls := labels.FromMap(map[string]string{model.MetricNameLabel: AnnotationMetric, "job": n.Job, "text": n.Text})
	if n.Job == "" {
		ls = labels.FromStrings(model.MetricNameLabel, AnnotationMetric, "text", n.Text)
	}
	return s.appendNear(ctx, ls, time.Now().UnixMilli(), n.Time)
}

// appendNear appends a sample at a timestamp, or at the next free millisecond: a script
// may send the same text for several times at once.
func (s *Server) appendNear(ctx context.Context, ls labels.Labels, at int64, value float64) (err error) {
	for next := at; next < at+maxAnnotations; next++ {
		app := s.fanout.AppenderV2(ctx)
		if _, err = app.Append(0, ls, 0, next, value, nil, nil, storage.AppendV2Options{}); err == nil {
			return app.Commit()
		}
		err = errors.Join(err, app.Rollback())
		if !errors.Is(err, storage.ErrDuplicateSampleForTimestamp) && !errors.Is(err, storage.ErrOutOfOrderSample) {
			return err
		}
	}
	return err
}
