//go:build unix

package rules_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	generated "github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/schema"
	"github.com/tacho-go/tacho/verdict"
)

// cpuTime is the processor time of the process so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRound is the cost of one verdict for 200 routes on 20 instances, with an hour of samples: while
// all is well, right after ten routes began to fail, later on, and right after all of them fail.
func BenchmarkRound(b *testing.B) {
	const minutes, incidentAt = 60, 58 * time.Minute
	var all []traffic
	for route := range 200 {
		fails := between(incidentAt, time.Hour*24, .5, .001)
		if route >= 10 {
			fails = between(incidentAt+10*time.Minute, time.Hour*24, .5, .001)
		}
		for instance := range 20 {
			all = append(all, traffic{fmt.Sprintf("i%d", instance), "GET", fmt.Sprintf("/route/%d", route), always(.2), fails, always(.03)})
		}
	}
	s := newShopOf(b, generated.Options{Schemas: []schema.Schema{schema.Default()}}, all...)
	healthy := s.verdict
	s.verdict = nil // simulated without verdicts
	s.run(incidentAt)
	s.verdict = healthy
	round := func(name string, wants int, engine func() *verdict.Engine) {
		b.Run(name, func(b *testing.B) {
			begin := cpuTime(b)
			for b.Loop() {
				v, err := engine().Round(b.Context(), s.now)
				if err != nil {
					b.Fatal(err)
				}
				if got := len(v.Services[0].Findings); got != wants {
					b.Fatalf("%d findings, want %d", got, wants)
				}
			}
			b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N)/1e6, "cpu-ms/round")
		})
	}
	round("healthy", 0, func() *verdict.Engine { return healthy })
	s.run(incidentAt + time.Minute)
	round("incident, young", 10, func() *verdict.Engine { return healthy })
	b.Run("incident, new", func(b *testing.B) {
		begin := cpuTime(b)
		for b.Loop() {
			if _, err := verdict.New(s, s.options.Verdict()).Round(b.Context(), s.now); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N)/1e6, "cpu-ms/round")
	})
	s.run(incidentAt + 10*time.Minute)
	round("incident, old", 10, func() *verdict.Engine { return healthy })
	s.run(incidentAt + 11*time.Minute)
	round("all routes, young", 200, func() *verdict.Engine { return healthy })
	began, cpu := time.Now(), cpuTime(b)
	if _, err := verdict.Replay(b.Context(), s, s.options.Verdict(), shopBegan, s.now); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d minutes are replayed in %v, with %v of CPU", minutes+8, time.Since(began).Round(time.Millisecond), (cpuTime(b) - cpu).Round(time.Millisecond))
}
