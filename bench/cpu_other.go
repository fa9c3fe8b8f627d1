//go:build !unix

package main

import "time"

var begun = time.Now()

// cpuTime is the wall clock where there is no getrusage: right on an idle
// machine for what runs on one thread, too low for the parallel columns.
func cpuTime() time.Duration { return time.Since(begun) }
