package multiproc

import (
	"math/rand/v2"
	"testing"
)

// cpuOf returns the CPU time of all workers.
func cpuOf(t *testing.T, p *usageTracker, workers workers) float64 {
	t.Helper()
	for _, f := range p.families(workers) {
		if f.GetName() == "process_cpu_seconds_total" {
			return f.Metric[0].GetCounter().GetValue()
		}
	}
	t.Fatal("there is no process_cpu_seconds_total")
	return 0
}

// TestCPUNeverFalls: workers use CPU time, start and end. Their total does not fall, not even by
// its last digit: Prometheus would take that for a counter reset.
func TestCPUNeverFalls(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	ticks, starts := map[int]int{1: 1}, map[int]float64{}
	p := &usageTracker{usageOf: func(pid int) (usage, bool) {
		n, exists := ticks[pid]
		return usage{cpu: float64(n) / 100, start: starts[pid]}, exists
	}}
	last, sum := 0.0, 1
	for step := range 20000 {
		pid := 1 + random.IntN(8)
		switch n, exists := ticks[pid]; {
		case !exists:
			ticks[pid], starts[pid] = 1, float64(step)
			sum++
		case random.IntN(3) == 0 && len(ticks) > 1:
			delete(ticks, pid)
		default:
			more := random.IntN(40)
			ticks[pid], sum = n+more, sum+more
		}
		workers := workers{"all": {liveness: livenessAlive, pids: map[int]bool{}}}
		for pid := range ticks {
			workers["all"].pids[pid] = true
		}
		now := cpuOf(t, p, workers)
		if now < last {
			t.Fatalf("step %d: fell from %v to %v", step, last, now)
		}
		last = now
	}
	if !near(last, float64(sum)/100) {
		t.Errorf("finally %v, want %v", last, float64(sum)/100)
	}
}
