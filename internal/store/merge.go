package store

import (
	"encoding/json"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/multiproc"
)

// A binding connects a cell to its words in the merged store.
type binding struct {
	cell    *multiproc.Cell
	words   hist.Shard
	into    []int    // by word of the cell, the index in words; -1 for none
	created []*int64 // creation times of what the words belong to
}

// A Merger adds the cells of several processes to a store.
type Merger struct {
	Into      *Store
	bindings  []*binding
	exemplars int // the number of series with adopted exemplars
}

// Merge sets the store to the sums of all cells.
func (m *Merger) Merge(cells []*multiproc.Cell) {
	for _, cell := range cells {
		if cell.Data == nil {
			b := m.Into.bind(cell)
			cell.Data = b
			m.bindings = append(m.bindings, b)
		}
	}
	for _, b := range m.bindings {
		b.clear()
	}
	for _, b := range m.bindings {
		b.add()
	}
}

// AdoptExemplars exports the exemplars of this process, since any of them is an example for all
// processes. Series are never removed, so there is work only for new ones.
func (m *Merger) AdoptExemplars(own *Store) {
	all, _ := own.Ordered()
	if len(all) == m.exemplars {
		return
	}
	m.exemplars = len(all)
	for _, s := range all {
		m.Into.seriesOf(own.keyOf(requestDurations, s)).Exemplars = s.Exemplars
	}
}

func (b *binding) clear() {
	for i := range b.words {
		b.words[i].Store(0)
	}
	for _, at := range b.created {
		*at = 0
	}
}

func (b *binding) add() {
	if !b.cell.Seen {
		return
	}
	for i, n := range b.cell.Words {
		if to := b.to(i); to >= 0 && to < len(b.words) {
			b.words[to].Add(n)
		}
	}
	for _, at := range b.created {
		if *at == 0 || b.cell.Created < *at {
			*at = b.cell.Created
		}
	}
}

// to returns the place of a word.
func (b *binding) to(i int) int {
	switch {
	case b.into == nil:
		return i
	case i < len(b.into):
		return b.into[i]
	}
	return -1
}

// bind finds the place of a cell. A cell with an unknown key, such as another release's, has none.
func (t *Store) bind(cell *multiproc.Cell) *binding {
	b := &binding{cell: cell}
	var k cellKey
	if json.Unmarshal([]byte(cell.Text), &k) != nil {
		return b
	}
	if place := places[k.What]; place != nil {
		place(t, b, k)
	}
	return b
}

// places define where the cells of a kind are added.
var places = map[cellKind]func(*Store, *binding, cellKey){
	requestDurations: func(t *Store, b *binding, k cellKey) {
		s := t.seriesOf(k)
		b.words, b.into, b.created = s.durations.Words, s.bounds.Adopt(k.Bounds), []*int64{&s.Created, &s.Of.Created}
	},
	nativeDurations: func(t *Store, b *binding, k cellKey) {
		native := t.seriesOf(k).native
		switch {
		case native == nil:
		case k.Chunk < 0:
			b.words = wordOf(native.Zero)
		case k.Chunk < hist.Chunks:
			b.words = native.Chunk(k.Chunk)[:]
		}
	},
	requestBytes: func(t *Store, b *binding, k cellKey) {
		s := t.seriesOfSizes(k)
		b.histogram(t, &s.Sizes.Request, t.SizeBounds, s, k)
	},
	responseBytes: func(t *Store, b *binding, k cellKey) {
		s := t.seriesOfSizes(k)
		b.histogram(t, &s.Sizes.Response, t.SizeBounds, s, k)
	},
	streamDurations: func(t *Store, b *binding, k cellKey) {
		s := &Series{Of: t.routeMethodOf(k)}
		b.histogram(t, &s.Of.Streams, t.StreamBounds, s, k)
	},
	panicCounts: func(t *Store, b *binding, k cellKey) {
		b.words = wordOf(t.panicsOf(&Series{Of: t.routeMethodOf(k)}))
	},
	inFlightCounts: func(t *Store, b *binding, k cellKey) {
		methodTLS := 0
		if len(t.inFlight) > 1 {
			methodTLS = t.methodTLS(k.Method, k.Secure)
		}
		t.inFlight[methodTLS].use(t, methodTLS)
		b.words = t.inFlight[methodTLS].words.Load()[:]
	},
	streamCounts: func(t *Store, b *binding, _ cellKey) { b.words = wordOf(t.Streams) },
	overflowCounts: func(t *Store, b *binding, k cellKey) {
		b.words, b.into = t.beyond, byName(k.Names, t.dimensionNames())
	},
	failureCounts: func(t *Store, b *binding, k cellKey) {
		b.words, b.into, b.created = t.Failures, byName(k.Names, t.Config.Reasons), []*int64{&t.Created}
	},
	functionErrors: func(t *Store, b *binding, k cellKey) {
		b.words, b.into = t.Panics, byName(k.Names, t.Config.Functions)
	},
}

// histogram adds the words to one of a series's histograms.
func (b *binding) histogram(t *Store, slot *atomic.Pointer[hist.Histogram], l *hist.Bounds, s *Series, k cellKey) {
	b.words = t.makeHistogram(slot, l, k.What, s).Words
	b.into, b.created = l.Adopt(k.Bounds), []*int64{&s.Of.Created}
}

// byName returns the places of words with these names among others.
func byName(names, among []string) []int {
	into := make([]int, len(names))
	for i, name := range names {
		into[i] = slices.Index(among, name)
	}
	return into
}

// wordOf returns a word as a shard.
func wordOf(w *atomic.Uint64) hist.Shard { return unsafe.Slice(w, 1) }

// routeOf returns the route of a key.
func (t *Store) routeOf(k cellKey) *Route {
	r := t.Route(k.Route)
	if len(t.Extras) > 0 {
		values := make([]string, len(t.Extras))
		for i, l := range t.Extras {
			values[i] = labelvalue.Clean(k.Labels[l.Name])
		}
		r = t.Variant(r, values)
	}
	return r
}

// routeMethodOf returns the route and method of a key.
func (t *Store) routeMethodOf(k cellKey) *RouteMethod {
	return t.routeMethod(t.routeOf(k), t.methodTLS(k.Method, k.Secure))
}

// seriesOf returns the series of a key.
func (t *Store) seriesOf(k cellKey) *Series {
	status := k.Status
	if 0 < status && status < 10 { // the process that counted it records classes
		status *= 100
	}
	return t.Series(t.routeOf(k), k.Method, k.Secure, status)
}

// seriesOfSizes returns a series with the sizes of a key.
func (t *Store) seriesOfSizes(k cellKey) *Series {
	if t.Config.SizesByStatus && k.Status != 0 {
		return t.seriesOf(k)
	}
	w := t.routeMethodOf(k)
	return &Series{Of: w, Sizes: &w.Sizes}
}
