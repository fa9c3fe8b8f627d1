package server

import (
	"errors"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// A pushAppender is the transaction of one request. It skips samples that the storage
// rejects, so that the others are stored.
type pushAppender struct {
	storage.AppenderV2
	starts bool // appending starts of deltas; rejected ones do not matter

	points   int   // received
	failed   error // storage error: nothing can be stored
	rejected map[dataPoint]struct{}
	reason   error // why the first one was rejected
}

// A dataPoint identifies an OTLP point, which is one sample or, for a histogram,
// several.
type dataPoint struct {
	family string
	labels uint64
	t      int64
}

// Append implements storage.AppenderV2. It returns only errors of the whole storage.
func (p *pushAppender) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions) (storage.SeriesRef, error) {
	if p.failed != nil {
		return 0, p.failed
	}
	p.count(ls, h != nil || fh != nil, o)
	o.RejectOutOfOrder = p.starts
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

// count counts points: one per sample, or one per _count sample if a histogram or a
// summary is stored as several samples.
func (p *pushAppender) count(ls labels.Labels, native bool, o storage.AOptions) {
	switch several := o.Metadata.Type == model.MetricTypeHistogram && !native || o.Metadata.Type == model.MetricTypeSummary; {
	case p.starts, o.MetricFamilyName == targetInfo:
	case !several, ls.Get(model.MetricNameLabel) == o.MetricFamilyName+"_count":
		p.points++
	}
}

// targetInfo is created by the translation; it is not a point.
const targetInfo = "target_info"

// reject records the point of a rejected sample.
func (p *pushAppender) reject(ls labels.Labels, t int64, family string, reason error) {
	if p.starts || family == targetInfo {
		return
	}
	if p.rejected == nil {
		p.rejected, p.reason = make(map[dataPoint]struct{}), reason
	}
	hash, _ := ls.HashWithoutLabels(nil, "le", "quantile")
	p.rejected[dataPoint{family, hash, t}] = struct{}{}
}
