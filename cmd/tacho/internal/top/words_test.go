package top

import (
	"math"
	"testing"
	"time"
)

// TestWords: the page's words, see dash/static/format.js.
func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{rate(nan), "–"}, {rate(0), "0"}, {rate(0.004), "<0.01"}, {rate(1.234), "1.23"}, {rate(9.996), "10.0"}, {rate(99.96), "100"}, {rate(12345.6), "12,346"},
		{count(1234567), "1,234,567"}, {count(999), "999"}, {count(-1234), "-1,234"}, {count(-123), "-123"},
		{ratio(nan), "–"}, {ratio(0), "0%"}, {ratio(1), "100%"}, {ratio(0.00001), "<0.01%"}, {ratio(0.9999), ">99.9%"}, {ratio(0.0123), "1.23%"}, {ratio(0.5), "50.0%"},
		{latency(nan), "–"}, {latency(math.Inf(1)), "–"}, {latency(0), "0 s"}, {latency(0.9999), "1 s"}, {latency(0.0123), "12.3 ms"}, {latency(0.25), "250 ms"},
		{latency(75), "1.25 min"}, {latency(2e-6), "2 µs"}, {latency(3e-9), "3 ns"},
		{quantile(10, bounds{1, 10}), "≥ 10 s"}, {quantile(9, bounds{1, 10}), "9 s"}, {quantile(9, bounds{nan, nan}), "9 s"},
		{quantile(0.0004, bounds{0.001, 10}), "≤ 1 ms"}, {quantile(0.001, bounds{0.001, 10}), "1 ms"},
		{age(-time.Second), "0 s"}, {age(59 * time.Second), "59 s"}, {age(61 * time.Minute), "1 h 1 min"}, {age(50 * time.Hour), "2 d 2 h"},
		{span(2 * time.Second), "2 s"}, {span(1990 * time.Millisecond), "2 s"}, {span(200 * time.Millisecond), "0.2 s"}, {span(90 * time.Second), "1 min"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
