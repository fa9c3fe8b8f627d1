//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime is the CPU time that this process has used, in user mode and in the
// kernel, by all its threads: the garbage collector's too.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // documented for wrong arguments only
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
