package plan

import (
	"fmt"
	"math"
)

// An Engine is what one choice of engine needs for the load, all of its machines together.
type Engine struct {
	Name      string  `json:"name"`
	Memory    Figure  `json:"memory"`
	Published *Figure `json:"published_memory,omitempty"` // of the engine inside, where Memory is measured
	Cores     *Figure `json:"cores,omitempty"`            // nil where nothing is published or measured
	Disk      Figure  `json:"disk"`                       // of its machines
	Object    *Figure `json:"object_storage,omitempty"`
	Advice    string  `json:"advice"`
	Parts     []Part  `json:"parts,omitempty"`
	Headroom  float64 `json:"headroom"` // multiply memory by it, as the engine recommends
}

// A Part is a component of an engine.
type Part struct {
	Name   string  `json:"name"`
	Cores  float64 `json:"cores"`
	Memory float64 `json:"memory_bytes"`
	Disk   float64 `json:"disk_bytes"`
	Rule   string  `json:"rule"`
}

// replicas is the replication factor of Thanos Receive and Mimir.
const replicas = 3

// The memory of tacho serve and tacho agent, resident: a base, and bytes for each series and each
// target. A scraped series of tacho serve includes the evaluation of the rules; a recorded one does
// not. A native histogram takes as much as several series.
const (
	serveBase        = 100e6
	servePerSeries   = 2100.0
	servePerRecorded = 1700.0
	servePerTarget   = 220e3
	agentBase        = 62e6
	agentPerSeries   = 1700.0
	agentPerTarget   = 200e3
	seriesPerNative  = 4.0
	agentPerSample   = 2e-6   // seconds of CPU
	agentPerScrape   = 0.6e-3 // seconds of CPU, when many share a machine

	publishedPerSeries = 3000.0 // PrometheusMemory
)

func engines(v volume) []Engine {
	return []Engine{serve(v), thanos(v), victoria(v), mimir(v)}
}

// weight counts series, and native histograms by their memory.
func (v volume) weight() float64 { return v.series + v.native*(seriesPerNative-1) }

func (v volume) serveMemory() float64 {
	return serveBase + v.weight()*servePerSeries + v.recorded*servePerRecorded + float64(v.load.Instances)*servePerTarget
}

func (v volume) serveDisk() float64 {
	return v.blocksPerMachine + v.recordedOnDisk + (v.log+v.recordedSamples*logPerSample)*logSpan.Seconds()
}

func serve(v volume) Engine {
	return Engine{
		Name: "tacho serve",
		Memory: Figure{v.serveMemory(), "B", fmt.Sprintf("%s + series × %v B%s + recorded series × %v B + instances × %s",
			bytes(serveBase), servePerSeries, v.nativeNote(), servePerRecorded, bytes(servePerTarget)), Measured},
		Published: &Figure{publishedPerSeries * (v.weight() + v.recorded), "B", "series × 3 kB, for Prometheus from 2.20 on", PrometheusMemory},
		Disk:      Figure{v.serveDisk(), "B", "blocks and log, with the recorded series", Measured},
		Headroom:  2,
		Advice:    "twice the memory, for queries and for merging blocks; --remote-write adds about a quarter, as Prometheus's page on remote write tuning says",
	}
}

func (v volume) nativeNote() string {
	if v.native == 0 {
		return ""
	}
	return fmt.Sprintf(", a native histogram as %v series", seriesPerNative)
}

func thanos(v volume) Engine {
	return Engine{
		Name:   "Thanos Receive",
		Memory: Figure{v.weight() * publishedPerSeries * replicas, "B", fmt.Sprintf("series × 3 kB × %d copies, as for Prometheus", replicas), ThanosReceive},
		Disk:   Figure{(v.log*logSpan.Seconds() + v.chunks*2*day.Seconds()) * replicas, "B", fmt.Sprintf("%d × (log + two days of blocks, --tsdb.retention=2d)", replicas), ThanosReceive},
		Object: &Figure{v.samples * v.retention * 2 * replicas, "B", fmt.Sprintf("retention × samples/s × 2 B × %d copies, before deduplication", replicas), PrometheusStorage},
		Advice: "also needs Query, Store Gateway and Compactor, for which Thanos publishes no figures", Headroom: 2,
	}
}

// victoria is the single node. Its limits are the largest load that its documentation names.
func victoria(v volume) Engine {
	cycle := day
	if v.load.Retention > 30*day {
		cycle = 30 * day
	}
	advice := "half of the memory and CPU, and a fifth of the disk, stay free"
	if v.samples > 1.5e6 || v.series > 50e6 {
		advice = "larger than the largest load that is published for one node (1.5 million samples/s, 50 million series): use the cluster version"
	}
	return Engine{
		Name:   "VictoriaMetrics",
		Memory: Figure{v.weight() * 1000, "B", "active series × 1 kB", VictoriaMetricsNode},
		Cores:  &Figure{v.samples / 300_000, "cores", "samples/s ÷ 300,000", VictoriaMetricsNode},
		Disk:   Figure{v.samples * (v.retention + cycle.Seconds()) * 1.25 * 1.2, "B", "samples/s × 1 B × (retention + a day, or a month if it is longer than one) × 1.25, and 20% for the index", VictoriaMetricsDisk},
		Advice: advice, Headroom: 2,
	}
}

// mimir is the sum of the components that its page lists as required.
func mimir(v volume) Engine {
	const gb = 1e9
	in := v.weight() * replicas
	perCompactor := math.Max(1, math.Ceil(v.series/20e6))
	q := v.load.Queries
	parts := []Part{
		{"distributor", v.samples / 25_000, v.samples / 25_000 * gb, 0, "1 core and 1 GB per 25,000 samples/s"},
		{"ingester", in / 300_000, in / 300_000 * 2.5 * gb, in / 300_000 * 5 * gb, fmt.Sprintf("1 core, 2.5 GB and 5 GB of disk per 300,000 series in memory; %d copies", replicas)},
		{"query-frontend", q / 250, q / 250 * gb, 0, "1 core and 1 GB per 250 queries/s"},
		{"querier", q / 10, q / 10 * gb, 0, "1 core and 1 GB per 10 queries/s"},
		{"store-gateway", q / 10, q / 10 * gb, v.series / 1e6 * 13 * gb, "1 core and 1 GB per 10 queries/s, 13 GB of disk per million series"},
		{"compactor", perCompactor, perCompactor * 4 * gb, perCompactor * 300 * gb, "1 core, 4 GB and 300 GB of disk per 20 million series"},
	}
	e := Engine{
		Name: "Mimir", Parts: parts, Headroom: 1.5,
		Memory: Figure{0, "B", "the sum of its components", MimirCapacity},
		Cores:  &Figure{0, "cores", "the sum of its components", MimirCapacity},
		Disk:   Figure{0, "B", "the sum of its components", MimirCapacity},
		Object: &Figure{v.samples * v.retention * 2, "B", "retention × samples/s × 2 B", MimirCapacity},
		Advice: "50% more memory and disk, for peaks",
	}
	for _, part := range parts {
		e.Memory.Value += part.Memory
		e.Cores.Value += part.Cores
		e.Disk.Value += part.Disk
	}
	return e
}
