package main

import (
	"context"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// sliceLength is how much CPU time a row gets at a stretch. It is short, so
// that whatever else the machine does falls on all rows of a round alike.
const sliceLength = 4 * time.Millisecond

// A subject is something that can be done many times.
type subject struct {
	name   string
	do     func(worker, n int) // does it n times
	before func()              // not measured; may be nil
}

// A reading is what a subject cost, per operation.
type reading struct {
	ns            []float64 // CPU nanoseconds, one value a round
	allocs, bytes float64
}

// A trial measures subjects against each other.
type trial struct {
	subjects []subject
	workers  int // goroutines that do it at the same time
	rounds   int
	turns    int // slices for each subject in a round
}

// run lets the subjects take turns, and returns a value for each round.
//
// A round has several turns because of the garbage collector: it hits one
// slice in a few, and the median of single slices would not see it at all. A
// collection is paid by the slice in which it begins, to its end, so that on
// average each subject pays in proportion to what it allocates. The order of
// the subjects is shuffled for each turn: in a fixed order collections keep
// step with the turns and fall on the same subject again and again.
func (t trial) run(ctx context.Context) ([]reading, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(defaultGOGC))
	readings, counts := t.calibrate()
	order := rand.New(rand.NewPCG(5, 5))
	for range t.rounds {
		costs := make([]time.Duration, len(t.subjects))
		for range t.turns {
			for _, i := range order.Perm(len(t.subjects)) {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				costs[i] += t.slice(t.subjects[i], counts[i])
			}
		}
		for i := range readings {
			readings[i].ns = append(readings[i].ns, float64(costs[i])/float64(t.turns*counts[i]*t.workers))
		}
	}
	return readings, nil
}

const defaultGOGC = 100

// slice returns the CPU time of n operations by each worker, and of the
// collection that they may have begun.
func (t trial) slice(s subject, n int) time.Duration {
	if s.before != nil {
		s.before()
		awaitCollection()
	}
	begin := cpuTime()
	t.spread(s, n)
	awaitCollection()
	return cpuTime() - begin
}

// awaitCollection returns when no collection is under way. Setting the GC
// percentage, even to what it was, stops the world, and that has to wait.
func awaitCollection() { debug.SetGCPercent(defaultGOGC) }

func (t trial) spread(s subject, n int) {
	if t.workers == 1 {
		s.do(0, n)
		return
	}
	var done sync.WaitGroup
	for worker := range t.workers {
		done.Go(func() { s.do(worker, n) })
	}
	done.Wait()
}

// calibrate warms every subject up, counts what it allocates, and finds how
// many operations fill a slice.
func (t trial) calibrate() ([]reading, []int) {
	readings, counts := make([]reading, len(t.subjects)), make([]int, len(t.subjects))
	for i, s := range t.subjects {
		t.slice(s, 1)
		n, took := 1, t.slice(s, 1)
		for took < sliceLength/2 {
			n *= 2
			took = t.slice(s, n)
		}
		counts[i] = max(1, int(float64(n)*float64(sliceLength)/float64(took)))
		readings[i] = t.allocations(s, counts[i])
	}
	return readings, counts
}

func (t trial) allocations(s subject, n int) reading {
	if s.before != nil {
		s.before()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	t.spread(s, n)
	runtime.ReadMemStats(&after)
	ops := float64(n * t.workers)
	return reading{
		allocs: float64(after.Mallocs-before.Mallocs) / ops,
		bytes:  float64(after.TotalAlloc-before.TotalAlloc) / ops,
	}
}
