package gcpace

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		live, growth uint64
		want         int
	}{
		{0, 64 << 20, 10_000}, {4 << 20, 64 << 20, 1600}, {64 << 20, 64 << 20, 100}, {1 << 30, 64 << 20, 100},
	} {
		if got := percent(c.live, c.growth); got != c.want {
			t.Errorf("%d bytes in use: %d, want %d", c.live, got, c.want)
		}
	}
}

// TestWithin: a container's limit, as the kernel writes it.
func TestWithin(t *testing.T) {
	for limit, want := range map[string]uint64{"": 64, "max\n": 64, "256\n": 32, "8192\n": 64} {
		if got := within(64, []byte(limit)); got != want {
			t.Errorf("%q: %d, want %d", limit, got, want)
		}
	}
}

// TestStart: GOGC follows the live heap, down to Go's default, and is that again after stop.
func TestStart(t *testing.T) {
	stop := Start(16 << 20)
	gogc := func() int {
		now := debug.SetGCPercent(-1)
		debug.SetGCPercent(now)
		return now
	}
	await := func(what string, holds func(int) bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !holds(gogc()); runtime.GC() {
			if time.Now().After(end) {
				t.Fatalf("%s: GOGC is %d", what, gogc())
			}
		}
	}
	await("a small heap", func(now int) bool { return now > 200 })
	large := make([]*[1 << 10]byte, 40<<10)
	for i := range large {
		large[i] = new([1 << 10]byte)
	}
	await("a large heap", func(now int) bool { return now == 100 })
	runtime.KeepAlive(large)
	large = nil
	await("a small heap again", func(now int) bool { return now > 200 })
	stop()
	runtime.GC()
	if now := gogc(); now != 100 {
		t.Errorf("after stop, GOGC is %d", now)
	}
}
