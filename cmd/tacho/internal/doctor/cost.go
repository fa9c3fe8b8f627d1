package doctor

import "time"

// A Cost estimates the resources that the series of a service take in Prometheus:
// series × instances, every scrape interval.
type Cost struct {
	Instances        int     `json:"instances"`
	IntervalSeconds  float64 `json:"interval_seconds"`
	Series           int     `json:"series"` // of all instances
	SamplesPerSecond float64 `json:"samples_per_second"`
	DiskPerDayLow    float64 `json:"disk_bytes_per_day_low"`
	DiskPerDayHigh   float64 `json:"disk_bytes_per_day_high"`
	Memory           float64 `json:"memory_bytes"` // of the head block
}

// Prometheus's own figures. On disk: "an average of only 1-2 bytes per sample"
// (its documentation, storage, operational aspects). In memory: about 3 kB for
// a series in the head, a rule of thumb of one of its authors as of v2.20
// (robustperception.io, "Why does Prometheus use so much RAM?").
const (
	bytesPerSampleLow  = 1
	bytesPerSampleHigh = 2
	bytesPerSeries     = 3000
)

const secondsPerDay = 24 * 60 * 60

func costOf(series, instances int, interval time.Duration) Cost {
	total := series * instances
	rate := float64(total) / interval.Seconds()
	return Cost{
		Instances: instances, IntervalSeconds: interval.Seconds(), Series: total,
		SamplesPerSecond: rate,
		DiskPerDayLow:    rate * secondsPerDay * bytesPerSampleLow,
		DiskPerDayHigh:   rate * secondsPerDay * bytesPerSampleHigh,
		Memory:           float64(total) * bytesPerSeries,
	}
}
