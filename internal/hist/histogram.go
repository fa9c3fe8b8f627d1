package hist

import (
	"runtime"
	"sync/atomic"
)

// A Histogram is one label set's observations. A busy one gets shards, to avoid contention between
// processors.
type Histogram struct {
	Words Shard // the first shard
	more  atomic.Pointer[[Shards - 1]Shard]
	Keep  func(n int) Shard // makes shards that other processes can read; nil for private ones
}

// A Shard holds the sum, then the count of each bucket (not cumulative). The sum may wrap after 584
// years of observed time, which Prometheus treats as a counter reset.
type Shard []atomic.Uint64

const (
	// Shards is the maximum number of shards, a power of two.
	Shards = 8

	// shardAt is the number of observations in one bucket from which a histogram is busy.
	shardAt = 1 << 15

	// shardPad keeps shards in separate cache lines.
	shardPad = 8
)

// shardsWanted is false on a single processor.
var shardsWanted = runtime.GOMAXPROCS(0) > 1

// NewHistogram returns a histogram in private memory.
func (b *Bounds) NewHistogram() Histogram { return Histogram{Words: make(Shard, b.Words())} }

// Observe records v with two atomic additions and returns its bucket. The hint selects the shard;
// it should differ between processors.
func (b *Bounds) Observe(h *Histogram, v uint64, hint uint32) int {
	words := h.Words
	if more := h.more.Load(); more != nil {
		if i := hint % Shards; i > 0 {
			words = more[i-1]
		}
	}
	bucket := b.bucket(v)
	if words[1+bucket].Add(1)%shardAt == 0 {
		h.grow()
	}
	if v > 0 {
		words[0].Add(v)
	}
	return bucket
}

// grow gives a busy histogram its shards.
func (h *Histogram) grow() {
	if !shardsWanted || h.more.Load() != nil {
		return
	}
	more := new([Shards - 1]Shard)
	for i := range more {
		if h.Keep != nil {
			more[i] = h.Keep(len(h.Words)) // their keys distinguish them
		} else {
			more[i] = make(Shard, len(h.Words), len(h.Words)+shardPad)
		}
	}
	h.more.CompareAndSwap(nil, more)
}

// word returns the sum of one word over all shards.
func (h *Histogram) word(i int) uint64 {
	n := h.Words[i].Load()
	if more := h.more.Load(); more != nil {
		for _, s := range more {
			n += s[i].Load()
		}
	}
	return n
}

// Buckets returns the number of buckets, including +Inf.
func (h *Histogram) Buckets() int { return len(h.Words) - 1 }

// Bucket returns the count of one bucket.
func (h *Histogram) Bucket(i int) uint64 { return h.word(i + 1) }

// Count returns the sum of the buckets.
func (h *Histogram) Count() (n uint64) {
	for i := range h.Buckets() {
		n += h.Bucket(i)
	}
	return n
}
