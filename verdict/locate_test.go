package verdict

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
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
		unclear  bool
	}{
		"one of two":               {[]share{{"b", .5, 100}, {"a", .01, 100}}, true, "b", false},
		"both":                     {[]share{{"b", .5, 100}, {"a", .4, 100}}, true, "", false},
		"the only one":             {[]share{{"a", .5, 100}}, true, "", false},
		"the other had no chance":  {[]share{{"b", .2, 10}, {"a", 0, 10}}, true, "", true},
		"the other had no request": {[]share{{"b", .9, 40}, {"a", 0, 2}}, true, "", true},
		"slow on one":              {[]share{{"b", 2, 10}, {"a", .1, 10}}, false, "b", false},
		"no time at all on others": {[]share{{"b", 2, 10}, {"a", 0, 10}}, false, "b", false},
		"slow on one of few":       {[]share{{"b", 2, 2}, {"a", .1, 10}}, false, "", true},
		"both, of few requests":    {[]share{{"b", .32, 25}, {"a", .158, 19}}, true, "", true},
		"one of few fails at all":  {[]share{{"a", 1, 5}, {"b", 0, 5}}, true, "", true},
		"one fails, of more":       {[]share{{"a", 1, 12}, {"b", 0, 12}}, true, "a", false},
		"one of three by chance":   {[]share{{"a", .9, 100}, {"b", .4, 5}, {"c", 0, 100}}, true, "", true},
		"twice as slow, of many":   {[]share{{"b", .8, 200}, {"a", .3, 200}}, false, "b", false},
		"twice as slow, of few":    {[]share{{"b", .8, 20}, {"a", .3, 20}}, false, "", true},
		"nothing":                  {[]share{{"b", 0, 10}, {"a", 0, 10}}, true, "", false},
	} {
		got := standsOut(tt.shares, tt.failures)
		if got.Only != tt.want || got.Instances != len(tt.shares) {
			t.Errorf("%s: %+v, want only %q", name, got, tt.want)
		}
		if alone := len(got.On) == 1 && len(tt.shares) > 1; alone != (got.Only != "") {
			t.Errorf("%s: it is on %v, and only on %q", name, got.On, got.Only)
		}
		if got.Unclear != tt.unclear {
			t.Errorf("%s: unclear is %v on %v", name, got.Unclear, got.On)
		}
	}
}

// TestStandsOutByChance: where all instances have the same fault, hardly ever one is named; where one has it,
// it is named after some dozens of requests.
func TestStandsOutByChance(t *testing.T) {
	const runs = 4000
	random := rand.New(rand.NewPCG(1, 2))
	failures := func(n, p float64) (failed float64) {
		for range int(n) {
			if random.Float64() < p {
				failed++
			}
		}
		return failed / n
	}
	latencies := func(n, p float64) (mean float64) { // this share takes ten times as long
		for range int(n) {
			took := .1 * math.Exp(.3*random.NormFloat64())
			if random.Float64() < p {
				took *= 10
			}
			mean += took / n
		}
		return mean
	}
	for _, kind := range []struct {
		failures bool
		draw     func(n, p float64) float64
		rightly  func(n, p float64) bool // enough to be named
	}{
		{true, failures, func(n, p float64) bool { return n*p*p >= 40 }},
		{false, latencies, func(n, p float64) bool { return n >= 40 && p >= .5 }},
	} {
		for _, p := range []float64{.05, .1, .25, .5, .9, 1} {
			for _, n := range []float64{5, 10, 20, 50, 200} {
				wrong, right := 0, 0
				for range runs {
					all := []share{{"a", 0, n}, {"b", 0, math.Ceil(n * 2 / 3)}}
					healthy := kind.draw(all[1].count, 0)
					for i := range all {
						all[i].value = kind.draw(all[i].count, p)
					}
					one := []share{all[0], {"b", healthy, all[1].count}}
					slices.SortFunc(all, func(a, b share) int { return cmp.Compare(b.value, a.value) })
					if standsOut(all, kind.failures).Only != "" {
						wrong++
					}
					slices.SortFunc(one, func(a, b share) int { return cmp.Compare(b.value, a.value) })
					if standsOut(one, kind.failures).Only == "a" {
						right++
					}
				}
				t.Logf("failures %v, %3.0f%% of %3.0f requests: one is named wrongly in %.2f%%, rightly in %.1f%%", kind.failures, 100*p, n, 100*float64(wrong)/runs, 100*float64(right)/runs)
				if wrong*100 > runs {
					t.Errorf("failures %v, %.0f%% of %.0f requests on both: one is named in %d of %d", kind.failures, 100*p, n, wrong, runs)
				}
				if kind.rightly(n, p) && right*10 < runs*9 {
					t.Errorf("failures %v, %.0f%% of %.0f requests on one: it is named in %d of %d", kind.failures, 100*p, n, right, runs)
				}
			}
		}
	}
}
