package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/fileutil"
)

// A Series is a time series with all its samples, for [WriteBlock].
type Series struct {
	Labels labels.Labels
	Times  []int64 // milliseconds, ascending
	Values []float64
}

// WriteBlock writes the series as one block to a data directory that no server
// uses. A staleness marker follows the last sample of each series; without it,
// the sample would count as current for five minutes.
func WriteBlock(dir string, all []Series) (err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	// The series are written one after the other. The writer accepts such old
	// samples only within half of its block size.
	w, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, 4*span(all))
	if err != nil {
		return fmt.Errorf("writing a block: %w", err)
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	ctx := context.Background()
	for _, s := range all {
		app := w.Appender(ctx)
		if err := s.appendTo(app); err != nil {
			return fmt.Errorf("writing a block: %s: %w", s.Labels, err)
		}
		if err := app.Commit(); err != nil {
			return fmt.Errorf("writing a block: %s: %w", s.Labels, err)
		}
	}
	_, err = w.Flush(ctx)
	return err
}

// span is the time from the first sample to the last, in milliseconds.
func span(all []Series) int64 {
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, s := range all {
		if len(s.Times) > 0 {
			first, last = min(first, s.Times[0]), max(last, s.Times[len(s.Times)-1])
		}
	}
	return max(last-first, tsdb.DefaultBlockDuration)
}

func (s Series) appendTo(app storage.Appender) (err error) {
	var ref storage.SeriesRef
	for i, t := range s.Times {
		if ref, err = app.Append(ref, s.Labels, t, s.Values[i]); err != nil {
			return err
		}
	}
	if len(s.Times) == 0 {
		return nil
	}
	_, err = app.Append(ref, s.Labels, slices.Max(s.Times)+1, math.Float64frombits(value.StaleNaN))
	return err
}

// Quantile returns PromQL's histogram_quantile of one classic histogram. The bounds
// are ascending and end with +Inf; the counts are cumulative. Without observations,
// the result is NaN.
func Quantile(q float64, bounds, counts []float64) float64 {
	buckets := make(promql.Buckets, len(bounds))
	for i := range bounds {
		buckets[i] = promql.Bucket{UpperBound: bounds[i], Count: counts[i]}
	}
	v, _, _, _, _, _ := promql.BucketQuantile(q, buckets)
	return v
}

// InUse reports whether a server is using the data directory.
func InUse(dir string) bool {
	lock := filepath.Join(dir, "lock")
	if _, err := os.Stat(lock); err != nil {
		return false
	}
	held, _, err := fileutil.Flock(lock)
	if err != nil {
		return true
	}
	_ = held.Release()
	return false
}
