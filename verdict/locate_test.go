package verdict

import (
	"testing"
	"time"
)

// every returns points at an interval.
func every(interval time.Duration, values ...float64) (points []Point) {
	for i, v := range values {
		points = append(points, Point{time.Unix(0, 0).Add(time.Duration(i) * interval), v})
	}
	return points
}

func TestBegin(t *testing.T) {
	gap := every(15*time.Second, 0, 0, 0, 1, 1, 1, 1)
	for i := range gap[4:] {
		gap[4+i].At = gap[4+i].At.Add(10 * time.Minute)
	}
	for name, tt := range map[string]struct {
		points []Point
		want   int
	}{
		"none":            {nil, -1},
		"never":           {every(15*time.Second, 0, 0, .01, 0), -1},
		"a step, smeared": {every(15*time.Second, 0, 0, 0, .15, .3, .45, .6, .6, .6), 3},
		"from the start":  {every(15*time.Second, .6, .6, .6), 0},
		"again":           {every(15*time.Second, .6, .6, .6, 0, 0, 0, 0, 0, .6, .6, .6), 8},
		"a dip is no end": {every(15*time.Second, 0, 0, .6, .6, .6, .6, .6, 0, .6, .6, .6, .6, .6), 2},
		"noise before":    {every(15*time.Second, .02, 0, .03, 0, .02, .6, .6, .6), 5},
		"behind a gap":    {gap, 4},
		"already over":    {every(15*time.Second, 0, .6, .6, 0, 0, 0, 0, 0, 0), -1},
		"a ramp":          {every(15*time.Second, 0, 0, .02, .04, .06, .08, .1, .12, .14), 3}, // .02 might be noise
	} {
		if got := begin(tt.points, .05, 2*time.Minute); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
	if got := begin(every(15*time.Second, .1, .1, .1, .1, .5, .5, .5), .3, 2*time.Minute); got != 4 {
		t.Errorf("above a former level: %d, want 4", got)
	}
}

func TestEnded(t *testing.T) {
	const window = time.Minute
	at := func(s float64) time.Time { return time.Unix(0, 0).Add(time.Duration(s * float64(time.Second))) }
	for name, tt := range map[string]struct {
		points []Point
		since  time.Time
		smear  smear
		want   time.Time
	}{
		"a ratio":       {every(15*time.Second, 0, 0, .6, .6, .6, .6, .45, .3, .15, 0, 0), at(30), smear{.5, window / 2}, at(75)},
		"a percentile":  {every(15*time.Second, .1, .1, 2, 2, 2, 2, 2, 2, 2, .1, .1), at(30), smear{.5, window * 19 / 20}, at(70.5)},
		"not over":      {every(15*time.Second, 0, 0, .6, .6, .6, .6), at(30), smear{.5, window / 2}, at(75)},
		"nothing known": {nil, at(30), smear{.5, window / 2}, time.Time{}},
	} {
		if got := ended(tt.points, tt.since, tt.smear); got.Sub(tt.want).Abs() > time.Second {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestStandsOut(t *testing.T) {
	for name, tt := range map[string]struct {
		shares   []share
		failures bool
		want     string
	}{
		"one of two":               {[]share{{"b", .5, 100}, {"a", .01, 100}}, true, "b"},
		"both":                     {[]share{{"b", .5, 100}, {"a", .4, 100}}, true, ""},
		"the only one":             {[]share{{"a", .5, 100}}, true, ""},
		"the other had no chance":  {[]share{{"b", .2, 10}, {"a", 0, 10}}, true, ""},
		"the other had no request": {[]share{{"b", .9, 40}, {"a", 0, 2}}, true, ""},
		"slow on one":              {[]share{{"b", 2, 10}, {"a", .1, 10}}, false, "b"},
		"slow on one of few":       {[]share{{"b", 2, 2}, {"a", .1, 10}}, false, ""},
		"nothing":                  {[]share{{"b", 0, 10}, {"a", 0, 10}}, true, ""},
	} {
		if got := standsOut(tt.shares, tt.failures); got.Only != tt.want || got.Instances != len(tt.shares) {
			t.Errorf("%s: %+v, want only %q", name, got, tt.want)
		}
	}
}
