package multiproc

import (
	"fmt"
	"os"

	"github.com/prometheus/procfs"
)

// startTicks returns when a process started, in clock ticks since boot, or 0 if it does not run.
func startTicks(pid int) uint64 {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return 0
	}
	stat, err := p.Stat()
	if err != nil {
		return 0
	}
	return stat.Starttime
}

// pidNamespace returns the number of the namespace in which this process's PIDs are valid.
func pidNamespace() (number uint64) {
	text, _ := os.Readlink("/proc/self/ns/pid")
	_, _ = fmt.Sscanf(text, "pid:[%d]", &number)
	return number
}

// usageOf returns what a process uses.
func usageOf(pid int) (usage, bool) {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return usage{}, false
	}
	stat, err := p.Stat()
	if err != nil {
		return usage{}, false
	}
	u := usage{cpu: stat.CPUTime(), resident: float64(stat.ResidentMemory()), virtual: float64(stat.VirtualMemory())}
	if u.start, err = stat.StartTime(); err != nil {
		return usage{}, false
	}
	if fds, err := p.FileDescriptorsLen(); err == nil { // another user's process does not show them
		u.fds = float64(fds)
	}
	return u, true
}
