package server

import (
	"errors"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// A pushing is the transaction of one request. It leaves out samples that the storage
// does not take, so that they do not cost the others.
type pushing struct {
	storage.AppenderV2
	starts bool // what comes now are starts of deltas: one that the storage does not take is no loss

	points   int   // that came
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

// Append implements storage.AppenderV2. Its error is one of the whole storage.
func (p *pushing) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions) (storage.SeriesRef, error) {
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

// count counts the point that a sample is of: that of the name _count, if it is of a
// histogram or a summary that is stored as several.
func (p *pushing) count(ls labels.Labels, native bool, o storage.AOptions) {
	switch several := o.Metadata.Type == model.MetricTypeHistogram && !native || o.Metadata.Type == model.MetricTypeSummary; {
	case p.starts, o.MetricFamilyName == targetInfo:
	case !several, ls.Get(model.MetricNameLabel) == o.MetricFamilyName+"_count":
		p.points++
	}
}

// targetInfo is made by the translation and no point.
const targetInfo = "target_info"

// reject remembers the point that a sample is of.
func (p *pushing) reject(ls labels.Labels, t int64, family string, why error) {
	if p.starts || family == targetInfo {
		return
	}
	if p.rejected == nil {
		p.rejected, p.why = make(map[dataPoint]struct{}), why
	}
	hash, _ := ls.HashWithoutLabels(nil, "le", "quantile")
	p.rejected[dataPoint{family, hash, t}] = struct{}{}
}
