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

// A store is a file of Python's format that this process writes.
type store struct {
	file   *mapped
	layout layout
	made   uint32
	used   int64
}

// newStore makes a process's file of a kind, which nobody sees before publish. Made
// tells it from others of its name.
func newStore(c *Cells, k kind, as layout, made uint32) (*store, error) {
	s := &store{layout: as, made: made, used: headerSize}
	if k.merge() == "mostrecent" {
		s.layout = wide
	}
	var err error
	if s.file, err = createMapped(k.fileOf(c.Dir(), c.ID()), headerSize); err != nil {
		return nil, err
	}
	s.setUsed()
	return s, nil
}

func (s *store) publish() error {
	if err := s.file.publish(); err != nil {
		s.file.discard()
		return err
	}
	return nil
}

// remove takes the file away.
func (s *store) remove() {
	_ = os.Remove(strings.TrimSuffix(s.file.file.Name(), temporary))
	s.file.close()
}

// setUsed says how many bytes are in use, in the first four, and which file it is.
func (s *store) setUsed() {
	wordsOf(s.file.bytes(0, headerSize))[0].Store(uint64(s.made)<<32 | uint64(s.used))
}

// A place64 is where a value is in memory, and the time at which it was set.
type place64 struct{ value, when *atomic.Uint64 }

// set writes a value, and when it has changed.
func (p place64) set(v float64, now func() time.Time) {
	bits := math.Float64bits(v)
	if p.when != nil && (p.value.Load() != bits || p.when.Load() == 0) {
		p.when.Store(math.Float64bits(float64(now().UnixNano()) / 1e9))
	}
	p.value.Store(bits)
}

// setTime makes the time that at which the value was set in another place.
func (p place64) setTime(was place64) {
	if p.when != nil && was.when != nil {
		p.when.Store(was.when.Load())
	}
}

// add puts keys and their values behind the others, all of them or none.
func (s *store) add(keys []string, values []float64, now func() time.Time) (places []place64, err error) {
	text, at := []byte(nil), make([]int64, len(keys))
	for i, key := range keys {
		text = appendKey(text, key)
		at[i] = s.used + int64(len(text))
		text = append(text, make([]byte, s.layout)...)
	}
	end := s.used + int64(len(text))
	if end > math.MaxInt32 {
		return nil, errTooLarge
	}
	if short := end - s.file.size; short > 0 {
		if err := s.file.extend(short); err != nil {
			return nil, err
		}
	}
	if _, err := s.file.file.WriteAt(text, s.used); err != nil {
		return nil, err
	}
	for i := range keys {
		// A multiple of 8, so that a word is never in two pieces.
		p := place64{value: &wordsOf(s.file.bytes(at[i], 8))[0]}
		if s.layout == wide {
			p.when = &wordsOf(s.file.bytes(at[i]+8, 8))[0]
		}
		p.set(values[i], now)
		places = append(places, p)
	}
	s.used = end
	s.setUsed() // last: nobody reads beyond it
	return places, nil
}

// pythonKey is a key as Python's json.dumps writes it.
func pythonKey(metric, sample string, labels map[string]string, help string) string {
	b := append(appendPython([]byte("["), metric), ", "...)
	b = append(appendPython(b, sample), ", {"...)
	for i, name := range slices.Sorted(maps.Keys(labels)) {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendPython(b, name), ": "...)
		b = appendPython(b, labels[name])
	}
	return string(append(appendPython(append(b, "}, "...), help), ']'))
}

// appendPython writes a string in ASCII.
func appendPython(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s { // what is not UTF-8 is U+FFFD
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

// pythonFloat is a bound as Python writes it.
func pythonFloat(v float64) string {
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".eI") {
		text += ".0"
	}
	return text
}
