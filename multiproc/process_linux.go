package multiproc

import "github.com/prometheus/procfs"

// usageOf asks the system what a process uses.
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
