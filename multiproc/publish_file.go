package multiproc

import (
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf16"
)

// A valueFile is a file of Python's format that this process writes.
type valueFile struct {
	file       *mappedFile
	layout     layout
	generation uint32
	used       int64
}

// newValueFile creates the process's file of a kind. It is invisible until publish. The
// generation distinguishes it from others of the same name.
func newValueFile(c *Cells, k kind, as layout, made uint32) (*valueFile, error) {
	s := &valueFile{layout: as, generation: made, used: headerSize}
	if k.mergeMode() == "mostrecent" {
		s.layout = withTimestamp
	}
	var err error
	if s.file, err = createMapped(k.path(c.Dir(), c.ID()), headerSize); err != nil {
		return nil, err
	}
	s.setUsed()
	return s, nil
}

func (f *valueFile) publish() error {
	if err := f.file.publish(); err != nil {
		f.file.discard()
		return err
	}
	return nil
}

// remove deletes the file.
func (f *valueFile) remove() {
	_ = os.Remove(strings.TrimSuffix(f.file.file.Name(), tempSuffix))
	f.file.close()
}

// setUsed writes the header: the bytes in use and the generation.
func (f *valueFile) setUsed() {
	wordsOf(f.file.bytes(0, headerSize))[0].Store(uint64(f.generation)<<32 | uint64(f.used))
}

// valueWords are the mapped words of a value and of the time at which it was set.
type valueWords struct{ value, timestamp *atomic.Uint64 }

// set writes a value, and the time if it has changed.
func (w valueWords) set(v float64, now func() time.Time) {
	bits := math.Float64bits(v)
	if w.timestamp != nil && (w.value.Load() != bits || w.timestamp.Load() == 0) {
		w.timestamp.Store(math.Float64bits(float64(now().UnixNano()) / 1e9))
	}
	w.value.Store(bits)
}

// copyTimestamp copies the timestamp from another slot.
func (w valueWords) copyTimestamp(was valueWords) {
	if w.timestamp != nil && was.timestamp != nil {
		w.timestamp.Store(was.timestamp.Load())
	}
}

// add appends keys and their values, all of them or none.
func (f *valueFile) add(keys []string, values []float64, now func() time.Time) (words []valueWords, err error) {
	text, at := []byte(nil), make([]int64, len(keys))
	for i, key := range keys {
		text = appendKey(text, key)
		at[i] = f.used + int64(len(text))
		text = append(text, make([]byte, f.layout)...)
	}
	end := f.used + int64(len(text))
	if end > math.MaxInt32 {
		return nil, errTooLarge
	}
	if short := end - f.file.size; short > 0 {
		if err := f.file.extend(short); err != nil {
			return nil, err
		}
	}
	if _, err := f.file.file.WriteAt(text, f.used); err != nil {
		return nil, err
	}
	for i := range keys {
		// At a multiple of 8, so that no word spans two pieces.
		p := valueWords{value: &wordsOf(f.file.bytes(at[i], 8))[0]}
		if f.layout == withTimestamp {
			p.timestamp = &wordsOf(f.file.bytes(at[i]+8, 8))[0]
		}
		p.set(values[i], now)
		words = append(words, p)
	}
	f.used = end
	f.setUsed() // last: readers stop here
	return words, nil
}

// pythonKey returns a key as Python's json.dumps writes it.
func pythonKey(metric, sample string, labels map[string]string, help string) string {
	b := append(appendPythonString([]byte("["), metric), ", "...)
	b = append(appendPythonString(b, sample), ", {"...)
	for i, name := range slices.Sorted(maps.Keys(labels)) {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendPythonString(b, name), ": "...)
		b = appendPythonString(b, labels[name])
	}
	return string(append(appendPythonString(append(b, "}, "...), help), ']'))
}

// appendPythonString appends a string in ASCII.
func appendPythonString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s { // invalid UTF-8 becomes U+FFFD
		short := strings.IndexRune("\"\\\b\f\n\r\t", r)
		switch {
		case short >= 0:
			b = append(b, '\\', `"\bfnrt`[short])
		case r >= ' ' && r <= '~':
			b = append(b, byte(r))
		case r < 0x10000:
			b = appendEscape(b, r)
		default:
			high, low := utf16.EncodeRune(r)
			b = appendEscape(appendEscape(b, high), low)
		}
	}
	return append(b, '"')
}

func appendEscape(b []byte, r rune) []byte {
	digits := strconv.FormatUint(uint64(r), 16)
	return append(append(b, `\u0000`[:6-len(digits)]...), digits...)
}

// pythonFloat formats a bound as Python does.
func pythonFloat(v float64) string {
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".eI") {
		text += ".0"
	}
	return text
}
