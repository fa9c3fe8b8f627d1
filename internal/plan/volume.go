package plan

import (
	"fmt"
	"math"
	"time"
)

// Bytes per sample, for the traffic of a service: a few routes are busy, most are not. The ranges are
// those of 1 to 100 requests per second and instance, simulated on a real TSDB; tests measure 10. A
// sample of a native histogram holds all of its buckets.
const (
	wirePerSample   = 16.0 // remote write 1.0, Snappy, requests of 2,000 samples; 15.3 to 16.1
	wirePerNative   = 86.0 // 61 to 121
	chunkPerSample  = 1.1  // of a block; 0.7 to 1.6
	chunkPerNative  = 14.0 // 6 to 27
	logPerSample    = 5.6  // of the write-ahead log, Snappy; 5.1 to 6.1
	logPerNative    = 62.0 // 39 to 96
	indexPerSeries  = 62.0 // of a block
	indexPerChunk   = 8.0
	samplesPerChunk = 120.0
)

// The log holds at most three hours: a block is cut when the head spans three, and the log is
// truncated then.
const logSpan = 3 * time.Hour

// maxBlock is the longest span of a block.
const maxBlock = 31 * day

// A volume is what a load amounts to. Series and samples are those that are scraped.
type volume struct {
	load             Load
	series, native   float64 // native of series are native histograms
	recorded         float64 // series that rules of tacho serve add
	samples          float64 // per second, scraped, native ones included
	natives          float64 // per second
	wire             float64 // bytes per second
	chunks, log      float64 // bytes per second
	index            float64 // bytes, for the retention
	retention        float64 // seconds
	recordedSamples  float64 // per second
	recordedOnDisk   float64 // bytes
	blocksPerMachine float64 // bytes of all blocks of one copy, scraped series only
}

func (p *Plan) volume() volume {
	l := p.Load
	all, native := p.Total.of(l.Histograms)
	v := volume{load: l, series: float64(all), native: float64(native), recorded: float64(p.Recorded), retention: l.Retention.Seconds()}
	v.samples, v.natives = v.series/l.Interval.Seconds(), v.native/l.Interval.Seconds()
	v.recordedSamples = v.recorded / l.Interval.Seconds()
	floats := v.samples - v.natives
	v.wire = floats*wirePerSample + v.natives*wirePerNative
	v.chunks = floats*chunkPerSample + v.natives*chunkPerNative
	v.log = floats*logPerSample + v.natives*logPerNative
	v.index = v.indexOf(v.series, v.samples)
	v.blocksPerMachine = v.chunks*v.retention + v.index
	v.recordedOnDisk = v.recordedSamples*chunkPerSample*v.retention + v.indexOf(v.recorded, v.recordedSamples)
	return v
}

// indexOf returns the bytes of the indexes of all blocks: an entry per series and block, and one
// per chunk.
func (v volume) indexOf(series, samples float64) float64 {
	return series*indexPerSeries*v.blocks() + samples*v.retention/samplesPerChunk*indexPerChunk
}

// blocks returns the number of blocks of the retention. Blocks are merged up to a tenth of it.
func (v volume) blocks() float64 {
	length := min(maxBlock, max(2*time.Hour, v.load.Retention/10))
	return math.Ceil(v.retention / length.Seconds())
}

// figures are the samples and bytes.
func (v volume) figures() []Named {
	mix := func(per, perNative float64) string {
		if v.native == 0 {
			return fmt.Sprintf("samples/s × %v B", per)
		}
		return fmt.Sprintf("float samples/s × %v B + histogram samples/s × %v B", per, perNative)
	}
	return []Named{
		{"samples", Figure{v.samples, "samples/s", "series ÷ interval", Definition}},
		{"remote write", Figure{v.wire, "B/s", mix(wirePerSample, wirePerNative), Measured}},
		{"remote write, a day", Figure{v.wire * day.Seconds(), "B", "a day of it", Measured}},
		{"blocks", Figure{v.blocksPerMachine, "B", fmt.Sprintf("retention × (%s) + series × %v blocks × %v B + samples ÷ %v × %v B", mix(chunkPerSample, chunkPerNative), v.blocks(), indexPerSeries, samplesPerChunk, indexPerChunk), Measured}},
		{"blocks, as published, at most", Figure{v.samples * v.retention * 2, "B", "retention × samples/s × 1 to 2 B", PrometheusStorage}},
		{"write-ahead log, at most", Figure{v.log * logSpan.Seconds(), "B", fmt.Sprintf("3h × (%s)", mix(logPerSample, logPerNative)), Measured}},
	}
}
