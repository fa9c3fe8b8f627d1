package expo

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync"

	kgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// An Encoding is a way to compress responses.
type Encoding struct {
	name string
	Pool *sync.Pool // of compressors
}

// Encodings are the supported ones, in order of preference: zstd is faster than gzip and compresses
// better.
var Encodings = []Encoding{
	{"zstd", &sync.Pool{New: func() any {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(128<<10))
		if err != nil {
			panic(err) // only for invalid options, and these are valid
		}
		return &compressor{resetter: w}
	}}},
	{"gzip", &sync.Pool{New: func() any {
		w, _ := kgzip.NewWriterLevel(nil, gzip.BestSpeed)
		return &compressor{resetter: w}
	}}},
}

// A compressor is an element of a pool, with its present output.
type compressor struct {
	resetter
	to struct{ io.Writer }
}

// resetter is implemented by both compressors.
type resetter interface {
	io.WriteCloser
	Reset(io.Writer)
}

// ChooseEncoding chooses the compression of the response and sets its headers; nil means none. If
// an outer handler has set an encoding, that handler compresses.
func ChooseEncoding(h, asked http.Header) *Encoding {
	if h.Get("Content-Encoding") != "" {
		return nil
	}
	h.Add("Vary", "Accept-Encoding")
	best, at := 0.0, -1
	for i, e := range Encodings {
		if q := wanted(asked.Get("Accept-Encoding"), e.name); q > best {
			best, at = q, i
		}
	}
	if at < 0 {
		return nil
	}
	h.Set("Content-Encoding", Encodings[at].name)
	return &Encodings[at]
}

// To returns the writer to use, a function that ends it, and one that returns its memory, which
// must be called in any case.
func (e *Encoding) To(w io.Writer) (out io.Writer, end func() error, release func()) {
	if e == nil {
		return w, func() error { return nil }, func() {}
	}
	c := e.Pool.Get().(*compressor)
	c.to.Writer = w
	c.Reset(&c.to)
	return c, c.Close, func() {
		c.to.Writer = nil // the pool must not keep the connection alive
		e.Pool.Put(c)
	}
}

// wanted returns the preference of an encoding in an Accept-Encoding header.
func wanted(header, name string) float64 {
	for entry := range strings.SplitSeq(header, ",") {
		coding, _, _ := strings.Cut(entry, ";")
		if strings.EqualFold(strings.TrimSpace(coding), name) {
			return preference(entry)
		}
	}
	return 0
}
