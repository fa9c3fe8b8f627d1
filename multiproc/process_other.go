//go:build !linux

package multiproc

// usageOf cannot be found out here.
func usageOf(int) (usage, bool) { return usage{}, false }
