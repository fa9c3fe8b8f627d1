package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// writeBlock writes all samples as one block, in which every series ends.
func writeBlock(dir string, all []*series, end time.Time) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// Series are written one after the other, from their beginning to their
	// end. The writer accepts that only within half of its block size.
	blockSize := 4 * historySpan.Milliseconds()
	w, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, blockSize)
	if err != nil {
		return fmt.Errorf("demo: writing the history: %w", err)
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	ctx := context.Background()
	for _, s := range all {
		app := w.Appender(ctx)
		if err := s.appendTo(app, end.Add(endsAfter)); err != nil {
			return fmt.Errorf("demo: writing the history: %s: %w", s.labels, err)
		}
		if err := app.Commit(); err != nil {
			return fmt.Errorf("demo: writing the history: %s: %w", s.labels, err)
		}
	}
	_, err = w.Flush(ctx)
	return err
}

// endsAfter is how long after the end of the past a series is marked as ended. It
// would else be taken for the present for five minutes.
const endsAfter = time.Millisecond

func (s *series) appendTo(app storage.Appender, ends time.Time) (err error) {
	var ref storage.SeriesRef
	for i, t := range *s.times {
		if ref, err = app.Append(ref, s.labels, t, s.values[i]); err != nil {
			return err
		}
	}
	ended := math.Float64frombits(value.StaleNaN)
	_, err = app.Append(ref, s.labels, ends.UnixMilli(), ended)
	return err
}
