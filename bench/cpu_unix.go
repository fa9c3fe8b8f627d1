//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime is the user and system CPU time of all threads of this process, including the garbage
// collector's.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // documented for wrong arguments only
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
