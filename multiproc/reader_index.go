package multiproc

import "hash/maphash"

// A hash identifies a text. Collisions of 128 bits practically do not occur, and without the
// seeds nobody can provoke one. So texts need not be stored: keys are the largest part of the
// files.
type hash [2]uint64

// A hasher makes hashes with seeds of its own in each process.
type hasher [2]maphash.Seed

func newHasher() hasher { return hasher{maphash.MakeSeed(), maphash.MakeSeed()} }

func (h *hasher) of(text []byte) hash {
	return hash{maphash.Bytes(h[0], text), maphash.Bytes(h[1], text)}
}

// An index finds numbers, from 1 on, by the hashes of what they identify. It is a table with
// open addressing: a map would take several times the memory.
type index struct {
	slots  []int32 // 0 is free
	n      int
	hashOf func(number int32) hash
}

// find returns the number with a hash, or 0.
func (x *index) find(h hash) int32 {
	if len(x.slots) == 0 {
		return 0
	}
	return x.slots[x.slot(h)]
}

// slot returns the slot for a hash, used or free.
func (x *index) slot(h hash) uint64 {
	mask := uint64(len(x.slots) - 1)
	at := h[0] & mask
	for x.slots[at] != 0 && x.hashOf(x.slots[at]) != h {
		at = (at + 1) & mask
	}
	return at
}

// add adds a new number.
func (x *index) add(number int32) {
	if 4*(x.n+1) > 3*len(x.slots) {
		x.grow(max(64, 2*len(x.slots)))
	}
	x.slots[x.slot(x.hashOf(number))] = number
	x.n++
}

func (x *index) grow(size int) {
	before := x.slots
	x.slots = make([]int32, size)
	for _, number := range before {
		if number != 0 {
			x.slots[x.slot(x.hashOf(number))] = number
		}
	}
}
