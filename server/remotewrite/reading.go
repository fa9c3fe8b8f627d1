package remotewrite

import (
	"errors"
	"io"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/record"
)

// A reading decodes the log for one receiver into windows.
type reading struct {
	*receiver
	tail   *tail
	series *seriesSet
	window window
	dec    record.Decoder

	segment    int   // in which forgetSeries was called last
	checkpoint int   // whose series are known
	notBefore  int64 // samples before are too old, as of this window

	// Buffers.
	newSeries  []record.RefSeries
	samples    []record.RefSample
	decoded    bool // samples are those of the record that comes next
	exemplars  []record.RefExemplar
	histograms []record.RefHistogramSample
	floats     []record.RefFloatHistogramSample
}

func newReading(r *receiver, t *tail) *reading {
	return &reading{
		receiver: r, tail: t, series: newSeriesSet(r.config, r.external), segment: -1, checkpoint: -1,
		dec: record.NewDecoder(labels.NewSymbolTable(), r.log),
	}
}

// load reads the series before the position.
func (l *reading) load() error {
	return l.tail.load(func(rec []byte, segment int) error { return l.readSeries(rec, segment) })
}

func (l *reading) readSeries(rec []byte, segment int) (err error) {
	if l.dec.Type(rec) != record.Series {
		return nil
	}
	if l.newSeries, err = l.dec.Series(rec, l.newSeries[:0]); err == nil {
		l.series.add(l.newSeries, segment)
		clear(l.newSeries)
	}
	return err
}

const (
	// idle is how long fill waits for samples; then the position is saved all the same.
	idle = time.Second
	// gather is how long fill waits after a commit for further ones: reading many at once
	// takes less processor time.
	gather = 20 * time.Millisecond
)

// fill reads until the window is full, batch_send_deadline after its first sample, or idle if
// there is none. ended is true if the receiver is to end and everything is read.
func (l *reading) fill() (ended bool, err error) {
	l.forgetSeries()
	if l.receiver.window != nil {
		return false, l.refill(l.receiver.window)
	}
	l.notBefore = l.ageLimit()
	behind := true
	wait := time.NewTimer(idle)
	defer wait.Stop()
	limit := l.limit()
	for first := true; ; {
		rec, fresh, err := l.tail.next()
		switch {
		case errors.Is(err, io.EOF):
			behind = false
			switch more, ended := l.wait(wait); {
			case ended:
				return true, nil
			case !more:
				l.adapt(false, 0)
				return false, nil
			}
			continue
		case err != nil:
			return false, err
		case l.full(rec, limit):
			l.tail.unread()
			l.adapt(behind, l.window.highest)
			return false, nil
		}
		l.decode(rec, fresh)
		if first && !l.window.empty() {
			first = false
			wait.Reset(time.Duration(l.config.QueueConfig.BatchSendDeadline))
		}
	}
}

// full reports whether the window ends before a record. Exemplars stay with their samples. A
// record that would exceed the limit by a few samples begins the next window: they would take
// another request.
func (l *reading) full(rec []byte, limit int) bool {
	n := l.window.n.total()
	switch l.dec.Type(rec) {
	case record.Exemplars:
		return false
	case record.Samples, record.SamplesV2:
		if n == 0 || n >= limit || l.decodeSamples(rec) != nil {
			break
		}
		return n+len(l.samples) > limit
	}
	return n >= limit
}

// decodeSamples decodes a record, unless that is done.
func (l *reading) decodeSamples(rec []byte) (err error) {
	if !l.decoded {
		l.samples, err = l.dec.Samples(rec, l.samples[:0])
		l.decoded = err == nil
	}
	return err
}

// refill reads the window that was being sent before a restart.
func (l *reading) refill(w *inFlight) error {
	l.notBefore = w.NotBefore
	for l.tail.at.before(w.End) {
		rec, fresh, err := l.tail.next()
		switch {
		case errors.Is(err, io.EOF): // it ends after the log, of which the end was lost
			return nil
		case err != nil:
			return err
		}
		l.decode(rec, fresh)
	}
	return nil
}

// wait waits until something was written. more is false if the time is over.
func (l *reading) wait(timer *time.Timer) (more, ended bool) {
	select {
	case <-l.flush:
		return false, true
	case <-l.end.Done():
		return false, true
	default:
	}
	select {
	case <-timer.C:
		return false, false
	case <-l.notify:
		return l.sleepUntil(gather), false
	case <-l.flush:
		return true, false
	case <-l.end.Done():
		return false, true
	}
}

// sleepUntil waits, unless the receiver is to send everything.
func (l *reading) sleepUntil(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.flush:
	}
	return true
}

// decode is read; a record that cannot be read is logged.
func (l *reading) decode(rec []byte, fresh bool) {
	if err := l.read(rec, fresh); err != nil {
		l.log.Error("a record of the log cannot be decoded", "segment", l.tail.at.Segment, "offset", l.tail.at.Offset, "err", err)
	}
}

// read adds the data of a record to the window. Of a record that is not fresh, only the series
// count.
func (l *reading) read(rec []byte, fresh bool) (err error) {
	kind := l.dec.Type(rec)
	if kind == record.Series {
		l.window.newSeries = l.window.newSeries || !l.window.empty()
		return l.readSeries(rec, l.tail.at.Segment)
	}
	if !fresh {
		return nil
	}
	switch kind {
	case record.Samples, record.SamplesV2:
		err = l.decodeSamples(rec)
		l.decoded = false
		for _, s := range l.samples {
			if known := l.lookUp(s.Ref, s.T, samples); known != nil {
				l.addSample(known, s)
			}
		}
	case record.Exemplars:
		err = l.readExemplars(rec)
	case record.HistogramSamples, record.CustomBucketsHistogramSamples, record.HistogramSamplesV2:
		err = l.readHistograms(rec)
	case record.FloatHistogramSamples, record.CustomBucketsFloatHistogramSamples, record.FloatHistogramSamplesV2:
		err = l.readFloats(rec)
	}
	l.metrics.highest.Set(float64(max(l.window.highest, l.saved.Load().Time) / 1000))
	return err
}

// addSample adds a sample. If the series was a histogram before that was converted, its
// classic series end; a staleness marker is meant for them alone.
func (l *reading) addSample(known *series, s record.RefSample) {
	if known.classic != nil {
		l.endClassic(known, s.T)
		if value.IsStaleNaN(s.V) {
			return
		}
	}
	l.window.addSample(known, s)
}

func (l *reading) readExemplars(rec []byte) (err error) {
	if !l.config.SendExemplars {
		return nil
	}
	l.exemplars, err = l.dec.Exemplars(rec, l.exemplars[:0])
	for _, x := range l.exemplars {
		known := l.lookUp(x.Ref, x.T, exemplars)
		if known != nil && known.classic != nil {
			known = known.classic.bucket(x.V)
		}
		if known != nil {
			l.window.addExemplar(known, x)
		}
	}
	return err
}

func (l *reading) readHistograms(rec []byte) (err error) {
	if !l.readsHistograms() {
		return nil
	}
	l.histograms, err = l.dec.HistogramSamples(rec, l.histograms[:0])
	for _, h := range l.histograms {
		l.addHistogram(h.Ref, nativeHistogram{st: h.ST, t: h.T, integers: h.H})
	}
	clear(l.histograms)
	return err
}

func (l *reading) readFloats(rec []byte) (err error) {
	if !l.readsHistograms() {
		return nil
	}
	l.floats, err = l.dec.FloatHistogramSamples(rec, l.floats[:0])
	for _, h := range l.floats {
		l.addHistogram(h.Ref, nativeHistogram{st: h.ST, t: h.T, floats: h.FH})
	}
	clear(l.floats)
	return err
}

// readsHistograms reports whether native histograms are sent, or some of them converted.
func (l *reading) readsHistograms() bool {
	return l.config.SendNativeHistograms || l.config.ConvertNHCBToClassic
}

func (l *reading) addHistogram(ref chunks.HeadSeriesRef, h nativeHistogram) {
	convert := l.config.ConvertNHCBToClassic && h.customBuckets()
	if !convert && !l.config.SendNativeHistograms {
		return
	}
	known := l.lookUp(ref, h.t, histograms)
	switch {
	case known == nil:
	case convert:
		l.addClassic(known, h)
	case h.customBuckets() && !isV2(l.config):
		l.metrics.dropped[histograms].WithLabelValues(customBuckets).Inc()
	default:
		l.window.addHistogram(known, h)
	}
}

// lookUp returns the series of a sample that is to be sent, and counts the others.
func (l *reading) lookUp(ref chunks.HeadSeriesRef, at int64, kind int) *series {
	known := l.series.byRef[ref]
	switch {
	case at <= l.sendAfter:
		return nil
	case at < l.notBefore:
		l.metrics.dropped[kind].WithLabelValues(tooOld).Inc()
	case known == nil:
		l.metrics.dropped[kind].WithLabelValues(unknownSeries).Inc()
	case known.dropped:
		l.metrics.dropped[kind].WithLabelValues(droppedSeries).Inc()
	default:
		return known
	}
	return nil
}

// forgetSeries removes the series that the newest checkpoint no longer has.
func (l *reading) forgetSeries() {
	if l.segment == l.tail.at.Segment {
		return
	}
	l.segment = l.tail.at.Segment
	number, dir, ok := l.spool.checkpoint(l.tail.at.Segment)
	if !ok || number <= l.checkpoint {
		return
	}
	first := l.checkpoint < 0
	l.checkpoint = number
	if first { // load has just read it
		return
	}
	err := l.tail.readCheckpoint(dir, number, func(rec []byte, _ int) (err error) {
		if l.dec.Type(rec) != record.Series {
			return nil
		}
		if l.newSeries, err = l.dec.Series(rec, l.newSeries[:0]); err == nil {
			l.series.seen(l.newSeries, number)
			clear(l.newSeries)
		}
		return err
	})
	if err != nil {
		l.log.Warn("a checkpoint of the log cannot be read; its series are kept", "err", err)
		return
	}
	l.series.removeBefore(number)
}
