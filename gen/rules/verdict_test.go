package rules_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/verdict"
)

func always(v float64) func(time.Duration) float64 { return func(time.Duration) float64 { return v } }

// between is one value during an incident, and another one before and after it.
func between(from, to time.Duration, during, otherwise float64) func(time.Duration) float64 {
	return func(t time.Duration) float64 {
		if t > from && t <= to {
			return during
		}
		return otherwise
	}
}

// rising grows in a straight line, and stays.
func rising(from, to time.Duration, low, high float64) func(time.Duration) float64 {
	return func(t time.Duration) float64 {
		return low + (high-low)*min(1, max(0, float64(t-from)/float64(to-from)))
	}
}

// A want is a finding that must be there.
type want struct {
	kind  verdict.Kind
	path  string        // or the instance of a target
	since time.Duration // within two scrapes; 0: not compared
	only  string
	after string // a version, or the kind of another event
}

const (
	faultFrom = 40 * time.Minute
	faultTo   = 50 * time.Minute
)

// incidents are recorded as they happen: each is played against the generated rules, scrape by scrape.
var incidents = map[string]struct {
	traffic []traffic
	between func(*shop) // what happens before look
	look    time.Duration
	state   verdict.State
	wants   []want
}{
	"step of errors": {
		traffic: []traffic{
			{"a", "GET", "/", always(5), between(faultFrom, faultTo, .6, 0), always(.03)},
			{"b", "GET", "/", always(5), between(faultFrom, faultTo, .6, 0), always(.03)},
			{"a", "GET", "/fine", always(5), always(.001), always(.03)},
		},
		look: faultFrom + 45*time.Second, state: verdict.Failing,
		wants: []want{{kind: verdict.Errors, path: "/", since: faultFrom}},
	},
	"slow on one instance": {
		traffic: []traffic{
			{"a", "GET", "/api", always(8), always(0), always(.08)},
			{"b", "GET", "/api", always(8), always(0), between(faultFrom, faultTo, 2, .08)},
		},
		look: faultFrom + time.Minute, state: verdict.Slow,
		wants: []want{{kind: verdict.Latency, path: "/api", since: faultFrom, only: "b"}},
	},
	"two causes at once, after a deployment": {
		traffic: []traffic{
			{"a", "GET", "/api", always(8), always(0), between(faultFrom, faultTo, 2, .08)},
			{"a", "POST", "/orders", always(3), between(faultFrom, faultTo, .3, 0), always(.03)},
		},
		between: func(s *shop) { s.run(faultFrom - 30*time.Second); s.restart("a", "1.1.0") },
		look:    faultFrom + 75*time.Second, state: verdict.Failing,
		wants: []want{
			{kind: verdict.Errors, path: "/orders", since: faultFrom, after: "1.1.0"},
			{kind: verdict.Latency, path: "/api", since: faultFrom, after: "1.1.0"},
		},
	},
	"restart without a new version": {
		traffic: []traffic{{"a", "GET", "/", always(8), between(faultFrom, faultTo, .5, 0), always(.03)}},
		between: func(s *shop) { s.run(faultFrom - 30*time.Second); s.restart("a", "1.0.0") },
		look:    faultFrom + time.Minute, state: verdict.Failing,
		wants: []want{{kind: verdict.Errors, path: "/", since: faultFrom, after: "restart"}},
	},
	"deployment without effect": {
		traffic: []traffic{{"a", "GET", "/", always(8), always(.002), always(.03)}},
		between: func(s *shop) { s.run(faultFrom - 30*time.Second); s.restart("a", "1.1.0") },
		look:    faultFrom + time.Minute, state: verdict.Healthy,
	},
	"deployment long before": {
		traffic: []traffic{{"a", "GET", "/", always(8), between(faultFrom, faultTo, .5, 0), always(.03)}},
		between: func(s *shop) { s.run(faultFrom - 20*time.Minute); s.restart("a", "1.1.0") },
		look:    faultFrom + time.Minute, state: verdict.Failing,
		wants: []want{{kind: verdict.Errors, path: "/", since: faultFrom}},
	},
	"low traffic fails completely": {
		traffic: []traffic{
			{"a", "GET", "/rare", always(1. / 40), between(faultFrom, time.Hour, 1, 0), always(.03)},
			{"a", "GET", "/fine", always(5), always(0), always(.03)},
		},
		look: faultFrom + 8*time.Minute, state: verdict.Failing,
		wants: []want{{kind: verdict.Errors, path: "/rare"}},
	},
	"one failed request": {
		traffic: []traffic{{"a", "GET", "/rare", always(1. / 40), between(faultFrom, faultFrom+15*time.Second, 1, 0), always(.03)}},
		look:    faultFrom + time.Minute, state: verdict.Healthy,
	},
	"idle night": {
		traffic: []traffic{{"a", "GET", "/", between(0, 20*time.Minute, 5, 0), always(0), always(.03)}},
		look:    faultFrom, state: verdict.Idle,
	},
	"a target is down": {
		traffic: []traffic{
			{"a", "GET", "/", always(8), always(0), always(.03)},
			{"b", "GET", "/", always(8), always(0), always(.03)},
		},
		between: func(s *shop) { s.run(faultFrom); s.missing["b"] = true },
		look:    faultFrom + 2*time.Minute, state: verdict.Down,
		wants: []want{{kind: verdict.Target, path: "b", since: faultFrom}},
	},
	"one missed scrape": {
		traffic: []traffic{{"a", "GET", "/", always(8), always(0), always(.03)}},
		between: func(s *shop) {
			s.run(faultFrom)
			s.missing["a"] = true
			s.run(faultFrom + 15*time.Second)
			s.missing["a"] = false
		},
		look: faultFrom + 30*time.Second, state: verdict.Healthy,
	},
	"slow since always": {
		traffic: []traffic{{"a", "GET", "/report", always(4), always(0), always(3)}},
		look:    faultFrom, state: verdict.Slow,
		wants: []want{{kind: verdict.Latency, path: "/report"}},
	},
	"ramp of errors": {
		traffic: []traffic{{"a", "GET", "/", always(40), rising(faultFrom, faultFrom+10*time.Minute, 0, .5), always(.03)}},
		look:    faultFrom + 4*time.Minute, state: verdict.Failing,
		wants: []want{{kind: verdict.Errors, path: "/"}},
	},
	"a pool is exhausted": {
		traffic: []traffic{{"a", "GET", "/", always(8), always(0), always(.03)}, {"b", "GET", "/", always(8), always(0), always(.03)}},
		between: func(s *shop) { s.waiting = between(faultFrom, faultTo, 4, .1) },
		look:    faultFrom + time.Minute, state: verdict.Warning,
		wants: []want{{kind: verdict.Pool, path: "orders", since: faultFrom, only: "b"}},
	},
	"a gap in the data": {
		traffic: []traffic{{"a", "GET", "/", always(8), between(faultFrom, time.Hour, .5, 0), always(.03)}},
		between: func(s *shop) { // the fault begins while nothing is scraped
			s.run(faultFrom - 3*time.Minute)
			s.now = s.now.Add(6 * time.Minute)
		},
		look: faultFrom + 5*time.Minute, state: verdict.Failing,
		wants: []want{{kind: verdict.Errors, path: "/"}},
	},
}

func TestVerdict(t *testing.T) {
	for name, i := range incidents {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, i.traffic...)
			if i.between != nil {
				i.between(s)
			}
			v := s.run(i.look)
			got := v.Services[0]
			checkService(t, v, got)
			if got.State != i.state || len(got.Findings) != len(i.wants) {
				t.Errorf("state %s with %d findings, want %s with %d", got.State, len(got.Findings), i.state, len(i.wants))
			}
			for n, f := range got.Findings {
				t.Logf("%s %s %s%s: %.3f since %v, %+v, %+v", f.Kind, f.Method, f.Path, f.Instance, f.Now, f.Since.Sub(shopBegan), f.Where, f.After)
				if n < len(i.wants) {
					i.wants[n].compare(t, f)
				}
			}
		})
	}
}

// checkService: the state of a service, of its routes and of its findings agree.
func checkService(t *testing.T, v *verdict.Verdict, got verdict.Service) {
	t.Helper()
	if len(got.Findings) > 0 && (got.Since.IsZero() || got.Since.After(v.At)) {
		t.Errorf("it is %s since %v", got.State, got.Since)
	}
	states := map[string]verdict.State{}
	for _, r := range got.Routes {
		states[r.Method+r.Path] = r.State
	}
	for _, f := range got.Findings {
		switch at := states[f.Method+f.Path]; f.Kind {
		case verdict.Errors:
			if at != verdict.Failing || f.Limit != got.Limits.ErrorRatio || len(f.Where.On) == 0 {
				t.Errorf("the route %s is %q, with the limit %v, on %v", f.Path, at, f.Limit, f.Where.On)
			}
		case verdict.Latency:
			if at != verdict.Slow || f.Limit != got.Limits.Latency || len(f.Where.On) == 0 {
				t.Errorf("the route %s is %q, with the limit %v, on %v", f.Path, at, f.Limit, f.Where.On)
			}
		}
	}
	for _, language := range []verdict.Language{verdict.English, verdict.Chinese} {
		if text := v.In(verdict.Words{Language: language}).Services[0].Text; text == "" || strings.Contains(text, "{") {
			t.Errorf("its sentence in %s is %q", language, text)
		}
	}
}

func (w want) compare(t *testing.T, f verdict.Finding) {
	t.Helper()
	if f.Kind != w.kind || f.Path+f.Instance+f.Pool != w.path {
		t.Errorf("the finding is %s of %s%s, want %s of %s", f.Kind, f.Path, f.Instance, w.kind, w.path)
	}
	if off := f.Since.Sub(shopBegan) - w.since; w.since != 0 && off.Abs() > 30*time.Second {
		t.Errorf("it began at %v, want %v", f.Since.Sub(shopBegan), w.since)
	}
	if f.Where.Only != w.only {
		t.Errorf("it is only on %q, want %q", f.Where.Only, w.only)
	}
	after := ""
	if f.After != nil {
		after = f.After.Version
		if f.After.Kind != verdict.Deployment {
			after = f.After.Kind
		}
	}
	if after != w.after {
		t.Errorf("it is after %q, want %q", after, w.after)
	}
	if math.IsNaN(f.Now) || f.Query == "" || f.Limit <= 0 {
		t.Errorf("the finding is incomplete: %+v", f)
	}
}

// TestVerdictBoth: while all instances have a fault, no round names one of them, however few requests tell of it.
func TestVerdictBoth(t *testing.T) {
	var all []traffic
	for i, every := range []float64{3, 5, 8, 12, 20, 30, 45, 60} { // seconds between two requests
		for _, share := range []float64{.25, .5, 1} {
			for _, instance := range []string{"a", "b"} {
				all = append(all, traffic{instance, "GET", fmt.Sprintf("/%v/%v", every, share), always(1 / every), between(faultFrom/4, time.Hour, share, 0), always(.03)})
				if i < 4 {
					slow := between(faultFrom/4, time.Hour, 2, .08)
					all = append(all, traffic{instance, "GET", fmt.Sprintf("/slow/%v/%v", every, share), always(1 / every), always(0), slow})
				}
			}
		}
	}
	named, found := 0, map[string]bool{}
	s := newShop(t, all...)
	s.run(faultFrom/4+20*time.Minute, func(v *verdict.Verdict) {
		for _, f := range v.Services[0].Findings {
			found[f.Path] = true
			if f.Where.Only != "" {
				named++
				t.Logf("%v after the beginning: %s", v.At.Sub(shopBegan)-faultFrom/4, f.Sentence(verdict.Words{}))
			}
		}
	})
	t.Logf("%d of %d routes found", len(found), len(all)/2)
	if named > 0 || len(found) < len(all)/4 {
		t.Errorf("an instance is named %d times; %d routes are found", named, len(found))
	}
}

// TestVerdictOver: a finding ends soon after the fault, with its end, and is not found again.
func TestVerdictOver(t *testing.T) {
	s := newShop(t,
		traffic{"a", "GET", "/", always(6), between(faultFrom, faultTo, .6, 0), always(.03)},
		traffic{"a", "GET", "/api", always(6), always(0), between(faultFrom, faultTo, 2, .08)},
	)
	if v := s.run(faultTo); len(v.Services[0].Findings) != 2 {
		t.Fatalf("%d findings at the end of the fault, want 2", len(v.Services[0].Findings))
	}
	got := s.run(faultTo + 75*time.Second).Services[0]
	if got.State != verdict.Warning || len(got.Firing) != 2 || len(got.Findings) != 0 || len(got.Over) != 2 { // the alerts look back longer
		t.Fatalf("75 s after the fault: %s, %v firing, %d findings, %d over", got.State, got.Firing, len(got.Findings), len(got.Over))
	}
	for _, f := range got.Over {
		if off := f.Until.Sub(shopBegan) - faultTo; off.Abs() > 30*time.Second {
			t.Errorf("%s of %s ended at %v, want %v", f.Kind, f.Path, f.Until.Sub(shopBegan), faultTo)
		}
		if off := f.Since.Sub(shopBegan) - faultFrom; off.Abs() > 30*time.Second {
			t.Errorf("%s of %s began at %v, want %v", f.Kind, f.Path, f.Since.Sub(shopBegan), faultFrom)
		}
	}
	s.run(faultTo+20*time.Minute, func(v *verdict.Verdict) {
		if n := len(v.Services[0].Findings); n != 0 {
			t.Errorf("%v: %d findings after the end", v.At.Sub(shopBegan), n)
		}
	})
	if got := s.verdict.Latest().Services[0]; len(got.Over) != 2 || got.State != verdict.Healthy {
		t.Errorf("%s, and %d findings are over, want 2", got.State, len(got.Over))
	}
}

// TestVerdictSteady: a value that swings around its limit is one finding.
func TestVerdictSteady(t *testing.T) {
	swing := func(t time.Duration) float64 { return .05 + .015*math.Sin(float64(t)/float64(time.Minute)) }
	s := newShop(t, traffic{"a", "GET", "/", always(50), swing, always(.03)})
	changes, last := 0, verdict.State("")
	s.run(time.Hour, func(v *verdict.Verdict) {
		if state := v.Services[0].State; state != last {
			changes, last = changes+1, state
		}
	})
	if changes > 3 || last != verdict.Failing { // idle, maybe healthy, and failing
		t.Errorf("the state changed %d times, and is %s", changes, last)
	}
}

// TestVerdictAlert: an alert that nothing else explains has its start.
func TestVerdictAlert(t *testing.T) {
	s := newShop(t, traffic{"a", "GET", "/", between(0, 70*time.Minute, 4, 0), always(0), always(.03)})
	got := s.run(95 * time.Minute).Services[0]
	if got.State != verdict.Warning || len(got.Findings) != 1 || got.Findings[0].Alert != "TachoTrafficGone" {
		t.Fatalf("%s, %+v", got.State, got.Findings)
	}
	if f := got.Findings[0]; f.AtLeast || f.Since.Sub(shopBegan) < 80*time.Minute || f.Since.Sub(shopBegan) > 84*time.Minute { // after its for
		t.Errorf("it is %s", f.Sentence(verdict.Words{}))
	}
}
