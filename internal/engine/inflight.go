package engine

import "sync/atomic"

// Shards is in how many places an InFlight counts.
const Shards = 8

const cacheLine = 8 // words

// InFlight is how many requests are in flight. Processors change it without waiting for
// each other.
type InFlight struct{ words atomic.Pointer[Words] }

// Words has a word in each of several cache lines.
type Words [Shards * cacheLine]atomic.Uint64

func (f *InFlight) add(hint uint32, n int64) {
	f.words.Load()[hint%Shards*cacheLine].Add(uint64(n))
}

// Words returns where it is counted, nil before Use.
func (f *InFlight) Words() *Words { return f.words.Load() }

// Use makes it count in these words.
func (f *InFlight) Use(words *Words) { f.words.Store(words) }

// Load adds the words up. What one processor began and another one ended cancels
// out.
func (f *InFlight) Load() (n int64) {
	words := f.words.Load()
	if words == nil {
		return 0
	}
	for i := range words {
		n += int64(words[i].Load())
	}
	return n
}

// enter and leave count requests in flight.
func (e *Engine) enter(x *Exchange) {
	x.flight = 0
	if len(e.InFlight) > 1 {
		x.flight = uint32(e.Kind(x.method, x.secure))
	}
	e.InFlight[x.flight].add(x.number, 1)
}

func (e *Engine) leave(x *Exchange) { e.InFlight[x.flight].add(x.number, -1) }
