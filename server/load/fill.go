package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/compression"
)

// filled describes the data that fill wrote.
type filled struct {
	bytes, wal, chunks int64
	series, samples    int
	span               time.Duration
}

// The data resembles that of the load measurement: 80,000 series with a sample every 5 s.
// It starts two and a half hours ago, the longest span of a head block before compaction,
// and ends at the requested size or at the present.
const (
	fillSeries   = 80_000
	fillInterval = 5 * time.Second
	fillSpan     = 150 * time.Minute
)

// fill writes a data directory of about size bytes, mostly WAL, which is the slowest data
// to start with.
func fill(ctx context.Context, dir string, size int64) (f filled, err error) {
	o := tsdb.DefaultOptions()
	o.WALCompression = compression.Snappy
	db, err := tsdb.Open(dir, slog.New(slog.DiscardHandler), nil, o, nil)
	if err != nil {
		return f, err
	}
	series := newFillSeries()
	begin := time.Now().Add(-fillSpan)
	for step := 0; ; step++ {
		at := begin.Add(time.Duration(step) * fillInterval)
		if at.After(time.Now()) {
			break
		}
		if err := appendAll(ctx, db, series, at); err != nil {
			return f, errors.Join(err, db.Close())
		}
		f.samples += len(series)
		f.span = at.Sub(begin)
		if step%20 == 0 && sizeOf(dir).bytes >= size {
			break
		}
	}
	if err := db.Close(); err != nil {
		return f, err
	}
	sizes := sizeOf(dir)
	f.bytes, f.wal, f.chunks, f.series = sizes.bytes, sizes.wal, sizes.chunks, len(series)
	return f, nil
}

func sizeOf(dir string) filled {
	return filled{bytes: size(dir), wal: size(filepath.Join(dir, "wal")), chunks: size(filepath.Join(dir, "chunks_head"))}
}

// A fillSeriesState is a counter that increases at random.
type fillSeriesState struct {
	labels labels.Labels
	ref    storage.SeriesRef
	value  float64
}

func newFillSeries() []*fillSeriesState {
	all := make([]*fillSeriesState, fillSeries)
	for i := range all {
		all[i] = &fillSeriesState{labels: labels.FromStrings("__name__", "http_requests_total", "job", "shop",
			"instance", fmt.Sprintf("10.0.0.%d:8080", i%10), "method", "GET", "path", fmt.Sprintf("/page/%d", i/80), "status", fmt.Sprint(200+i/10%8))}
	}
	return all
}

func appendAll(ctx context.Context, db *tsdb.DB, all []*fillSeriesState, at time.Time) (err error) {
	app := db.Appender(ctx)
	for _, s := range all {
		if rand.IntN(3) == 0 {
			s.value += float64(1 + rand.IntN(20))
		}
		if s.ref, err = app.Append(s.ref, s.labels, at.UnixMilli(), s.value); err != nil {
			return errors.Join(err, app.Rollback())
		}
	}
	return app.Commit()
}
