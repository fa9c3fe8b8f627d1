package adaptertest

import "testing"

// Allocations reports an error if a measured request allocates more than the same request of the
// bare service: an adapter has no allocation of its own.
//
// With -race, a sync.Pool forgets values at random, the framework's as well as those of package
// adapter. Then each request may allocate what the pools would have kept.
func Allocations(t *testing.T, name string, bare, measured func()) {
	t.Helper()
	AllocationsUpTo(t, name, 0, bare, measured)
}

// AllocationsUpTo is Allocations for an adapter that has some of its own, which the test names.
func AllocationsUpTo(t *testing.T, name string, own float64, bare, measured func()) {
	t.Helper()
	want := testing.AllocsPerRun(1000, bare)
	if got := testing.AllocsPerRun(1000, measured); got > want+own+forgotten {
		t.Errorf("%s: %v allocations, without us %v, and %v may be added", name, got, want, own)
	}
}
