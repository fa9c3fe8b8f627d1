package main

import (
	"context"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// sliceLength is how much CPU time a row gets at a time. It is short, so that other activity on
// the machine affects all rows of a round equally.
const sliceLength = 4 * time.Millisecond

// A subject is an operation that can be repeated.
type subject struct {
	name   string
	do     func(worker, n int) // does it n times
	before func()              // not measured; may be nil
}

// A measurement is what a subject costs per operation.
type measurement struct {
	ns            []float64 // CPU nanoseconds, one value per round
	allocs, bytes float64
}

// A trial compares subjects.
type trial struct {
	subjects []subject
	workers  int // goroutines that run it at the same time
	rounds   int
	turns    int // slices per subject in a round
}

// run alternates the subjects, and returns a value for each round.
//
// A round has several turns because of the garbage collector: it affects one slice in a few, and
// the median of single slices would not show it at all. A collection is charged in full to the
// slice in which it starts, so on average each subject pays in proportion to its allocations.
// The order of the subjects is shuffled for each turn: in a fixed order, collections would fall
// on the same subject again and again.
func (t trial) run(ctx context.Context) ([]measurement, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(defaultGOGC))
	measurements, counts := t.calibrate()
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
		for i := range measurements {
			measurements[i].ns = append(measurements[i].ns, float64(costs[i])/float64(t.turns*counts[i]*t.workers))
		}
	}
	return measurements, nil
}

const defaultGOGC = 100

// slice returns the CPU time of n operations by each worker, and of a collection that they may
// have started.
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

// awaitCollection returns when no collection is running. Setting the GC percentage, even to the
// same value, stops the world, which has to wait for one.
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

// calibrate warms up every subject, counts its allocations, and finds how many operations fill a
// slice.
func (t trial) calibrate() ([]measurement, []int) {
	measurements, counts := make([]measurement, len(t.subjects)), make([]int, len(t.subjects))
	for i, s := range t.subjects {
		t.slice(s, 1)
		n, took := 1, t.slice(s, 1)
		for took < sliceLength/2 {
			n *= 2
			took = t.slice(s, n)
		}
		counts[i] = max(1, int(float64(n)*float64(sliceLength)/float64(took)))
		measurements[i] = t.allocations(s, counts[i])
	}
	return measurements, counts
}

func (t trial) allocations(s subject, n int) measurement {
	if s.before != nil {
		s.before()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	t.spread(s, n)
	runtime.ReadMemStats(&after)
	ops := float64(n * t.workers)
	return measurement{
		allocs: float64(after.Mallocs-before.Mallocs) / ops,
		bytes:  float64(after.TotalAlloc-before.TotalAlloc) / ops,
	}
}
