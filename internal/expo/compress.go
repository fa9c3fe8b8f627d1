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

// An Encoding is a way to compress what is sent.
type Encoding struct {
	name string
	Pool *sync.Pool // of compressors
}

// Encodings are those that we have. Of equally wanted ones the first is taken: zstd
// is faster than gzip and smaller.
var Encodings = []Encoding{
	{"zstd", &sync.Pool{New: func() any {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(128<<10))
		if err != nil {
			panic(err) // only for options that are wrong, and these are not
		}
		return &compressor{resetter: w}
	}}},
	{"gzip", &sync.Pool{New: func() any {
		w, _ := kgzip.NewWriterLevel(nil, gzip.BestSpeed)
		return &compressor{resetter: w}
	}}},
}

// A compressor is one of a pool, and what it writes to at present.
type compressor struct {
	resetter
	to struct{ io.Writer }
}

// resetter is what both kinds of writers can do.
type resetter interface {
	io.WriteCloser
	Reset(io.Writer)
}

// ChooseEncoding chooses how to compress the answer and says so in its headers; nil
// for not at all. Where a handler outside has set an encoding, it compresses.
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

// To returns what to write to, how to end it, and how to give back what it has
// taken, which is to be called in any case.
func (e *Encoding) To(w io.Writer) (out io.Writer, end func() error, release func()) {
	if e == nil {
		return w, func() error { return nil }, func() {}
	}
	c := e.Pool.Get().(*compressor)
	c.to.Writer = w
	c.Reset(&c.to)
	return c, c.Close, func() {
		c.to.Writer = nil // the pool keeps nobody's connection
		e.Pool.Put(c)
	}
}

// wanted is how much an Accept-Encoding header wants an encoding.
func wanted(header, name string) float64 {
	for entry := range strings.SplitSeq(header, ",") {
		coding, _, _ := strings.Cut(entry, ";")
		if strings.EqualFold(strings.TrimSpace(coding), name) {
			return preference(entry)
		}
	}
	return 0
}
