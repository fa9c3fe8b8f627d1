package tacho

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"reflect"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/slab"
)

//go:generate go run ./internal/writerkinds -o writer_kinds.go

// observer watches one ResponseWriter without changing what it can do.
//
// The types that handlers see are in writer_kinds.go: one for each set of
// optional interfaces, all of them an observer underneath. What net/http
// offers by way of http.ResponseController (deadlines, full duplex) goes
// through Unwrap.
type observer struct {
	exchange Exchange
	writer   http.ResponseWriter
	request  *http.Request // as the handler around it received it
	has      int           // what the writer can do
	entered  string        // the pattern of a router around us

	link contextLink
}

var observers slab.Of[kind0]

// Header implements http.ResponseWriter.
func (o *observer) Header() http.Header { return o.writer.Header() }

// WriteHeader implements http.ResponseWriter.
func (o *observer) WriteHeader(status int) {
	o.writer.WriteHeader(status)
	o.exchange.WroteHeader(o.request.Context(), status)
}

// Write implements http.ResponseWriter.
func (o *observer) Write(p []byte) (int, error) {
	o.implicitHeader()
	n, err := o.writer.Write(p)
	o.wrote(int64(n), err)
	return n, err
}

// WriteString implements io.StringWriter. Every kind has it: where the
// writer has not, io.WriteString does the very same.
func (o *observer) WriteString(s string) (int, error) {
	o.implicitHeader()
	n, err := io.WriteString(o.writer, s)
	o.wrote(int64(n), err)
	return n, err
}

// Unwrap lets http.ResponseController reach the writer underneath.
func (o *observer) Unwrap() http.ResponseWriter { return o.writer }

// Exchange returns the exchange that this writer reports to.
func (o *observer) Exchange() *Exchange { return &o.exchange }

func (o *observer) implicitHeader() {
	if o.exchange.status == 0 {
		o.exchange.WroteHeader(o.request.Context(), http.StatusOK)
	}
}

func (o *observer) wrote(n int64, err error) {
	o.exchange.BytesOut += n
	if err == http.ErrHandlerTimeout {
		// http.TimeoutHandler, outside of us, has already answered.
		o.exchange.status = http.StatusServiceUnavailable
	}
}

// The optional methods. The kinds have those that the writer has.

func (o *observer) flush() { _ = o.flushError() }

func (o *observer) flushError() error {
	o.implicitHeader()
	var err error
	switch f := o.writer.(type) {
	case interface{ FlushError() error }:
		err = f.FlushError()
	case http.Flusher:
		f.Flush()
	}
	o.exchange.Flushed(o.writer.Header().Get("Content-Type"))
	return err
}

func (o *observer) hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := o.writer.(http.Hijacker).Hijack()
	if err == nil {
		o.exchange.Hijack()
	}
	return conn, rw, err
}

// readFrom keeps sendfile: io.Copy from a file does not pass through us.
func (o *observer) readFrom(src io.Reader) (int64, error) {
	o.implicitHeader()
	n, err := o.writer.(io.ReaderFrom).ReadFrom(src)
	o.wrote(n, err)
	return n, err
}

func (o *observer) push(target string, opts *http.PushOptions) error {
	return o.writer.(http.Pusher).Push(target, opts)
}

func (o *observer) closeNotify() <-chan bool {
	//lint:ignore SA1019 Gin's Context.Stream and others still ask for it.
	return o.writer.(http.CloseNotifier).CloseNotify()
}

// Bits for the optional interfaces of a writer, and for what else we want to
// know of its type.
const (
	canFlush = 1 << iota
	canHijack
	canReadFrom
	canPush
	canCloseNotify
	optionalKinds = 1 << iota / 2

	isTimeoutWriter = optionalKinds
	isUnwrapper     = optionalKinds << 1
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
	set(reflect.TypeOf(w).String() == "*http.timeoutWriter", isTimeoutWriter)
	return has
}

// abilityCache remembers what writers of a type can do: asking takes longer
// than all the rest of a request's measurement. A process sees few types.
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

// contextLink makes an exchange known to a handler further inside, however
// often the request was copied or the writer wrapped in between.
type contextLink struct {
	context.Context
	exchange *Exchange
}

type linkKey struct{}

func (l *contextLink) Value(key any) any {
	if key == (linkKey{}) {
		return l.exchange
	}
	return l.Context.Value(key)
}

// exchangeOf returns the exchange in which this writer and context already
// take part, or nil.
func exchangeOf(w http.ResponseWriter, ctx context.Context) *Exchange {
	if x, ok := ctx.Value(linkKey{}).(*Exchange); ok {
		return x
	}
	for w != nil {
		if c, ok := w.(interface{ Exchange() *Exchange }); ok {
			return c.Exchange()
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = u.Unwrap()
	}
	return nil
}
