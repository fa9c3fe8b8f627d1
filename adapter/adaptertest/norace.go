//go:build !race

package adaptertest

// forgotten is how many allocations a request may have more.
const forgotten = 0
