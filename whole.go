package tacho

import (
	"encoding/json"
	"slices"
	"sort"
	"sync/atomic"
	"unsafe"

	"github.com/tacho-go/tacho/multiproc"
)

// A bound is a cell and where its words go in the core that adds up.
type bound struct {
	cell    *multiproc.Cell
	words   stripe
	into    []int    // by word of the cell, which of words; -1 for none
	created []*int64 // of what the words belong to
}

// fill puts what all cells hold into the core that adds up.
func (s *siblings) fill(cells []*multiproc.Cell) {
	for _, cell := range cells {
		if cell.Data == nil {
			b := s.whole.bind(cell)
			cell.Data = b
			s.bound = append(s.bound, b)
		}
	}
	for _, b := range s.bound {
		b.clear()
	}
	for _, b := range s.bound {
		b.add()
	}
	if s.own.opts.TraceFunc != nil {
		s.takeExemplars()
	}
}

func (b *bound) clear() {
	for i := range b.words {
		b.words[i].Store(0)
	}
	for _, at := range b.created {
		*at = 0
	}
}

func (b *bound) add() {
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

// to is where a word goes.
func (b *bound) to(i int) int {
	switch {
	case b.into == nil:
		return i
	case i < len(b.into):
		return b.into[i]
	}
	return -1
}

// bind finds the place of a cell. One whose key means nothing here, as another
// release's may, has none.
func (c *core) bind(cell *multiproc.Cell) *bound {
	b := &bound{cell: cell}
	var k cellKey
	if json.Unmarshal([]byte(cell.Text), &k) != nil {
		return b
	}
	if place := places[k.What]; place != nil {
		place(c, b, k)
	}
	return b
}

// places say where the cells of a kind go.
var places = map[cellKind]func(*core, *bound, cellKey){
	requestDurations: func(c *core, b *bound, k cellKey) {
		s := c.seriesOf(k)
		b.words, b.into, b.created = s.durations.words, s.ladder.adopt(k.Bounds), []*int64{&s.created, &s.row.created}
	},
	nativeDurations: func(c *core, b *bound, k cellKey) {
		native := c.seriesOf(k).native
		switch {
		case native == nil:
		case k.Chunk < 0:
			b.words = wordOf(native.zero)
		case k.Chunk < nativeChunks:
			b.words = native.chunk(k.Chunk)[:]
		}
	},
	requestBytes: func(c *core, b *bound, k cellKey) {
		s := c.seriesOfSizes(k)
		b.histogram(c, &s.sizes.request, c.sizeLadder, s, k)
	},
	responseBytes: func(c *core, b *bound, k cellKey) {
		s := c.seriesOfSizes(k)
		b.histogram(c, &s.sizes.response, c.sizeLadder, s, k)
	},
	streamDurations: func(c *core, b *bound, k cellKey) {
		s := &series{row: c.rowOf(k)}
		b.histogram(c, &s.row.streams, c.streamLadder, s, k)
	},
	panicCounts: func(c *core, b *bound, k cellKey) {
		b.words = wordOf(c.table.panicsOf(&series{row: c.rowOf(k)}))
	},
	inFlightCounts: func(c *core, b *bound, k cellKey) {
		kind := 0
		if len(c.InFlight) > 1 {
			kind = c.table.kindOf(k.Method, k.Secure)
		}
		c.useInFlight(kind)
		b.words = c.InFlight[kind].Words()[:]
	},
	streamCounts: func(c *core, b *bound, _ cellKey) { b.words = wordOf(c.Streams) },
	foldCounts: func(c *core, b *bound, k cellKey) {
		b.words, b.into = c.table.folds, byName(k.Names, c.table.foldNames())
	},
	failureCounts: func(c *core, b *bound, k cellKey) {
		b.words, b.into, b.created = c.failures, byName(k.Names, reasonNames[:]), []*int64{&c.created}
	},
	survivedCounts: func(c *core, b *bound, k cellKey) {
		b.words, b.into = c.survived, byName(k.Names, optionFuncNames[:])
	},
}

// histogram puts the words into one of a series's histograms.
func (b *bound) histogram(c *core, slot *atomic.Pointer[histogram], l *ladder, s *series, k cellKey) {
	b.words = c.table.makeHistogram(slot, l, k.What, s).words
	b.into, b.created = l.adopt(k.Bounds), []*int64{&s.row.created}
}

// byName says where words with these names go among others.
func byName(names, among []string) []int {
	into := make([]int, len(names))
	for i, name := range names {
		into[i] = slices.Index(among, name)
	}
	return into
}

// adopt says where the words of a histogram with other bounds go: the sum, and
// each bucket to the first one that holds all of it. It is nil where they are the
// same.
func (l *ladder) adopt(bounds []float64) []int {
	if slices.Equal(bounds, l.bounds) {
		return nil
	}
	into := []int{0}
	for _, b := range bounds {
		into = append(into, 1+sort.SearchFloat64s(l.bounds, b))
	}
	return append(into, 1+len(l.bounds))
}

// wordOf is a word as a stripe.
func wordOf(w *atomic.Uint64) stripe { return unsafe.Slice(w, 1) }

// rowOf is the row of a key.
func (c *core) rowOf(k cellKey) *row {
	t := c.table
	r := t.route(k.Route)
	if len(t.extras) > 0 {
		values := make([]string, len(t.extras))
		for i, l := range t.extras {
			values[i] = cleanLabel(k.Labels[l.Name])
		}
		r = t.variant(r, values)
	}
	return t.row(r, t.kindOf(k.Method, k.Secure))
}

// seriesOf is the series of a key.
func (c *core) seriesOf(k cellKey) *series {
	status := k.Status
	switch grouped := 0 < status && status < 10; {
	case grouped && !c.opts.GroupStatus:
		status *= 100 // the process that counted it groups them
	case !grouped && c.opts.GroupStatus && status > 0:
		status /= 100
	}
	return c.table.cell(c.rowOf(k), status).series
}

// seriesOfSizes is a series whose sizes are those of a key.
func (c *core) seriesOfSizes(k cellKey) *series {
	if c.table.sizesApart && k.Status != 0 {
		return c.seriesOf(k)
	}
	w := c.rowOf(k)
	return &series{row: w, sizes: &w.sizes}
}

// takeExemplars shows those of this process: any is an example of all. Series stay,
// so that there is something to do only when there are new ones.
func (s *siblings) takeExemplars() {
	own, _ := s.own.table.ordered()
	if len(own) == s.exemplified {
		return
	}
	s.exemplified = len(own)
	for _, x := range own {
		k := s.own.table.keyOf(requestDurations, x)
		s.whole.seriesOf(k).exemplars = x.exemplars
	}
}
