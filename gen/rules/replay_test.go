package rules_test

import (
	"testing"
	"time"

	"github.com/tacho-go/tacho/verdict"
)

// TestReplay: an engine that starts anew finds in the stored samples what was over before, at the same
// times, and the beginning of what goes on.
func TestReplay(t *testing.T) {
	s := newShop(t,
		traffic{"a", "GET", "/", always(6), between(20*time.Minute, 25*time.Minute, .6, 0), always(.03)},
		traffic{"b", "GET", "/api", always(6), always(0), between(30*time.Minute, 3*time.Hour, 2, .08)},
		traffic{"c", "GET", "/down", always(1), always(0), always(.03)},
	)
	s.run(40 * time.Minute)
	s.missing["c"] = true
	s.run(45 * time.Minute)
	s.missing["c"] = false
	want := s.run(2 * time.Hour).Services[0]

	o := s.options.Verdict()
	began := time.Now()
	earlier, err := verdict.Replay(t.Context(), s, o, s.now.Add(-24*time.Hour), s.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("a day is replayed in %v", time.Since(began))
	s.verdict = verdict.New(s, o)
	s.run(2*time.Hour + 15*time.Second)
	s.verdict.Adopt(earlier)
	got := s.run(2*time.Hour + 30*time.Second).Services[0]
	compare := func(what string, got, want []verdict.Finding) {
		if len(got) != len(want) {
			t.Fatalf("%s: %d findings, want %d:\n%+v\n%+v", what, len(got), len(want), got, want)
		}
		for i, f := range got {
			w := want[i]
			if f.Kind != w.Kind || f.Path != w.Path || f.Instance != w.Instance || f.Since.Sub(w.Since).Abs() > 15*time.Second || f.Until.Sub(w.Until).Abs() > time.Minute || f.AtLeast {
				t.Errorf("%s: %s, want %s", what, f.Sentence(verdict.Words{}), w.Sentence(verdict.Words{}))
			}
		}
	}
	compare("now", got.Findings, want.Findings)
	compare("over", got.Over, want.Over)
	if len(want.Over) < 2 || len(want.Findings) != 1 {
		t.Errorf("%d are over and %d are not", len(want.Over), len(want.Findings))
	}
	for _, f := range got.Over {
		t.Log(f.Sentence(verdict.Words{}))
	}
}
