package tacho

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	kgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/common/expfmt"
)

// negotiate chooses the format by the Accept header's preferences, and the
// escaping of names that it asks for. What has a preference of 0 is not wanted.
func negotiate(h http.Header) expfmt.Format {
	accept := h.Get("Accept")
	if strings.Contains(accept, "q=0") {
		wanted := strings.Split(accept, ",")
		kept := wanted[:0]
		for _, w := range wanted {
			if preference(w) > 0 {
				kept = append(kept, w)
			}
		}
		accept = strings.Join(kept, ",")
	}
	return expfmt.NegotiateAccept(http.Header{"Accept": {accept}}, expfmt.DefaultOpenMetricsAcceptedFormats()...)
}

// preference is the q-value of one entry of an Accept header (RFC 9110,
// section 12.4.2), 1 if it has none.
func preference(entry string) float64 {
	for _, param := range strings.Split(entry, ";")[1:] {
		if text, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
			q, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return 0
			}
			return q
		}
	}
	return 1
}

// An encoding is a way to compress what is sent.
type encoding struct {
	name string
	pool *sync.Pool
}

// The encodings that we have. Of equally wanted ones the first is taken: zstd
// is faster than gzip and smaller.
var encodings = []encoding{
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

// encoding chooses how to compress the answer and says so in its headers; nil
// for not at all. Where a handler outside has set an encoding, it compresses.
func (e *endpoint) encoding(h, asked http.Header) *encoding {
	if e.meter.opts.DisableCompression || h.Get("Content-Encoding") != "" {
		return nil
	}
	h.Add("Vary", "Accept-Encoding")
	best, at := 0.0, -1
	for i, e := range encodings {
		if q := wanted(asked.Get("Accept-Encoding"), e.name); q > best {
			best, at = q, i
		}
	}
	if at < 0 {
		return nil
	}
	h.Set("Content-Encoding", encodings[at].name)
	return &encodings[at]
}

// to returns what to write to, how to end it, and how to give back what it has
// taken, which is to be called in any case.
func (e *encoding) to(w io.Writer) (out io.Writer, end func() error, release func()) {
	if e == nil {
		return w, func() error { return nil }, func() {}
	}
	c := e.pool.Get().(*compressor)
	c.to.Writer = w
	c.Reset(&c.to)
	return c, c.Close, func() {
		c.to.Writer = nil // the pool keeps nobody's connection
		e.pool.Put(c)
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
