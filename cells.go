package tacho

import (
	"encoding/json"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/multiproc"
)

// A cellKind is what the words of a cell count. Cells are in the process's own
// memory, or in that which it shares with the service's other processes, where
// they are known by keys.
type cellKind string

// The kinds of cells. The words of histograms are those of a stripe.
const (
	requestDurations cellKind = "request_duration" // nanoseconds
	nativeDurations  cellKind = "native_duration"  // buckets of one power of two, or zero
	requestBytes     cellKind = "request_bytes"
	responseBytes    cellKind = "response_bytes"
	streamDurations  cellKind = "stream_duration" // nanoseconds
	panicCounts      cellKind = "panics"
	inFlightCounts   cellKind = "in_flight"
	streamCounts     cellKind = "streams_in_flight"
	foldCounts       cellKind = "folds"
	failureCounts    cellKind = "scrape_errors"
	survivedCounts   cellKind = "function_errors"
)

// live are the kinds that say something of the present.
var live = map[cellKind]bool{inFlightCounts: true, streamCounts: true}

// A cellKey says which cell of a kind it is, whatever the options are of the
// process that reads it. It is written as JSON.
type cellKey struct {
	What   cellKind          `json:"what"`
	Method string            `json:"method,omitempty"`
	Secure bool              `json:"tls,omitempty"`
	Route  string            `json:"route,omitempty"`
	Status int               `json:"status,omitempty"` // a class is less than 10
	Labels map[string]string `json:"labels,omitempty"` // Options.Labels
	Bounds []float64         `json:"bounds,omitempty"` // of a histogram
	Chunk  int               `json:"chunk,omitempty"`  // of a native one; -1 is zero
	Names  []string          `json:"names,omitempty"`  // of each word
}

func (k cellKey) shared() multiproc.CellKey {
	text, _ := json.Marshal(k) // of a struct like this one there is always one
	return multiproc.CellKey{Text: string(text), Live: live[k.What]}
}

// words makes a cell.
func (t *table) words(k cellKey, n int) stripe {
	if t.shared == nil {
		return make(stripe, n)
	}
	return t.shared.Add(k.shared(), n, t.wall().UnixNano())
}

// newHistogram makes one of a series's histograms.
func (t *table) newHistogram(l *ladder, what cellKind, s *series) histogram {
	if t.shared == nil {
		return l.newHistogram()
	}
	k := t.keyOf(what, s)
	k.Bounds = l.bounds
	keep := func(n int) stripe { return t.words(k, n) }
	return histogram{words: keep(len(l.limits) + 2), keep: keep}
}

// newNative makes a series's native histogram.
func (t *table) newNative(s *series) *nativeHistogram {
	if t.shared == nil {
		return newNativeHistogram()
	}
	chunk := func(number, n int) stripe {
		k := t.keyOf(nativeDurations, s)
		k.Chunk = number
		return t.words(k, n)
	}
	return &nativeHistogram{
		zero: &chunk(-1, 1)[0],
		make: func(number int) *[nativePerTwo]atomic.Uint64 {
			return (*[nativePerTwo]atomic.Uint64)(chunk(number, nativePerTwo))
		},
	}
}

// keyOf is the key of a cell of a series, or of the row that it is in.
func (t *table) keyOf(what cellKind, s *series) cellKey {
	if t.shared == nil {
		return cellKey{}
	}
	k := cellKey{What: what, Route: s.row.route.label}
	t.kindKey(&k, s.row.kind)
	switch what {
	case requestDurations, nativeDurations:
		k.Status = s.status
	case requestBytes, responseBytes:
		if t.sizesApart {
			k.Status = s.status
		}
	}
	for i, v := range s.row.route.extras() {
		if k.Labels == nil {
			k.Labels = map[string]string{}
		}
		k.Labels[t.extras[i].Name] = v
	}
	return k
}

func (t *table) kindKey(k *cellKey, kind int) {
	k.Method, k.Secure = t.methods.names[kind>>1], kind&1 == 1
}

// foldNames are what folds are counted by.
func (t *table) foldNames() []string {
	names := []string{foldedNone: "", foldedRoute: "route", foldedStatus: "status"}
	for _, l := range t.extras {
		names = append(names, "label "+l.Name)
	}
	return names
}

// allocate makes the cells that are there from the beginning.
func (c *core) allocate() {
	t := c.table
	c.created = t.wall().UnixNano()
	c.failures = t.words(cellKey{What: failureCounts, Names: reasonNames[:]}, len(reasonNames))
	c.survived = t.words(cellKey{What: survivedCounts, Names: optionFuncNames[:]}, len(optionFuncNames))
	c.Streams = &t.words(cellKey{What: streamCounts}, 1)[0]
	folds := t.foldNames()
	t.folds = t.words(cellKey{What: foldCounts, Names: folds}, len(folds))
	for i, l := range t.extras {
		l.folded = &t.folds[int(foldedExtra)+i]
	}
	c.InFlight = make([]engine.InFlight, 1)
	if c.families.flights {
		c.InFlight = make([]engine.InFlight, 2*len(t.methods.names))
	} else {
		c.useInFlight(0)
	}
}
