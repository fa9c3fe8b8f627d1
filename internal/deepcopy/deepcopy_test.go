package deepcopy_test

import (
	"reflect"
	"testing"

	"github.com/tacho-go/tacho/internal/deepcopy"
)

type inner struct {
	Names []string
	Func  func()
}

type config struct {
	Number int
	List   []float64
	Table  map[string][]int
	Inner  inner
	All    []inner
	Shared *inner
	hidden []int
}

func example() config {
	return config{
		Number: 1, List: []float64{1, 2}, Table: map[string][]int{"a": {1}}, Inner: inner{Names: []string{"x"}},
		All: []inner{{Names: []string{"y"}}}, Shared: &inner{}, hidden: []int{1},
	}
}

// TestOf: a copy is equal, and nothing that is done to it reaches the original.
func TestOf(t *testing.T) {
	original := example()
	original.Shared = nil
	c := deepcopy.Of(original)
	if !reflect.DeepEqual(c, original) {
		t.Fatalf("got %+v, want %+v", c, original)
	}
	c.Number, c.List[0], c.Table["a"][0], c.Inner.Names[0], c.All[0].Names[0] = 2, 9, 9, "changed", "changed"
	c.Table["b"] = nil
	want := example()
	want.Shared = nil
	if !reflect.DeepEqual(original, want) {
		t.Errorf("the original is %+v now", original)
	}
}

// TestOfKeepsNil: nil and empty often mean different things.
func TestOfKeepsNil(t *testing.T) {
	for _, c := range []config{{}, {List: []float64{}, Table: map[string][]int{}}} {
		if got := deepcopy.Of(c); !reflect.DeepEqual(got, c) {
			t.Errorf("got %#v, want %#v", got, c)
		}
	}
}

// TestOfShares: what cannot be copied is the same.
func TestOfShares(t *testing.T) {
	original := example()
	c := deepcopy.Of(original)
	if c.Shared != original.Shared || &c.hidden[0] != &original.hidden[0] {
		t.Error("pointers and unexported fields are copied")
	}
}
