package slo

import (
	"slices"
	"testing"
	"time"
)

// TestWindows: the windows and factors are those of the SRE workbook and of Sloth's week; shorter
// periods scale them.
func TestWindows(t *testing.T) {
	for period, want := range map[time.Duration][]string{
		30 * day: {"critical 1h/5m 14.4", "critical 6h/30m 6", "warning 1d/2h 3", "warning 3d/6h 1"},
		28 * day: {"critical 1h/5m 13.44", "critical 6h/30m 5.6", "warning 1d/2h 2.8", "warning 3d/6h 0.9333333333333333"},
		90 * day: {"critical 1h/5m 43.2", "critical 6h/30m 18", "warning 1d/2h 9", "warning 3d/6h 3"},
		7 * day:  {"critical 1h/5m 13.44", "critical 6h/30m 3.5", "warning 1d/2h 1.4", "warning 3d/6h 0.98"},
		3 * day:  {"critical 6m/1m 14.4", "critical 36m/3m 6", "warning 2h24m/12m 3", "warning 7h12m/36m 1"},
	} {
		var got []string
		for _, p := range (Options{}).filled().pairs(period, "") {
			got = append(got, p.Severity+" "+windowText(p.Long)+"/"+windowText(p.Short)+" "+text(p.Factor(period)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", windowText(period), got, want)
		}
	}
	slow := Options{Intervals: map[string]time.Duration{"slow": 5 * time.Minute}}.filled()
	if p := slow.pairs(30*day, "slow")[0]; p.Short != 20*time.Minute || p.Long != 80*time.Minute {
		t.Errorf("a job that is scraped every 5 minutes has %v and %v", p.Long, p.Short)
	}
}
