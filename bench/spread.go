package main

import (
	"fmt"
	"math"
	"slices"
)

// A spread is the median of many rounds and the quartiles around it.
type spread struct{ low, median, high float64 }

func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	return spread{quantile(sorted, .25), quantile(sorted, .5), quantile(sorted, .75)}
}

// quantile interpolates between the two nearest sorted values.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// String returns the median with the quartiles: "2.3 (2.1–2.6)".
func (s spread) String() string {
	return fmt.Sprintf("%s (%s–%s)", short(s.median), short(s.low), short(s.high))
}

// short formats a number with about three digits.
func short(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v):
		return "–"
	case a >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case a >= 9.995:
		return fmt.Sprintf("%.1f", v)
	case a >= .9995 || a == 0:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// each applies f to the rounds of two rows.
func each(a, b []float64, f func(a, b float64) float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = f(a[i], b[i])
	}
	return out
}

func less(a, b float64) float64 { return a - b }
func over(a, b float64) float64 { return a / b }
