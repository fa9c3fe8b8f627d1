package top

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Numbers are formatted as on the page; see dash/static/format.js.

// nothing is the placeholder for a missing number.
const nothing = "–"

func noNumber(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }

func rate(n float64) string {
	switch {
	case noNumber(n):
		return nothing
	case n == 0:
		return "0"
	case n < 0.01:
		return "<0.01"
	case n < 9.995:
		return strconv.FormatFloat(n, 'f', 2, 64)
	case n < 99.95:
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return count(n)
}

// count formats 12345 as 12,345.
func count(n float64) string {
	if noNumber(n) {
		return nothing
	}
	digits := strconv.FormatFloat(math.Round(n), 'f', 0, 64)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

func ratio(n float64) string {
	percent := n * 100
	switch {
	case noNumber(n):
		return nothing
	case percent == 0, percent == 100:
		return fmt.Sprintf("%.0f%%", percent)
	case percent < 0.01:
		return "<0.01%"
	case percent > 99.95 && percent < 100:
		return ">99.9%"
	case percent < 9.995:
		return fmt.Sprintf("%.2f%%", percent)
	}
	return fmt.Sprintf("%.1f%%", percent)
}

// units of time, in descending order.
var units = []struct {
	size float64 // seconds
	name string
}{{60, "min"}, {1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}}

func latency(s float64) string {
	if noNumber(s) {
		return nothing
	}
	if s <= 0 {
		return "0 s"
	}
	rounded := digits3(s) // first, so that 0.9999 s is not 1000 ms
	unit := units[len(units)-1]
	for _, u := range units {
		if rounded >= u.size {
			unit = u
			break
		}
	}
	n := digits3(rounded / unit.size)
	if n >= 100 {
		return count(n) + " " + unit.name
	}
	return strconv.FormatFloat(n, 'f', -1, 64) + " " + unit.name
}

func digits3(f float64) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'e', 2, 64), 64)
	return rounded
}

// quantile marks values that are only bounds: ≥ for the last bucket, which has no upper
// bound, and ≤ for the first bucket.
func quantile(s float64, b bounds) string {
	switch {
	case s >= b.last:
		return "≥ " + latency(s)
	case s < b.first:
		return "≤ " + latency(b.first)
	}
	return latency(s)
}

// age formats a duration in whole units.
func age(d time.Duration) string {
	s := max(0, int(d.Round(time.Second)/time.Second))
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min", s/60)
	case s < 86400:
		return fmt.Sprintf("%d h %d min", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%d d %d h", s/86400, s%86400/3600)
}

// span formats a short duration with a precision of 0.1 s.
func span(d time.Duration) string {
	if d >= time.Minute {
		return age(d)
	}
	return strconv.FormatFloat(math.Round(d.Seconds()*10)/10, 'f', -1, 64) + " s"
}
