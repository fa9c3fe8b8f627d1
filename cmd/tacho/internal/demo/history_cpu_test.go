//go:build unix && !race

package demo

import (
	"syscall"
	"testing"
	"time"
)

// TestHistoryCost: six hours are written in less than 400 ms of CPU, so that
// the demo starts at once.
func TestHistoryCost(t *testing.T) {
	d := made(t, Options{NoFlask: true})
	best := time.Hour
	for range 3 {
		before := spent(t)
		if err := d.WriteHistory(t.TempDir()); err != nil {
			t.Fatal(err)
		}
		best = min(best, spent(t)-before)
	}
	t.Logf("six hours of history cost %s of CPU", best)
	if best > 400*time.Millisecond {
		t.Errorf("%s of CPU, more than 400 ms", best)
	}
}

// spent is the CPU time of this process.
func spent(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
