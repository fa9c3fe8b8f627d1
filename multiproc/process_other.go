//go:build !linux

package multiproc

// usageOf is not available on this system.
func usageOf(int) (usage, bool) { return usage{}, false }

// startTicks is not available on this system; a leftover file is recognized by its missing lock.
func startTicks(int) uint64 { return 0 }

func pidNamespace() uint64 { return 0 }
