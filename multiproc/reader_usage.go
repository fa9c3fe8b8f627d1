package multiproc

import (
	"maps"
	"slices"
	"strconv"

	dto "github.com/prometheus/client_model/go"
)

// A usageTracker remembers the CPU time of workers that have ended, so that the total, a
// counter, does not fall.
type usageTracker struct {
	usageOf func(pid int) (usage, bool) // replaced in tests

	last      map[int]usage
	exitedCPU exactSum // CPU seconds of workers that have ended

	// omitCPU omits the total of CPU seconds: each process writes its own, so that all readers
	// include processes that have ended.
	omitCPU bool
}

func (t *usageTracker) omits(u usageMetric) bool {
	return t.omitCPU && u.kind == dto.MetricType_COUNTER
}

// families returns the metrics of the living workers: totals under the names that a single
// process uses, and one sample for each. If the process of a worker cannot be seen, there are no
// totals, because they would be incomplete.
func (t *usageTracker) families(workers workers) []*dto.MetricFamily {
	pids, all := workers.pids()
	running := t.update(pids)
	if len(running) == 0 && t.exitedCPU == (exactSum{}) {
		return nil
	}
	cpu, sums := t.exitedCPU, usage{}
	each := make([]*dto.MetricFamily, len(usageMetrics))
	for i, u := range usageMetrics {
		each[i] = newFamily(u.worker, u.workerHelp, u.kind)
	}
	for _, pid := range slices.Sorted(maps.Keys(running)) {
		one := running[pid]
		cpu.add(one.cpu)
		sums.add(one)
		for i, u := range usageMetrics {
			add(each[i], u.of(&one), "pid", strconv.Itoa(pid))
		}
	}
	sums.cpu = cpu.float()
	out := slices.DeleteFunc(each, func(f *dto.MetricFamily) bool { return len(f.Metric) == 0 })
	for _, u := range usageMetrics {
		// Without living workers only the CPU time of ended ones remains.
		if all && !t.omits(u) && (len(running) > 0 || u.kind == dto.MetricType_COUNTER) {
			out = append(out, add(newFamily(u.total, u.totalHelp, u.kind), u.of(&sums)))
		}
	}
	return out
}

// update reads the usage of the living workers, and keeps the CPU time of the others.
func (t *usageTracker) update(pids []int) map[int]usage {
	running := map[int]usage{}
	for _, pid := range pids {
		if u, ok := t.usageOf(pid); ok {
			running[pid] = u
		}
	}
	for pid, before := range t.last {
		if u, exists := running[pid]; !exists || u.start != before.start {
			t.exitedCPU.add(before.cpu)
		}
	}
	t.last = running
	return running
}

// add adds a process, except for its CPU time, which is a counter and summed exactly. The oldest
// process determines the start time.
func (u *usage) add(one usage) {
	u.resident += one.resident
	u.virtual += one.virtual
	u.fds += one.fds
	if u.start == 0 || one.start < u.start {
		u.start = one.start
	}
}

// A usageMetric is a metric of resource usage.
type usageMetric struct {
	total, totalHelp, worker, workerHelp string
	kind                                 dto.MetricType
	of                                   func(*usage) float64
}

// usageMetrics are the metrics: of all workers together, and of each.
var usageMetrics = []usageMetric{
	{
		"process_cpu_seconds_total", "User and system CPU time of all workers in seconds, including those that have ended.",
		"tacho_multiproc_worker_cpu_seconds_total", "User and system CPU time of the worker in seconds.",
		dto.MetricType_COUNTER, func(u *usage) float64 { return u.cpu },
	},
	{
		"process_resident_memory_bytes", "Resident memory of all living workers in bytes. Shared memory is counted for each of them.",
		"tacho_multiproc_worker_resident_memory_bytes", "Resident memory of the worker in bytes.",
		dto.MetricType_GAUGE, func(u *usage) float64 { return u.resident },
	},
	{
		"process_virtual_memory_bytes", "Virtual memory of all living workers in bytes.",
		"tacho_multiproc_worker_virtual_memory_bytes", "Virtual memory of the worker in bytes.",
		dto.MetricType_GAUGE, func(u *usage) float64 { return u.virtual },
	},
	{
		"process_open_fds", "Open file descriptors of all living workers.",
		"tacho_multiproc_worker_open_fds", "Open file descriptors of the worker.",
		dto.MetricType_GAUGE, func(u *usage) float64 { return u.fds },
	},
	{
		"process_start_time_seconds", "Start time of the oldest living worker, in seconds since the epoch.",
		"tacho_multiproc_worker_start_time_seconds", "Start time of the worker, in seconds since the epoch.",
		dto.MetricType_GAUGE, func(u *usage) float64 { return u.start },
	},
}
