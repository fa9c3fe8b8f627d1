package store

import (
	"encoding/json"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/multiproc"
)

// A cellKind is what the words of a cell count. Cells are in the process's own memory, or in memory
// shared with the service's other processes, where they are identified by keys.
type cellKind string

// The kinds of cells. Histograms have the words of a shard.
const (
	requestDurations cellKind = "request_duration" // nanoseconds
	nativeDurations  cellKind = "native_duration"  // buckets of one power of two, or zero
	requestBytes     cellKind = "request_bytes"
	responseBytes    cellKind = "response_bytes"
	streamDurations  cellKind = "stream_duration" // nanoseconds
	panicCounts      cellKind = "panics"
	inFlightCounts   cellKind = "in_flight"
	streamCounts     cellKind = "streams_in_flight"
	overflowCounts   cellKind = "folds"
	failureCounts    cellKind = "scrape_errors"
	functionErrors   cellKind = "function_errors"
)

// live are the kinds that describe the current state.
var live = map[cellKind]bool{inFlightCounts: true, streamCounts: true}

// A cellKey identifies a cell of a kind, independently of the options of the process that reads it.
// It is written as JSON.
type cellKey struct {
	What   cellKind          `json:"what"`
	Method string            `json:"method,omitempty"`
	Secure bool              `json:"tls,omitempty"`
	Route  string            `json:"route,omitempty"`
	Status int               `json:"status,omitempty"` // a class is less than 10
	Labels map[string]string `json:"labels,omitempty"` // the extra labels
	Bounds []float64         `json:"bounds,omitempty"` // of a histogram
	Chunk  int               `json:"chunk,omitempty"`  // of a native histogram; -1 is the zero bucket
	Names  []string          `json:"names,omitempty"`  // of each word
}

func (k cellKey) shared() multiproc.CellKey {
	text, _ := json.Marshal(k) // this struct never fails to marshal
	return multiproc.CellKey{Text: string(text), Live: live[k.What]}
}

// words creates a cell.
func (t *Store) words(k cellKey, n int) hist.Shard {
	if t.shared == nil {
		return make(hist.Shard, n)
	}
	return t.shared.Add(k.shared(), n, t.Now().UnixNano())
}

// newHistogram creates one of a series's histograms.
func (t *Store) newHistogram(l *hist.Bounds, what cellKind, s *Series) hist.Histogram {
	if t.shared == nil {
		return l.NewHistogram()
	}
	k := t.keyOf(what, s)
	k.Bounds = l.Upper
	keep := func(n int) hist.Shard { return t.words(k, n) }
	return hist.Histogram{Words: keep(l.Words()), Keep: keep}
}

// newNative creates a series's native histogram.
func (t *Store) newNative(s *Series) *hist.Native {
	if t.shared == nil {
		return hist.NewNative()
	}
	chunk := func(number, n int) hist.Shard {
		k := t.keyOf(nativeDurations, s)
		k.Chunk = number
		return t.words(k, n)
	}
	return &hist.Native{
		Zero: &chunk(-1, 1)[0],
		Make: func(number int) *[hist.ChunkBuckets]atomic.Uint64 {
			return (*[hist.ChunkBuckets]atomic.Uint64)(chunk(number, hist.ChunkBuckets))
		},
	}
}

// keyOf returns the key of a cell of a series, or of its route and method.
func (t *Store) keyOf(what cellKind, s *Series) cellKey {
	if t.shared == nil {
		return cellKey{}
	}
	k := cellKey{What: what, Route: s.Of.Route.Label}
	t.setMethod(&k, s.Of.MethodTLS)
	switch what {
	case requestDurations, nativeDurations:
		k.Status = s.Status
	case requestBytes, responseBytes:
		if t.Config.SizesByStatus {
			k.Status = s.Status
		}
	}
	for i, v := range s.Of.Route.Extras() {
		if k.Labels == nil {
			k.Labels = map[string]string{}
		}
		k.Labels[t.Extras[i].Name] = v
	}
	return k
}

func (t *Store) setMethod(k *cellKey, methodTLS int) {
	k.Method, k.Secure = t.Method(methodTLS)
}

// dimensionNames are the keys of the counts in beyond.
func (t *Store) dimensionNames() []string {
	names := []string{noDimension: "", routeDimension: "route", statusDimension: "status"}
	for _, l := range t.Extras {
		names = append(names, "label "+l.Name)
	}
	return names
}

// allocate creates the cells that exist from the start.
func (t *Store) allocate() {
	t.Created = t.Now().UnixNano()
	t.Failures = t.words(cellKey{What: failureCounts, Names: t.Config.Reasons}, len(t.Config.Reasons))
	t.Panics = t.words(cellKey{What: functionErrors, Names: t.Config.Functions}, len(t.Config.Functions))
	t.Streams = &t.words(cellKey{What: streamCounts}, 1)[0]
	names := t.dimensionNames()
	t.beyond = t.words(cellKey{What: overflowCounts, Names: names}, len(names))
	for i, l := range t.Extras {
		l.Overflowed = &t.beyond[int(extraDimension)+i]
	}
	t.inFlight = make([]gauge, 1)
	if t.Config.Flights {
		t.inFlight = make([]gauge, 2*len(t.Methods.Names))
	} else {
		t.inFlight[0].use(t, 0)
	}
}

// Share moves counting to cells that other processes can read. Call it before anything is counted.
func (t *Store) Share(cells *multiproc.Cells) {
	t.shared = cells
	t.allocate()
}
