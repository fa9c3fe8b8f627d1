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

// AnnotationsPath is where people and scripts note what happened, relative to the
// server's URL. Each note is a sample of [AnnotationMetric], so that it is read like
// everything else.
const AnnotationsPath = "api/tacho/annotations"

// AnnotationMetric has the labels job, if the note is about one service, and text. A
// sample's value is the moment that the note is about, in seconds since the epoch;
// its timestamp is when it was written.
const AnnotationMetric = "tacho_annotation"

// Limits of a note. Each text is a series of its own, so that a script that notes
// every request would fill the TSDB: most of an hour are far more than people write.
const (
	longestNote = 1024
	longestJob  = 256
	mostNotes   = 500
	notesPer    = time.Hour
	mostAhead   = time.Hour
)

var errTooManyNotes = fmt.Errorf("%d notes in an hour are too many: each is a time series; write fewer, or export a metric", mostNotes)

// A note is what is to be kept.
type note struct {
	Job  string  `json:"job"`
	Text string  `json:"text"`
	Time float64 `json:"time"`
}

// annotate answers POST /api/tacho/annotations: a form with text, job and time.
func (s *Server) annotate(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	n, err := readNote(r, time.Now(), s.Kept().For)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	if !s.notesLeft.take(time.Now()) {
		refuse(w, http.StatusTooManyRequests, errTooManyNotes)
		return
	}
	if err := s.keep(r.Context(), n); err != nil {
		refuse(w, http.StatusServiceUnavailable, fmt.Errorf("the note is not kept: %w", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": n})
}

// readNote reads and checks a form.
func readNote(r *http.Request, now time.Time, retention time.Duration) (n note, err error) {
	if err := r.ParseForm(); err != nil {
		return n, fmt.Errorf("the body must be a form such as text=deployed&job=shop: %w", err)
	}
	n = note{Job: r.PostForm.Get("job"), Text: strings.TrimSpace(r.PostForm.Get("text")), Time: float64(now.UnixMilli()) / 1000}
	at := r.PostForm.Get("time")
	if at != "" {
		if n.Time, err = parseMoment(at); err != nil {
			return n, err
		}
	}
	moment := time.UnixMilli(int64(n.Time * 1000))
	switch {
	case n.Text == "":
		return n, errors.New("text is empty: say what happened")
	case len(n.Text) > longestNote:
		return n, fmt.Errorf("text has %d bytes: at most %d", len(n.Text), longestNote)
	case len(n.Job) > longestJob:
		return n, fmt.Errorf("job has %d bytes: at most %d", len(n.Job), longestJob)
	case !utf8.ValidString(n.Text) || !utf8.ValidString(n.Job):
		return n, errors.New("text and job must be UTF-8")
	case moment.After(now.Add(mostAhead)):
		return n, fmt.Errorf("time %s is more than an hour ahead", at)
	case retention > 0 && moment.Before(now.Add(-retention)):
		return n, fmt.Errorf("time %s is before what is kept (%v)", at, retention)
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

// keep writes a note into the TSDB. Who has been told that it is kept finds it.
func (s *Server) keep(ctx context.Context, n note) error {
	ls := labels.FromMap(map[string]string{model.MetricNameLabel: AnnotationMetric, "job": n.Job, "text": n.Text})
	if n.Job == "" {
		ls = labels.FromStrings(model.MetricNameLabel, AnnotationMetric, "text", n.Text)
	}
	return s.keepAt(ctx, ls, time.Now().UnixMilli(), n.Time)
}

// keepAt writes a sample at a millisecond, or at the next that is free: a script may
// note the same about several moments at once.
func (s *Server) keepAt(ctx context.Context, ls labels.Labels, at int64, value float64) (err error) {
	for next := at; next < at+mostNotes; next++ {
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
