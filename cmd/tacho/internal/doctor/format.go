package doctor

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// bytesText formats a size with at most three digits.
func bytesText[T int | int64 | float64](n T) string {
	f, unit := float64(n), 0
	units := []string{"B", "kB", "MB", "GB", "TB"}
	for f >= 999.5 && unit < len(units)-1 {
		f, unit = f/1000, unit+1
	}
	if f >= 99.5 || unit == 0 {
		return fmt.Sprintf("%.0f %s", f, units[unit])
	}
	return strconv.FormatFloat(f, 'g', 2, 64) + " " + units[unit]
}

// number formats a value without an exponent.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// percent formats a share; 0.9996 is not 100%.
func percent(share float64) string {
	if share > 0.99 && share < 1 {
		return strconv.FormatFloat(float64(int(share*1000))/10, 'f', -1, 64) + "%"
	}
	return fmt.Sprintf("%.0f%%", share*100)
}

// durationText formats seconds with a suitable precision.
func durationText(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

// plural formats counts such as "1 series" and "2 label values".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// shorten truncates a text.
func shorten(s string, most int) string {
	s = strings.ToValidUTF8(s, "�")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// few quotes the first values and counts the rest.
func few(values []string) string {
	sorted := slices.Sorted(slices.Values(values))
	var quoted []string
	for _, v := range sorted[:min(3, len(sorted))] {
		quoted = append(quoted, strconv.Quote(shorten(v, 40)))
	}
	text := strings.Join(quoted, ", ")
	if more := len(sorted) - len(quoted); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// seriesText formats a series as in queries: name{label="value"}.
func seriesText(set labels.Labels) string {
	var b strings.Builder
	b.WriteString(set.Get(model.MetricNameLabel))
	if rest := set.MatchLabels(false, model.MetricNameLabel); !rest.IsEmpty() {
		b.WriteString(rest.StringNoSpace())
	}
	return b.String()
}

// names lists the first metrics and counts the rest.
func names(metrics []string) string {
	shown := metrics[:min(4, len(metrics))]
	text := strings.Join(shown, ", ")
	if more := len(metrics) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// roundTo3 rounds to three digits.
func roundTo3(f float64) float64 {
	if f == 0 || math.IsNaN(f) || math.IsInf(f, 0) {
		return f
	}
	scale := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(f))))
	return math.Round(f*scale) / scale
}
