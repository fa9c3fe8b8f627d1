package server

import (
	"errors"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// mostPushedAhead is how far in the future a pushed sample may be, as with Prometheus: newer
// ones would make the TSDB refuse what comes after them.
const mostPushedAhead = 10 * time.Minute

// A pushing is the transaction of one request. It leaves out samples that the storage
// does not take, so that they do not cost the others.
type pushing struct {
	storage.AppenderV2
	latest   int64
	failed   error // of the storage: it takes nothing
	rejected map[dataPoint]struct{}
	why      error // the first of them was rejected
}

// A dataPoint tells apart points of OTLP, each of which is one sample or, as a
// histogram, several.
type dataPoint struct {
	family string
	labels uint64
	t      int64
}

func newPushing(app storage.AppenderV2, now time.Time) *pushing {
	return &pushing{AppenderV2: app, latest: now.Add(mostPushedAhead).UnixMilli()}
}

// Append implements storage.AppenderV2. Its error is one of the whole storage.
func (p *pushing) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions) (storage.SeriesRef, error) {
	if p.failed != nil {
		return 0, p.failed
	}
	if t > p.latest {
		p.reject(ls, t, o.MetricFamilyName, storage.ErrOutOfBounds)
		return 0, nil
	}
	ref, err := p.AppenderV2.Append(ref, ls, st, t, v, h, fh, o)
	_, onlyExemplars := errors.AsType[*storage.AppendPartialError](err)
	switch {
	case err == nil, onlyExemplars:
		return ref, nil
	case errors.Is(err, errFull), errors.Is(err, tsdb.ErrNotReady):
		p.failed = err
		return 0, err
	}
	p.reject(ls, t, o.MetricFamilyName, err)
	return 0, nil
}

// reject remembers the point that a sample is of.
func (p *pushing) reject(ls labels.Labels, t int64, family string, why error) {
	if p.rejected == nil {
		p.rejected, p.why = make(map[dataPoint]struct{}), why
	}
	hash, _ := ls.HashWithoutLabels(nil, "le", "quantile")
	p.rejected[dataPoint{family, hash, t}] = struct{}{}
}

// forget forgets what was rejected so far.
func (p *pushing) forget() { p.rejected, p.why = nil, nil }
