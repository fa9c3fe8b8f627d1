package tachotest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/tachotest"
)

func TestNewHasNothingOfTheRuntime(t *testing.T) {
	families, err := tachotest.New(t, tacho.Options{}).Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) == 0 {
		t.Error("nothing was recorded")
	}
	for _, f := range families {
		if name := f.GetName(); strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			t.Errorf("%s was exported", name)
		}
	}
}

func TestNewEndsTheTestOnWrongOptions(t *testing.T) {
	failed := runTest(func(ft testing.TB) {
		tachotest.New(ft, tacho.Options{Namespace: "a-b"})
		t.Error("New returned")
	})
	if len(failed.reports) != 1 || !strings.HasPrefix(failed.reports[0], "tachotest.New: tacho: Options.Namespace: ") {
		t.Errorf("reported %q", failed.reports)
	}
	if !slices.Equal(failed.files, []string{"tachotest_test.go"}) {
		t.Errorf("the report points to %q", failed.files)
	}
}

// TestWarningsGoToTheTestsLog: and are dropped after the test.
func TestWarningsGoToTheTestsLog(t *testing.T) {
	var late *tacho.CounterOf[struct{}]
	f := runTest(func(ft testing.TB) {
		m := tachotest.New(ft, tacho.Options{})
		var now *tacho.CounterOf[struct{}]
		for name, c := range map[string]**tacho.CounterOf[struct{}]{"now": &now, "late": &late} {
			made, err := tacho.NewCounter[struct{}](m, tacho.MetricOptions{Name: name, Help: "Help."})
			if err != nil {
				t.Error(err)
				return
			}
			*c = made
		}
		now.Add(struct{}{}, -1)
	})
	late.Add(struct{}{}, -1) // the test has ended
	want := []string{`level=WARN msg="tacho: a negative number was not added to a counter; use a gauge for what can fall" metric=now_total number=-1`}
	if !slices.Equal(f.logged, want) {
		t.Errorf("logged %q, want %q", f.logged, want)
	}
}
