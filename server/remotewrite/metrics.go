package remotewrite

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
)

// Kinds of data, in the names of the metrics.
const (
	samples = iota
	histograms
	exemplars
	kinds
)

var kindNames = [kinds]string{"samples", "histograms", "exemplars"}

// Reasons for which data are not sent; Prometheus's, except for the last two.
const (
	tooOld         = "too_old"
	droppedSeries  = "dropped_series"
	unknownSeries  = "unintentionally_dropped_series"
	customBuckets  = "nhcb_in_rw1_not_supported"
	notConverted   = "nhcb_to_classic_conversion_error"
	sentBefore     = "rejected_when_repeated_after_restart"
	withoutASample = "exemplar_without_sample_in_rw2_not_supported"
)

// counts are numbers of samples, histograms and exemplars.
type counts [kinds]int

func (c counts) total() int { return c[samples] + c[histograms] + c[exemplars] }

func (c counts) minus(d counts) counts {
	for k := range c {
		c[k] = max(0, c[k]-d[k])
	}
	return c
}

// metrics are those of Prometheus's queues, with the same names and labels, and the backlog.
type metrics struct {
	all []prometheus.Collector

	sent, failed, retried [kinds]prometheus.Counter
	dropped               [kinds]*prometheus.CounterVec
	pending               [kinds]prometheus.Gauge
	highest, highestSent  prometheus.Gauge
	shards, desiredShards prometheus.Gauge
	bytes                 prometheus.Counter
	duration              prometheus.Histogram
	skipped               prometheus.Counter

	metadata, metadataFailed, metadataRetried, metadataBytes prometheus.Counter
}

func newMetrics(c *config.RemoteWriteConfig, name string, backlogSeconds, backlogBytes func() float64) *metrics {
	m := &metrics{}
	own := prometheus.Labels{"remote_name": name, "url": c.URL.Redacted()}
	counter := func(metric, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: metric, Help: help, ConstLabels: own})
		m.all = append(m.all, c)
		return c
	}
	gauge := func(metric, help string, value func() float64) prometheus.Gauge {
		o := prometheus.GaugeOpts{Name: metric, Help: help, ConstLabels: own}
		if value != nil {
			m.all = append(m.all, prometheus.NewGaugeFunc(o, value))
			return nil
		}
		g := prometheus.NewGauge(o)
		m.all = append(m.all, g)
		return g
	}
	const prefix = "prometheus_remote_storage_"
	for k, kind := range kindNames {
		m.sent[k] = counter(prefix+kind+"_total", "Number of "+kind+" in requests to the receiver, including repeated ones.")
		m.failed[k] = counter(prefix+kind+"_failed_total", "Number of "+kind+" that the receiver rejected.")
		m.retried[k] = counter(prefix+kind+"_retried_total", "Number of "+kind+" that were sent again.")
		m.dropped[k] = prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + kind + "_dropped_total", Help: "Number of " + kind + " of the log that were not sent, by reason.", ConstLabels: own,
		}, []string{"reason"})
		m.all = append(m.all, m.dropped[k])
		m.pending[k] = gauge(prefix+kind+"_pending", "Number of "+kind+" that were read from the log and not yet acknowledged.", nil)
	}
	m.highest = gauge(prefix+"queue_highest_timestamp_seconds", "Time of the newest sample that was read from the log.", nil)
	m.highestSent = gauge(prefix+"queue_highest_sent_timestamp_seconds", "Time of the newest sample that the receiver answered.", nil)
	m.shards = gauge(prefix+"shards", "Number of requests that may be sent at the same time.", nil)
	m.desiredShards = gauge(prefix+"shards_desired", "Number of requests that may be sent at the same time after the current ones.", nil)
	q := c.QueueConfig
	gauge(prefix+"shards_max", "The setting max_shards.", nil).Set(float64(q.MaxShards))
	gauge(prefix+"shards_min", "The setting min_shards.", nil).Set(float64(q.MinShards))
	gauge(prefix+"shard_capacity", "The setting capacity, which has no effect.", nil).Set(float64(q.Capacity))
	gauge(prefix+"max_samples_per_send", "The setting max_samples_per_send.", nil).Set(float64(q.MaxSamplesPerSend))
	m.bytes = counter(prefix+"bytes_total", "Compressed bytes of the requests that the receiver answered.")
	m.duration = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: prefix + "sent_batch_duration_seconds", Help: "Duration of the requests.", ConstLabels: own,
		Buckets:                     append(prometheus.DefBuckets, 25, 60, 120, 300),
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	})
	m.all = append(m.all, m.duration)
	m.metadata = counter(prefix+"metadata_total", "Number of metadata entries sent with remote write 1.0.")
	m.metadataFailed = counter(prefix+"metadata_failed_total", "Number of metadata entries that the receiver rejected.")
	m.metadataRetried = counter(prefix+"metadata_retried_total", "Number of metadata entries that were sent again.")
	m.metadataBytes = counter(prefix+"metadata_bytes_total", "Compressed bytes of the metadata that the receiver answered.")
	m.skipped = counter("tacho_server_remote_write_skipped_segments_total", "Segments of the log that were not sent, because they were gone or damaged.")
	gauge("tacho_server_remote_write_backlog_seconds", "Age of the newest sample that the receiver has acknowledged, in seconds; 0 if it has all.", backlogSeconds)
	gauge("tacho_server_remote_write_backlog_bytes", "Bytes of the log that the receiver has not acknowledged.", backlogBytes)
	return m
}

func (m *metrics) register(reg prometheus.Registerer) error {
	for i, c := range m.all {
		if err := reg.Register(c); err != nil {
			for _, done := range m.all[:i] {
				reg.Unregister(done)
			}
			return err
		}
	}
	return nil
}

func (m *metrics) unregister(reg prometheus.Registerer) {
	for _, c := range m.all {
		reg.Unregister(c)
	}
}

// add adds counts to counters.
func add(to [kinds]prometheus.Counter, n counts) {
	for k, c := range to {
		c.Add(float64(n[k]))
	}
}
