package multiproc

import "math"

// A total is a sum of numbers and what rounding took from it. It is the same
// whatever the order in which they were added, so that a sum does not fall by its last
// digit when files are folded, or when another process adds them up: to Prometheus
// that would be a counter that began anew.
type total struct{ high, low float64 }

// add adds a number without loss: the low part is what the high one cannot hold
// (Knuth, The Art of Computer Programming, volume 2, 4.2.2, theorem B).
func (t *total) add(v float64) {
	sum := t.high + v
	part := sum - t.high
	t.low += (t.high - (sum - part)) + (v - part)
	t.high = sum
}

// float is the sum, rounded once.
func (t total) float() float64 {
	if t.low == 0 || math.IsNaN(t.low) { // infinities have no low part
		return t.high
	}
	return t.high + t.low
}

// parts are two numbers that a total is the sum of, of which the second is usually 0.
func (t total) parts() (high, low float64) {
	high = t.float()
	if math.IsInf(high, 0) || math.IsNaN(high) || math.IsNaN(t.low) {
		return high, 0
	}
	return high, t.low - (high - t.high)
}
