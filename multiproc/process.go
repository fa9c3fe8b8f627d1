package multiproc

import (
	"maps"
	"slices"
	"strconv"

	dto "github.com/prometheus/client_model/go"
)

// A usage is what a worker's process uses, as Prometheus's process metrics have it.
type usage struct {
	cpu, resident, virtual, fds, start float64
}

// processes remembers what workers have used that are gone, so that their CPU
// time, which is a counter, does not fall with them.
type processes struct {
	usageOf func(pid int) (usage, bool) // replaced in tests

	last map[int]usage
	gone total // CPU seconds

	// noCPU leaves the sum of CPU seconds out: each process writes its own, so that
	// all readers know what those have used that are gone.
	noCPU bool
}

func (p *processes) leavesOut(u usageMetric) bool { return p.noCPU && u.kind == dto.MetricType_COUNTER }

// families are the metrics of the workers that are alive: their sums, under the
// names that a single process has, and each by itself. Where one of them cannot be seen
// there are no sums: they would be those of some.
func (p *processes) families(workers cohort) []*dto.MetricFamily {
	pids, all := workers.pids()
	now := p.look(pids)
	if len(now) == 0 && p.gone == (total{}) {
		return nil
	}
	cpu, sums := p.gone, usage{}
	each := make([]*dto.MetricFamily, len(usages))
	for i, u := range usages {
		each[i] = newFamily(u.each, u.eachHelp, u.kind)
	}
	for _, pid := range slices.Sorted(maps.Keys(now)) {
		one := now[pid]
		cpu.add(one.cpu)
		sums.add(one)
		for i, u := range usages {
			add(each[i], u.of(&one), "pid", strconv.Itoa(pid))
		}
	}
	sums.cpu = cpu.float()
	out := slices.DeleteFunc(each, func(f *dto.MetricFamily) bool { return len(f.Metric) == 0 })
	for _, u := range usages {
		// Of nobody there is only what those have used that are gone.
		if all && !p.leavesOut(u) && (len(now) > 0 || u.kind == dto.MetricType_COUNTER) {
			out = append(out, add(newFamily(u.sum, u.sumHelp, u.kind), u.of(&sums)))
		}
	}
	return out
}

// look asks what the living use, and keeps what the others have used.
func (p *processes) look(pids []int) map[int]usage {
	now := map[int]usage{}
	for _, pid := range pids {
		if u, ok := p.usageOf(pid); ok {
			now[pid] = u
		}
	}
	for pid, before := range p.last {
		if u, there := now[pid]; !there || u.start != before.start {
			p.gone.add(before.cpu)
		}
	}
	p.last = now
	return now
}

// add adds a process up, but for its CPU time: that is a counter, and a total. The oldest
// says when the service began.
func (u *usage) add(one usage) {
	u.resident += one.resident
	u.virtual += one.virtual
	u.fds += one.fds
	if u.start == 0 || one.start < u.start {
		u.start = one.start
	}
}

// A usageMetric is a metric of what processes use.
type usageMetric struct {
	sum, sumHelp, each, eachHelp string
	kind                         dto.MetricType
	of                           func(*usage) float64
}

// usages are the metrics: of all workers together, and of each.
var usages = []usageMetric{
	{
		"process_cpu_seconds_total", "User and system CPU time of all workers in seconds, of those that are gone as well.",
		"tacho_multiproc_worker_cpu_seconds_total", "User and system CPU time of the worker in seconds.",
		dto.MetricType_COUNTER, func(u *usage) float64 { return u.cpu },
	},
	{
		"process_resident_memory_bytes", "Resident memory of all living workers in bytes; what they share is counted for each.",
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
		"process_start_time_seconds", "Start of the oldest living worker, in seconds since the epoch.",
		"tacho_multiproc_worker_start_time_seconds", "Start of the worker, in seconds since the epoch.",
		dto.MetricType_GAUGE, func(u *usage) float64 { return u.start },
	},
}
