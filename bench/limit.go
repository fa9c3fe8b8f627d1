package main

import (
	"math"
	"sync/atomic"
	"time"
)

// limitCell is the minimum that counts a request and times it in a histogram with a float64 sum.
// It fills whole cache lines, as a careful library's would.
type limitCell struct {
	count   atomic.Uint64
	sum     atomic.Uint64 // bits of a float64
	buckets [13]atomic.Uint64
	_       [1]uint64
}

func (c *limitCell) record(start time.Time) {
	//lint:ignore S1012 the limit is defined by two calls of time.Now; Since is cheaper
	d := time.Now().Sub(start)
	c.count.Add(1)
	bucket := 0
	for bucket < len(limitBounds) && d > limitBounds[bucket] {
		bucket++
	}
	c.buckets[bucket].Add(1)
	for {
		old := c.sum.Load()
		if c.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+d.Seconds())) {
			return
		}
	}
}

// limitBounds are tacho's default bounds.
var limitBounds = [12]time.Duration{
	time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// limit is the unit of the requests table: two clock readings, a counter, a bucket and a sum, in
// a cell found beforehand and without HTTP around it. Code that measures a request with time.Now
// cannot be much cheaper; code that reads only the monotonic clock can come close.
func limit(w workload, workers int) subject {
	cells := make([]limitCell, w.routes*w.statuses)
	orders := make([][]int, workers)
	for i := range orders {
		orders[i] = w.sequence(i)
	}
	return subject{name: "limit", do: func(worker, n int) {
		order := orders[worker]
		for i := range n {
			cells[order[i&(sequenceLength-1)]].record(time.Now())
		}
	}}
}
