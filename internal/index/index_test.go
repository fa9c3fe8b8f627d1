package index_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/tacho-go/tacho/internal/index"
)

// TestMap: what was added is found by Find at once, and without a lock when it was
// looked up often enough.
func TestMap(t *testing.T) {
	var m index.Map[int, string]
	made := 0
	make := func() (string, bool) { made++; return "one", true }
	for range 3 {
		if got := m.Add(1, make); got != "one" {
			t.Errorf("Add returned %q", got)
		}
	}
	if made != 1 {
		t.Errorf("the value was made %d times", made)
	}
	if got := m.Add(2, func() (string, bool) { return "passing", false }); got != "passing" {
		t.Errorf("Add returned %q", got)
	}
	if _, ok := m.Find(2); ok {
		t.Error("a value that was not to be kept is found")
	}
	m.Put(3, "three")
	if v, ok := m.Find(3); !ok || v != "three" {
		t.Errorf("Find returned %q, %v", v, ok)
	}
	for range 10 {
		m.Find(3)
	}
	if v := m.Snapshot()[3]; v != "three" {
		t.Errorf("the snapshot has %q", v)
	}
	m.Remove(func(k int, _ string) bool { return k == 1 })
	if all := m.All(); m.Len() != 1 || !slices.Equal(all, []string{"three"}) {
		t.Errorf("%d keys are left: %q", m.Len(), all)
	}
	m.Fill(map[int]string{7: "seven"})
	if v, ok := m.Find(7); !ok || v != "seven" {
		t.Errorf("Find returned %q, %v", v, ok)
	}
}

// TestMapMakesOnce: goroutines that add a key at the same time get one value.
func TestMapMakesOnce(t *testing.T) {
	var m index.Map[int, *int]
	var all sync.WaitGroup
	results := make([]*int, 8)
	for i := range results {
		all.Go(func() { results[i] = m.Add(1, func() (*int, bool) { return new(int), true }) })
	}
	all.Wait()
	for _, r := range results {
		if r != results[0] {
			t.Fatal("there are several values")
		}
	}
}
