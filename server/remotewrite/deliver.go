package remotewrite

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/util/compression"
)

// ageLimit returns the time in milliseconds before which samples are too old.
func (r *receiver) ageLimit() int64 {
	if limit := time.Duration(r.config.QueueConfig.SampleAgeLimit); limit > 0 {
		return time.Now().Add(-limit).UnixMilli()
	}
	return math.MinInt64
}

// deliver sends a request until the receiver accepts or rejects it. The error is that of the
// canceled context.
func (r *receiver) deliver(e *encoder, pieces []piece, notBefore int64, again bool) error {
	q, dropped := r.encode(e, pieces, notBefore, counts{})
	q.again = again
	return r.repeat(func(attempt int) (time.Duration, error) {
		if attempt > 0 {
			add(r.metrics.retried, q.n)
			if limit := r.ageLimit(); q.oldest < limit {
				q, dropped = r.encode(e, pieces, limit, dropped)
			}
		}
		if q.n.total() == 0 {
			return 0, nil
		}
		return r.attempt(q, attempt)
	})
}

// encode encodes a request and counts what is not in it, except for what was counted before.
func (r *receiver) encode(e *encoder, pieces []piece, notBefore int64, counted counts) (request, counts) {
	q, err := e.encode(pieces, notBefore)
	if err != nil {
		r.log.Error("samples cannot be encoded", "err", err)
		add(r.metrics.failed, q.n)
		q.n = counts{}
	}
	for k, n := range q.old.minus(counted) {
		if n > 0 {
			r.metrics.dropped[k].WithLabelValues(tooOld).Add(float64(n))
		}
	}
	if q.lonely > 0 && counted == (counts{}) {
		r.metrics.dropped[exemplars].WithLabelValues(withoutASample).Add(float64(q.lonely))
	}
	return q, q.old
}

// attempt sends a request once. It returns the error only if the request can be repeated.
func (r *receiver) attempt(q request, attempt int) (time.Duration, error) {
	add(r.metrics.sent, q.n)
	begin := time.Now()
	stats, wait, err := store(r.end, *r.client.Load(), q.body, attempt)
	r.metrics.duration.Observe(time.Since(begin).Seconds())
	if err != nil && r.recoverable(err) {
		return wait, err
	}
	r.metrics.bytes.Add(float64(len(q.body)))
	r.metrics.highestSent.Set(float64(q.highest / 1000))
	written := counts{stats.Samples, stats.Histograms, stats.Exemplars}
	switch failed := q.n.minus(written); {
	case q.again && attempt == 0 && err != nil:
		r.rejectAgain(failed, err)
	case !isV2(r.config) && err == nil:
	case !isV2(r.config):
		r.reject(q.n, err)
	case err == nil && stats.NoDataWritten():
		r.reject(q.n, errUnconfirmed)
	case err != nil || failed.total() > 0:
		r.reject(failed, err)
	}
	return 0, nil
}

// reject counts and logs what the receiver rejected.
func (r *receiver) reject(n counts, err error) {
	add(r.metrics.failed, n)
	if err == nil {
		err = errors.New("the receiver confirmed fewer samples than were sent")
	}
	r.log.Error("the receiver rejected samples; they are not sent again",
		"samples", n[samples], "histograms", n[histograms], "exemplars", n[exemplars], "err", err)
}

// rejectAgain counts and logs what the receiver rejected that it may have accepted already,
// before the restart.
func (r *receiver) rejectAgain(n counts, err error) {
	for k := range n {
		r.metrics.dropped[k].WithLabelValues(sentBefore).Add(float64(n[k]))
	}
	r.log.Warn("the receiver rejected a request that it has probably accepted before the restart",
		"samples", n[samples], "histograms", n[histograms], "exemplars", n[exemplars], "err", err)
}

func (r *receiver) recoverable(err error) bool {
	var recoverable remote.RecoverableError
	return r.end.Err() != nil || errors.As(err, &recoverable)
}

// repeat calls attempt until it succeeds, with pauses that double from min_backoff to
// max_backoff, or of the length that the receiver asks for.
func (r *receiver) repeat(attempt func(n int) (wait time.Duration, err error)) error {
	backoff := time.Duration(r.config.QueueConfig.MinBackoff)
	for n := 0; ; n++ {
		wait, err := attempt(n)
		if err == nil {
			return nil
		}
		if r.end.Err() != nil {
			return r.end.Err()
		}
		if wait == 0 {
			wait = backoff
		}
		r.log.Warn("sending failed; trying again", "after", wait, "err", err)
		if !r.sleep(wait) {
			return r.end.Err()
		}
		backoff = min(2*wait, time.Duration(r.config.QueueConfig.MaxBackoff))
	}
}

// AppendWatcherMetadata implements remote.MetadataAppender: it sends the metadata of all
// scraped metrics, in the manner of remote write 1.0. It is called in a goroutine of its own.
func (r *receiver) AppendWatcherMetadata(ctx context.Context, all []scrape.MetricMetadata) {
	size := max(1, r.config.MetadataConfig.MaxSamplesPerSend)
	for len(all) > 0 && ctx.Err() == nil && r.end.Err() == nil {
		n := min(size, len(all))
		r.sendMetadata(ctx, all[:n])
		all = all[n:]
	}
}

func (r *receiver) sendMetadata(ctx context.Context, all []scrape.MetricMetadata) {
	message := &prompb.WriteRequest{}
	for _, m := range all {
		message.Metadata = append(message.Metadata, prompb.MetricMetadata{
			MetricFamilyName: m.MetricFamily, Help: m.Help, Unit: m.Unit, Type: prompb.FromMetadataType(m.Type),
		})
	}
	plain, err := message.Marshal()
	if err == nil {
		plain, err = compression.Encode(compression.Snappy, plain, compression.NewSyncEncodeBuffer())
	}
	if err != nil {
		r.log.Error("metadata cannot be encoded", "err", err)
		return
	}
	_ = r.repeat(func(attempt int) (time.Duration, error) {
		if attempt > 0 {
			r.metrics.metadataRetried.Add(float64(len(all)))
		}
		_, wait, err := store(ctx, *r.client.Load(), plain, attempt)
		switch {
		case err != nil && ctx.Err() != nil:
			return 0, nil
		case err != nil && r.recoverable(err):
			return wait, err
		case err != nil:
			r.metrics.metadataFailed.Add(float64(len(all)))
			r.log.Error("the receiver rejected metadata", "count", len(all), "err", err)
		default:
			r.metrics.metadata.Add(float64(len(all)))
			r.metrics.metadataBytes.Add(float64(len(plain)))
		}
		return 0, nil
	})
}
