package engine

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"reflect"
	"sync/atomic"
)

//go:generate go run ../writerkinds -o writer_kinds.go

// handle is the ResponseWriter of a handler. The types in writer_kinds.go, one for each set of
// optional interfaces, are handles with the same memory layout. Features of http.ResponseController
// (deadlines, full duplex) go through Unwrap.
//
// A handle is never reused for another request: a handler that wrongly keeps it writes to its own
// response, as it would without tacho. The exchange to which it reports is reused; the number of
// its use tells whether the handle may still report.
type handle struct {
	writer   http.ResponseWriter
	exchange *Exchange
	use      uint64
}

// watch is the state of an exchange for the writers that report to it.
type watch struct {
	ctx     context.Context // of the request as received: handlers may replace it in place
	use     uint64          // the number of the exchange's use; see handle
	handles []kind0         // unused ones
}

// handlesAtOnce are allocated together, so that a request allocates only 32 bytes, and most
// requests nothing. The first use of an exchange gets one only: an exchange that inner handlers find
// by the context (Link) is not used again.
const handlesAtOnce = 32

// watching returns the handle for a writer.
func (x *Exchange) watching(w http.ResponseWriter) *kind0 {
	if len(x.watch.handles) == 0 {
		x.addHandles()
	}
	k := &x.watch.handles[0]
	x.watch.handles = x.watch.handles[1:]
	k.writer, k.exchange, k.use = w, x, x.watch.use
	return k
}

// addHandles is not inlined, so that watching can be.
//
//go:noinline
func (x *Exchange) addHandles() {
	n := handlesAtOnce
	if x.watch.use == 1 {
		n = 1
	}
	x.watch.handles = make([]kind0, n)
}

// Watch returns a writer that reports to the exchange, with the optional interfaces
// that w has. ctx is the server's context of the request; the first one counts.
func (x *Exchange) Watch(ctx context.Context, w http.ResponseWriter) http.ResponseWriter {
	if x.watch.ctx == nil {
		x.watch.ctx = ctx
	}
	return x.watching(w).as(abilities(w))
}

// Writes reports the status of a watched response before it is written.
func (x *Exchange) Writes(status int) {
	if x.status == 0 {
		x.WroteHeader(x.watch.ctx, status)
	}
}

// reports returns the exchange, or nil after the handler has returned.
func (h *handle) reports() *Exchange {
	if h.exchange.watch.use != h.use {
		return nil
	}
	return h.exchange
}

// Header implements http.ResponseWriter.
func (h *handle) Header() http.Header { return h.writer.Header() }

// WriteHeader implements http.ResponseWriter.
func (h *handle) WriteHeader(status int) {
	h.writer.WriteHeader(status)
	if x := h.reports(); x != nil {
		x.WroteHeader(x.watch.ctx, status)
	}
}

// Write implements http.ResponseWriter.
func (h *handle) Write(p []byte) (int, error) {
	before := h.implicitHeader()
	n, err := h.writer.Write(p)
	h.wrote(before, int64(n), err)
	return n, err
}

// WriteString implements io.StringWriter. Every type has it: if the writer does not, io.WriteString
// does the same.
func (h *handle) WriteString(s string) (int, error) {
	before := h.implicitHeader()
	n, err := io.WriteString(h.writer, s)
	h.wrote(before, int64(n), err)
	return n, err
}

// Unwrap lets http.ResponseController reach the writer underneath.
func (h *handle) Unwrap() http.ResponseWriter { return h.writer }

// Exchange returns the exchange to which this writer reports.
func (h *handle) Exchange() *Exchange { return h.reports() }

// implicitHeader reports the status of a first write, and returns how many bytes were written
// before.
func (h *handle) implicitHeader() (before int64) {
	x := h.reports()
	if x == nil {
		return 0
	}
	if x.status == 0 {
		x.WroteHeader(x.watch.ctx, http.StatusOK)
	}
	return x.BytesOut
}

// wrote counts the written bytes, unless an outer handle, to which this write was passed, reports
// to the same exchange.
func (h *handle) wrote(before, n int64, err error) {
	x := h.reports()
	if x == nil {
		return
	}
	if x.BytesOut == before {
		x.BytesOut += n
	}
	if err != nil {
		x.WriteFailed(err)
	}
}

// The optional methods. Each type has those that its writer has.

func (h *handle) flush() { _ = h.flushError() }

func (h *handle) flushError() error {
	h.implicitHeader()
	var err error
	switch f := h.writer.(type) {
	case interface{ FlushError() error }:
		err = f.FlushError()
	case http.Flusher:
		f.Flush()
	}
	if x := h.reports(); x != nil {
		x.Flushed(h.writer.Header().Get("Content-Type"))
		x.WriteFailed(err)
	}
	return err
}

func (h *handle) hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := h.writer.(http.Hijacker).Hijack()
	if x := h.reports(); x != nil && err == nil {
		x.Hijack()
	}
	return conn, rw, err
}

// readFrom keeps sendfile: io.Copy from a file does not copy through the handle.
func (h *handle) readFrom(src io.Reader) (int64, error) {
	before := h.implicitHeader()
	n, err := h.writer.(io.ReaderFrom).ReadFrom(src)
	h.wrote(before, n, err)
	return n, err
}

func (h *handle) push(target string, opts *http.PushOptions) error {
	return h.writer.(http.Pusher).Push(target, opts)
}

func (h *handle) closeNotify() <-chan bool {
	//lint:ignore SA1019 Gin's Context.Stream and others still ask for it.
	return h.writer.(http.CloseNotifier).CloseNotify()
}

// Bits for the optional interfaces and other properties of a writer's type.
const (
	canFlush = 1 << iota
	canHijack
	canReadFrom
	canPush
	canCloseNotify
	optionalKinds = 1 << iota // the number of sets of the above

	isUnwrapper = optionalKinds
	isReporter  = optionalKinds << 1 // it has Exchange
)

func abilitiesOf(w http.ResponseWriter) int {
	has := 0
	set := func(ok bool, bit int) {
		if ok {
			has |= bit
		}
	}
	_, ok := w.(http.Flusher)
	set(ok, canFlush)
	_, ok = w.(http.Hijacker)
	set(ok, canHijack)
	_, ok = w.(io.ReaderFrom)
	set(ok, canReadFrom)
	_, ok = w.(http.Pusher)
	set(ok, canPush)
	//lint:ignore SA1019 see closeNotify
	_, ok = w.(http.CloseNotifier)
	set(ok, canCloseNotify)
	_, ok = w.(interface{ Unwrap() http.ResponseWriter })
	set(ok, isUnwrapper)
	_, ok = w.(interface{ Exchange() *Exchange })
	set(ok, isReporter)
	return has
}

// abilityCache caches the abilities of writers by type: determining them takes longer than
// measuring a request. A process has few types.
var abilityCache atomic.Pointer[[]typeAbilities]

type typeAbilities struct {
	writer reflect.Type
	has    int
}

const maxCachedTypes = 16

func abilities(w http.ResponseWriter) int {
	t := reflect.TypeOf(w)
	known := abilityCache.Load()
	if known == nil {
		known = new([]typeAbilities)
	}
	for _, k := range *known {
		if k.writer == t {
			return k.has
		}
	}
	has := abilitiesOf(w)
	if len(*known) < maxCachedTypes {
		grown := append((*known)[:len(*known):len(*known)], typeAbilities{t, has})
		abilityCache.Store(&grown)
	}
	return has
}
