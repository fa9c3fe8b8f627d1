package rules_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	generated "github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/internal/long"
	"github.com/tacho-go/tacho/schema"
	"github.com/tacho-go/tacho/verdict"
)

// An incident is one fault at random.
type incident struct {
	kind     verdict.Kind
	path     string
	instance string // "" is both
	from, to time.Duration
	size     float64 // a ratio, or a factor of the latency
}

func (i incident) String() string {
	return fmt.Sprintf("%s of %s on %q, size %.2f, from %v to %v", i.kind, i.path, i.instance, i.size, i.from, i.to)
}

// routes of a healthy service, with their rate per instance, share of failed requests, and latency.
var healthyRoutes = []struct {
	path                  string
	rate, errors, latency float64
}{
	{"/", 6, .001, .02}, {"/api", 8, .004, .08}, {"/search", 2, .002, .2}, {"/cart", .8, .01, .05}, {"/export", .05, 0, .4}, {"/rare", .01, .02, .03},
}

// randomIncident is one that a person on call would want to know of. Routes with few requests cannot show it.
func randomIncident(random *rand.Rand) incident {
	i := incident{
		kind: []verdict.Kind{verdict.Errors, verdict.Latency}[random.IntN(2)], path: healthyRoutes[random.IntN(4)].path,
		instance: []string{"", "", "a", "b"}[random.IntN(4)],
	}
	i.from = 10*time.Minute + time.Duration(random.Int64N(int64(5*time.Minute)))
	i.to = i.from + 2*time.Minute + time.Duration(random.Int64N(int64(3*time.Minute)))
	i.size = .25 + .75*random.Float64()
	return i
}

// noisy is the load of healthyRoutes on two instances, with an incident or none.
func noisy(random *rand.Rand, i *incident) (all []traffic) {
	for _, r := range healthyRoutes {
		for _, instance := range []string{"a", "b"} {
			hit := func(kind verdict.Kind, t time.Duration) bool {
				return i != nil && i.kind == kind && i.path == r.path && (i.instance == "" || i.instance == instance) && t > i.from && t <= i.to
			}
			phase := random.Float64() * 2 * math.Pi
			all = append(all, traffic{
				instance, "GET", r.path,
				func(t time.Duration) float64 {
					return r.rate * (1 + .5*math.Sin(phase+float64(t)/float64(7*time.Minute)))
				},
				func(t time.Duration) float64 {
					if hit(verdict.Errors, t) {
						return i.size
					}
					return r.errors
				},
				func(t time.Duration) float64 {
					if hit(verdict.Latency, t) {
						return 1.5 + 3*i.size
					}
					return r.latency * (1 + .3*math.Sin(phase+float64(t)/float64(3*time.Minute)))
				},
			})
		}
	}
	return all
}

func newNoisyShop(t *testing.T, seed uint64, i *incident) *shop {
	random := rand.New(rand.NewPCG(seed, 7))
	s := newShopOf(t, generated.Options{Schemas: []schema.Schema{schema.Default()}}, noisy(random, i)...)
	s.random = random
	return s
}

// TestRandomIncidents: of 30 runs with an incident at random, the right route and kind are found in at
// least 28, with a start within two scrapes and no other finding; the instance is named if it is one, and no other
// one is; in 30 quiet runs nothing is found.
func TestRandomIncidents(t *testing.T) {
	t.Parallel()
	runs := long.Form(t, 30, 60, "incidents and as many quiet runs")
	found, late, invented := 0, 0, 0
	onOne, named := 0, 0
	for run := range runs {
		random := rand.New(rand.NewPCG(uint64(run), 1))
		i := randomIncident(random)
		s := newNoisyShop(t, uint64(run), &i)
		right, others := findings(s, i.to+4*time.Minute, i)
		if i.instance != "" {
			onOne++
		}
		off := 24 * time.Hour
		for _, f := range right {
			off = min(off, (f.Since.Sub(shopBegan) - i.from).Abs())
			switch f.Where.Only {
			case "":
				if i.instance != "" {
					t.Logf("run %d: no instance is named: %v", run, i)
				}
			case i.instance:
				named++
			default:
				t.Errorf("run %d: %s is named: %v", run, f.Where.Only, i)
			}
		}
		switch {
		case len(right) == 0:
			t.Logf("run %d: not found: %v", run, i)
		case off > 2*s.interval:
			t.Logf("run %d: %v off: %v", run, off, i)
			late++
		default:
			found++
		}
		for _, f := range others {
			t.Logf("run %d: invented beside %v: %s", run, i, f.Sentence(verdict.Words{}))
			invented++
		}
	}
	t.Logf("%d of %d incidents found, with the start within two scrapes; %d more with another start; %d findings invented", found, runs, late, invented)
	t.Logf("%d of %d incidents on one instance have its name", named, onOne)
	if named*30 < onOne*28 {
		t.Errorf("%d of %d incidents on one instance have its name", named, onOne)
	}
	if found*30 < runs*28 || invented > 0 {
		t.Errorf("%d of %d incidents found, %d findings invented", found, runs, invented)
	}

	for run := range runs {
		s := newNoisyShop(t, uint64(1000+run), nil)
		if _, others := findings(s, 20*time.Minute, incident{}); len(others) > 0 {
			t.Errorf("quiet run %d: %s", run, others[0].Sentence(verdict.Words{}))
		}
	}
}

// findings runs a shop, and returns the findings of an incident and all others, as they were at last.
func findings(s *shop, until time.Duration, i incident) (right, others []verdict.Finding) {
	s.t.Helper()
	var last verdict.Service
	seen := map[string]verdict.Finding{}
	s.run(until, func(v *verdict.Verdict) {
		last = v.Services[0]
		for _, f := range slices.Concat(last.Findings, last.Over) {
			if f.Kind != verdict.Alert { // the alert on the same route, with a longer look-back
				seen[string(f.Kind)+f.Path+f.Instance] = f
			}
		}
	})
	for _, f := range seen {
		if f.Kind == i.kind && f.Path == i.path {
			right = append(right, f)
		} else {
			others = append(others, f)
		}
	}
	return right, others
}

// TestHealthyWeek: a week of traffic with nights, restarts, deployments and missed scrapes has no finding. Its
// two halves are simulated beside each other.
func TestHealthyWeek(t *testing.T) {
	t.Parallel()
	hours := long.Form(t, 6, 7*24, "hours of healthy traffic")
	var halves [2]healthyTime
	t.Run("halves", func(t *testing.T) {
		for i := range halves {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				halves[i] = healthy(t, 42+uint64(i), hours/2)
			})
		}
	})
	alarms := append(halves[0].alarms, halves[1].alarms...)
	t.Logf("%d rounds of %d hours; findings: %v", halves[0].rounds+halves[1].rounds, hours, alarms)
	if len(alarms) > hours/(7*24) { // a week may have one: alerts do not know chance
		t.Errorf("%d false alarms in %d hours: %v", len(alarms), hours, alarms)
	}
}

// healthyTime is what was found in healthy traffic: each sentence once.
type healthyTime struct {
	rounds int
	alarms []string
}

func healthy(t *testing.T, seed uint64, hours int) (h healthyTime) {
	s := newNoisyShop(t, seed, nil)
	for i, all := range s.traffic {
		s.traffic[i].rate = func(t time.Duration) float64 {
			day := math.Sin(2 * math.Pi * float64(t) / float64(24*time.Hour)) // a few requests at night: none at all is an alert
			return all.rate(t) / 4 * max(.03, .7+day)
		}
	}
	watch := func(v *verdict.Verdict) {
		h.rounds++
		for _, f := range v.Services[0].Findings {
			if sentence := f.Sentence(verdict.Words{Now: v.At}); !slices.Contains(h.alarms, sentence) {
				h.alarms = append(h.alarms, sentence)
			}
		}
	}
	for hour := range hours {
		at := time.Duration(hour) * time.Hour
		s.run(at+20*time.Minute, watch)
		s.restart([]string{"a", "b"}[hour%2], fmt.Sprintf("1.%d.0", hour/5))
		s.run(at+40*time.Minute, watch)
		s.missing["a"] = hour%3 == 0
		s.run(at+40*time.Minute+s.interval, watch)
		s.missing["a"] = false
		s.run(at+time.Hour, watch)
	}
	return h
}
