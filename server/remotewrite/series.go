package remotewrite

import (
	"bytes"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/record"
	"google.golang.org/protobuf/encoding/protowire"
)

// A series is a series of the log as the receiver sees it.
type series struct {
	encoded []byte        // the labels as fields of a prompb.TimeSeries; for remote write 1.0
	labels  labels.Labels // for remote write 2.0 and convert_nhcb_to_classic
	hash    uint64        // of the labels
	dropped bool          // by relabeling
	segment int           // the newest checkpoint or segment that has the series
	window  *entry        // the last entry of the current window
	classic *classic      // nil unless it is converted to classic series
}

// A seriesSet has the series of the log by reference.
type seriesSet struct {
	byRef    map[chunks.HeadSeriesRef]*series
	external labels.Labels
	relabel  []*relabel.Config
	encode   bool // for remote write 1.0
	convert  bool // convert_nhcb_to_classic
	builder  *labels.Builder
	scratch  []byte // for encoding, so that what is kept has its exact length
}

func newSeriesSet(c *config.RemoteWriteConfig, external labels.Labels) *seriesSet {
	return &seriesSet{
		byRef: make(map[chunks.HeadSeriesRef]*series), external: external, relabel: c.WriteRelabelConfigs,
		encode: !isV2(c), convert: c.ConvertNHCBToClassic, builder: labels.NewBuilder(labels.EmptyLabels()),
	}
}

// add adds series of a record.
func (s *seriesSet) add(all []record.RefSeries, segment int) {
	for _, r := range all {
		// A new struct, also for a known reference: after a restart, the storage may use the
		// reference for other labels, and samples of the old ones may be in the window.
		s.byRef[r.Ref] = s.make(r.Labels, segment)
	}
}

func (s *seriesSet) make(l labels.Labels, segment int) *series {
	s.builder.Reset(l)
	s.external.Range(func(l labels.Label) {
		if s.builder.Get(l.Name) == "" {
			s.builder.Set(l.Name, l.Value)
		}
	})
	if !relabel.ProcessBuilder(s.builder, s.relabel...) {
		return &series{dropped: true, segment: segment}
	}
	return s.finished(s.builder.Labels(), segment)
}

// finished returns a series whose labels are those that are sent.
func (s *seriesSet) finished(l labels.Labels, segment int) *series {
	done := &series{hash: l.Hash(), segment: segment}
	if s.encode {
		s.scratch = appendLabels(s.scratch[:0], l)
		done.encoded = bytes.Clone(s.scratch)
	}
	if !s.encode || s.convert {
		done.labels = l
	}
	return done
}

// appendLabels appends the labels as field 1 of a prompb.TimeSeries or a prompb.Exemplar.
func appendLabels(b []byte, all labels.Labels) []byte {
	all.Range(func(l labels.Label) {
		size := protowire.SizeTag(1) + protowire.SizeBytes(len(l.Name)) + protowire.SizeTag(2) + protowire.SizeBytes(len(l.Value))
		b = protowire.AppendTag(b, 1, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(size))
		b = protowire.AppendTag(b, 1, protowire.BytesType)
		b = protowire.AppendString(b, l.Name)
		b = protowire.AppendTag(b, 2, protowire.BytesType)
		b = protowire.AppendString(b, l.Value)
	})
	return b
}

// seen notes that a checkpoint has the series.
func (s *seriesSet) seen(all []record.RefSeries, checkpoint int) {
	for _, r := range all {
		if known := s.byRef[r.Ref]; known != nil {
			known.segment = max(known.segment, checkpoint)
		}
	}
}

// removeBefore removes the series that neither the checkpoint nor a later segment has: the
// storage writes no more samples of them.
func (s *seriesSet) removeBefore(checkpoint int) {
	for ref, known := range s.byRef {
		if known.segment < checkpoint {
			delete(s.byRef, ref)
		}
	}
}
