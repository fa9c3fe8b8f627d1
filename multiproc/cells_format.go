package multiproc

import (
	"encoding/binary"
	"math"
	"sync/atomic"
	"unsafe"
)

// The layout of a cell file. Numbers are little-endian, like every machine that tacho supports.
//
//	offset  0  8 bytes  the magic number
//	offset  8  uint64   bytes in use, including the header
//	offset 16  uint64   cells in private memory, for example on a full disk
//	offset 24  uint64   samples of other metrics that could not be written
//	offset 32  uint64   reserved, up to offset 64
//	then entries, each at a multiple of 8:
//	           uint32   n, the length of the key; 0 for a filler of w unused words
//	           uint32   w, the number of words, and flags
//	           int64    creation time, in nanoseconds since the epoch
//	           n bytes  the key, padded with zeros to a multiple of 8
//	           w words  uint64 each
const (
	cellsHeader = 64
	cellHeader  = 16 // of an entry; a filler has its first half only

	usedAt, privateAt, unwrittenAt = 8, 16, 24

	liveFlag = 1 << 31
	maxWords = 1 << 16
	maxCells = math.MaxInt32 // bytes in use
)

var cellsMagic = []byte("tacho\x00c\x01")

// padded8 rounds a length up to a multiple of 8.
func padded8(n int) int { return (n + 7) &^ 7 }

// sizeOfCell returns the size in bytes of a cell with n words.
func sizeOfCell(key CellKey, n int) int { return cellHeader + padded8(len(key.Text)) + 8*n }

// encodeCell writes a cell into zeroed bytes and returns the bytes of its words.
func encodeCell(bytes []byte, key CellKey, n int, created int64) (words []byte) {
	flagged := uint32(n)
	if key.Live {
		flagged |= liveFlag
	}
	binary.LittleEndian.PutUint32(bytes, uint32(len(key.Text)))
	binary.LittleEndian.PutUint32(bytes[4:], flagged)
	binary.LittleEndian.PutUint64(bytes[8:], uint64(created))
	copy(bytes[cellHeader:], key.Text)
	return bytes[cellHeader+padded8(len(key.Text)):]
}

// wordsOf returns bytes, which start at a multiple of 8, as words.
func wordsOf(bytes []byte) []atomic.Uint64 {
	if len(bytes) < 8 {
		return nil
	}
	return unsafe.Slice((*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(bytes))), len(bytes)/8)
}

// A CellKey identifies a cell: cells with the same key are summed.
type CellKey struct {
	// Text is the key, in a form that its owner defines. It comes from a file, so a reader must
	// not trust it.
	Text string

	// Live cells disappear with their process. The others keep counting after it has ended.
	Live bool
}
