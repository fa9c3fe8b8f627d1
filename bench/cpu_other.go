//go:build !unix

package main

import "time"

var begun = time.Now()

// cpuTime is the wall clock on systems without getrusage: right for a single thread on an idle
// machine, too low for the parallel columns.
func cpuTime() time.Duration { return time.Since(begun) }
