package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/tacho-go/tacho/schema"
)

// fourteenBounds give a histogram fourteen buckets plus +Inf in both libraries.
var fourteenBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// A shape is how label sets are distributed: the statuses of a route share its cost.
type shape struct{ routes, statuses int }

var heapShapes = []shape{{8000, 1}, {2000, 4}}

// heap measures the memory that a label set (a counter and a histogram) keeps alive.
func heap(l *lab) error {
	everything := library{"tacho, everything on", func(bounds []float64, sets int) store {
		return newTachoStore(bounds, sets, schema.Default())
	}}
	t := table{head: []string{"library"}, text: 1}
	for _, s := range heapShapes {
		t.head = append(t.head, fmt.Sprintf("%d routes × %d statuses", s.routes, s.statuses))
	}
	for _, lib := range append([]library{everything}, libraries()...) {
		cells := []string{lib.name}
		for _, s := range heapShapes {
			cells = append(cells, fmt.Sprintf("%.0f", l.heapOf(lib, s)))
		}
		t.add(cells...)
	}
	l.title("Heap for each label set")
	l.note("Live bytes per label set of a counter and a histogram with %d bounds, including the names of routes.", len(fourteenBounds))
	t.print(l.out)
	return nil
}

// heapOf returns the median bytes per label set of several stores.
func (l *lab) heapOf(lib library, s shape) float64 {
	var rounds []float64
	for range l.times("heap") {
		before := alive()
		kept := lib.make(fourteenBounds, s.routes*s.statuses)
		s.fill(kept)
		rounds = append(rounds, float64(alive()-before)/float64(s.routes*s.statuses))
		runtime.KeepAlive(kept)
	}
	return spreadOf(rounds).median
}

func (s shape) fill(kept store) {
	for i := range s.routes {
		for j := range s.statuses {
			kept.observe(routeName(i), statuses[j], time.Duration(i)*time.Microsecond)
		}
	}
}

// alive returns the heap in use after garbage collection; the first collection keeps what
// sync.Pools hold.
func alive() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
