package server

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"google.golang.org/protobuf/proto"
)

// federate serves GET /federate?match[]=…: the newest sample of every matching
// series, with its timestamp and the external labels
// (https://prometheus.io/docs/prometheus/latest/federation/). Native
// histograms need the protobuf format.
func (s *Server) federate(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "federate: "+err.Error(), http.StatusBadRequest)
		return
	}
	matchers, err := s.parser.ParseMetricSelectors(r.Form["match[]"])
	if err != nil {
		http.Error(w, "federate: match[]: "+err.Error(), http.StatusBadRequest)
		return
	}
	samples, err := s.newest(r, matchers)
	if err != nil {
		http.Error(w, "federate: "+err.Error(), http.StatusInternalServerError)
		return
	}
	format := expfmt.NegotiateAccept(r.Header, federateFormats...)
	w.Header().Set("Content-Type", string(format))
	encoder := expfmt.NewEncoder(w, format)
	for _, f := range s.families(samples, isProtobuf(format)) {
		if err := encoder.Encode(f); err != nil {
			s.log.Warn("federate: the response is incomplete", "err", err)
			return
		}
	}
}

// federateFormats are the supported formats. OpenMetrics is not among them, because
// it requires the types of the metrics.
var federateFormats = []expfmt.Format{
	expfmt.NewFormat(expfmt.TypeProtoDelim), expfmt.NewFormat(expfmt.TypeProtoText),
	expfmt.NewFormat(expfmt.TypeProtoCompact), expfmt.NewFormat(expfmt.TypeTextPlain),
}

func isProtobuf(f expfmt.Format) bool {
	switch f.FormatType() {
	case expfmt.TypeProtoDelim, expfmt.TypeProtoText, expfmt.TypeProtoCompact:
		return true
	default:
		return false
	}
}

// A newestSample is the last sample of a series: a number or a histogram.
type newestSample struct {
	labels labels.Labels
	t      int64
	f      float64
	h      *histogram.FloatHistogram
}

func (n newestSample) stale() bool {
	return value.IsStaleNaN(n.f) || n.h != nil && value.IsStaleNaN(n.h.Sum)
}

// newest reads the last sample of each series within the look-back.
func (s *Server) newest(r *http.Request, sets [][]*labels.Matcher) ([]newestSample, error) {
	now := time.Now()
	mint, maxt := now.Add(-s.opts.QueryLookback).UnixMilli(), now.UnixMilli()
	q, err := s.store.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	defer func() { _ = q.Close() }()

	hints := &storage.SelectHints{Start: mint, End: maxt}
	var found []storage.SeriesSet
	for _, ms := range sets {
		found = append(found, q.Select(r.Context(), true, hints, ms...))
	}
	set := storage.NewMergeSeriesSet(found, 0, storage.ChainedSeriesMerge)
	var all []newestSample
	for set.Next() {
		if last, ok := lastOf(set.At(), maxt); ok && !last.stale() && last.labels.Get(model.MetricNameLabel) != "" {
			all = append(all, last)
		}
	}
	return all, set.Err()
}

func lastOf(series storage.Series, maxt int64) (last newestSample, ok bool) {
	last.labels = series.Labels()
	it := series.Iterator(nil)
	for kind := it.Next(); kind != chunkenc.ValNone && it.AtT() <= maxt; kind = it.Next() {
		ok = true
		if kind == chunkenc.ValFloat {
			last.t, last.f = it.At()
			last.h = nil
		} else {
			last.t, last.h = it.AtFloatHistogram(nil)
			last.f = 0 // a float before it may have been a staleness marker
		}
	}
	return last, ok
}

// families groups samples into families by name and type.
func (s *Server) families(samples []newestSample, protobuf bool) []*dto.MetricFamily {
	slices.SortStableFunc(samples, func(a, b newestSample) int {
		return strings.Compare(a.labels.Get(model.MetricNameLabel), b.labels.Get(model.MetricNameLabel))
	})
	external := s.externalLabels()
	var all []*dto.MetricFamily
	for _, n := range samples {
		if n.h != nil && !n.h.UsesCustomBuckets() && !protobuf {
			continue // the text formats have no native histograms
		}
		name, kind := n.labels.Get(model.MetricNameLabel), n.kind()
		if len(all) == 0 || all[len(all)-1].GetName() != name || all[len(all)-1].GetType() != kind {
			all = append(all, &dto.MetricFamily{Name: proto.String(name), Type: kind.Enum()})
		}
		last := all[len(all)-1]
		last.Metric = append(last.Metric, n.metric(external))
	}
	return all
}

// externalLabels are added to samples that lack them. An empty instance prevents the
// scraping server from adding its own.
func (s *Server) externalLabels() map[string]string {
	external := s.config().GlobalConfig.ExternalLabels.Map()
	if _, ok := external[model.InstanceLabel]; !ok {
		external[model.InstanceLabel] = ""
	}
	return external
}

func (n newestSample) kind() dto.MetricType {
	switch {
	case n.h == nil:
		return dto.MetricType_UNTYPED
	case n.h.CounterResetHint == histogram.GaugeType:
		return dto.MetricType_GAUGE_HISTOGRAM
	default:
		return dto.MetricType_HISTOGRAM
	}
}

func (n newestSample) metric(external map[string]string) *dto.Metric {
	m := &dto.Metric{TimestampMs: proto.Int64(n.t)}
	add := func(name, v string) {
		m.Label = append(m.Label, &dto.LabelPair{Name: proto.String(name), Value: proto.String(v)})
	}
	n.labels.Range(func(l labels.Label) {
		if l.Name != model.MetricNameLabel {
			add(l.Name, l.Value)
		}
	})
	for _, name := range slices.Sorted(maps.Keys(external)) { // after the others, as Prometheus has it
		if !n.labels.Has(name) {
			add(name, external[name])
		}
	}
	switch {
	case n.h == nil:
		m.Untyped = &dto.Untyped{Value: proto.Float64(n.f)}
	case n.h.UsesCustomBuckets():
		m.Histogram = classic(n.h)
	default:
		m.Histogram = native(n.h)
	}
	return m
}

// native converts an exponential histogram.
func native(h *histogram.FloatHistogram) *dto.Histogram {
	return &dto.Histogram{
		SampleCountFloat: proto.Float64(h.Count), SampleSum: proto.Float64(h.Sum),
		Schema: proto.Int32(h.Schema), ZeroThreshold: proto.Float64(h.ZeroThreshold), ZeroCountFloat: proto.Float64(h.ZeroCount),
		PositiveSpan: spans(h.PositiveSpans), PositiveCount: h.PositiveBuckets,
		NegativeSpan: spans(h.NegativeSpans), NegativeCount: h.NegativeBuckets,
	}
}

func spans(in []histogram.Span) []*dto.BucketSpan {
	out := make([]*dto.BucketSpan, len(in))
	for i, s := range in {
		out[i] = &dto.BucketSpan{Offset: proto.Int32(s.Offset), Length: proto.Uint32(s.Length)}
	}
	return out
}

// classic converts a histogram with custom buckets to a classic one with a bucket for
// each bound, including empty ones. The encoder adds +Inf.
func classic(h *histogram.FloatHistogram) *dto.Histogram {
	counts := make(map[int32]float64, len(h.PositiveBuckets))
	for it := h.PositiveBucketIterator(); it.Next(); {
		counts[it.At().Index] = it.At().Count
	}
	out := &dto.Histogram{SampleCountFloat: proto.Float64(h.Count), SampleSum: proto.Float64(h.Sum)}
	var below float64
	for i, le := range h.CustomValues {
		below += counts[int32(i)]
		out.Bucket = append(out.Bucket, &dto.Bucket{UpperBound: proto.Float64(le), CumulativeCountFloat: proto.Float64(below)})
	}
	return out
}
