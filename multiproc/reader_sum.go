package multiproc

import "math"

// An exactSum is a sum together with its rounding error. It does not depend on the order of
// additions, so it never falls by its last digit when files are merged or another process adds
// them: Prometheus would take that for a counter reset.
type exactSum struct{ high, low float64 }

// add adds a number without loss: low collects what high cannot hold (Knuth, The Art of Computer
// Programming, volume 2, 4.2.2, theorem B).
func (s *exactSum) add(v float64) {
	sum := s.high + v
	part := sum - s.high
	s.low += (s.high - (sum - part)) + (v - part)
	s.high = sum
}

// float returns the sum, rounded once.
func (s exactSum) float() float64 {
	if s.low == 0 || math.IsNaN(s.low) { // infinities have no low part
		return s.high
	}
	return s.high + s.low
}

// parts returns two numbers that add up to the sum. The second one is usually 0.
func (s exactSum) parts() (high, low float64) {
	high = s.float()
	if math.IsInf(high, 0) || math.IsNaN(high) || math.IsNaN(s.low) {
		return high, 0
	}
	return high, s.low - (high - s.high)
}
