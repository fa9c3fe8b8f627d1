// Package gcpace paces the garbage collector of a program with a small live heap. Go collects when
// the heap has doubled: with 3 MB that are in use, a proxy at 20,000 requests per second would spend a
// good part of its time in collections, which its slowest responses show.
package gcpace

import (
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync"
)

// Growth is the default of Start: how much a program allocates at least between two collections.
const Growth = 64 << 20

// Limits of GOGC. Go's default is the least: a heap with more in use than the growth doubles, as usual.
const (
	goPercent  = 100
	maxPercent = 10_000
)

// limitFile has the memory limit of the container in bytes, or "max" (cgroup v2).
const limitFile = "/sys/fs/cgroup/memory.max"

// limitShare is the part of a container's memory limit that the growth may take: 1/limitShare.
const limitShare = 8

// Start sets GOGC after each collection, such that the next one comes after the growth, or when the
// heap has doubled, whichever is later. In a container, the growth is at most an eighth of its
// memory limit. GOMEMLIMIT holds as usual. Start must be called once per process, and only if GOGC
// is not set in the environment; its effect ends with stop.
func Start(growth uint64) (stop func()) {
	limit, _ := os.ReadFile(limitFile)
	p := &pacer{growth: within(growth, limit), percent: goPercent}
	p.adapt()
	watch(p)
	return p.stop
}

// within returns the growth for a memory limit.
func within(growth uint64, limit []byte) uint64 {
	most, err := strconv.ParseUint(string(bytes.TrimSpace(limit)), 10, 64)
	if err != nil {
		return growth
	}
	return min(growth, most/limitShare)
}

// percent returns GOGC for a live heap.
func percent(live, growth uint64) int {
	return int(min(max(growth*100/max(live, 1), goPercent), maxPercent))
}

type pacer struct {
	growth uint64

	mu      sync.Mutex
	stopped bool
	percent int // that is set
}

// adapt sets GOGC for the heap that the last collection found in use. It changes small differences only
// when they add up, because a change stops the program for some microseconds.
func (p *pacer) adapt() (again bool) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return false
	}
	const enough = 10 // percent of the value
	if want := percent(live[0].Value.Uint64(), p.growth); abs(want-p.percent)*100 > p.percent*enough {
		debug.SetGCPercent(want)
		p.percent = want
	}
	return true
}

func (p *pacer) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	debug.SetGCPercent(goPercent)
}

// A sentinel is garbage: its finalizer runs after each collection.
type sentinel struct{ pacer *pacer }

func watch(p *pacer) { runtime.SetFinalizer(&sentinel{p}, collected) }

func collected(s *sentinel) {
	if s.pacer.adapt() {
		runtime.SetFinalizer(s, collected)
	}
}

func abs(n int) int { return max(n, -n) }
