package engine_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
)

// Pieces of a fake ResponseWriter; each notes that it was called.
type (
	fakeBase     struct{ called *string }
	fakeFlusher  fakeBase
	fakeHijacker fakeBase
	fakeReader   fakeBase
	fakePusher   fakeBase
	fakeNotifier fakeBase
)

func (f fakeBase) Header() http.Header         { return http.Header{} }
func (f fakeBase) Write(p []byte) (int, error) { *f.called += "w"; return len(p), nil }
func (f fakeBase) WriteHeader(int)             { *f.called += "h" }
func (f fakeFlusher) Flush()                   { *f.called += "F" }
func (f fakeHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	*f.called += "H"
	return nil, nil, errors.New("not really")
}
func (f fakeReader) ReadFrom(src io.Reader) (int64, error) {
	*f.called += "R"
	return io.Copy(io.Discard, src)
}
func (f fakePusher) Push(string, *http.PushOptions) error { *f.called += "P"; return nil }
func (f fakeNotifier) CloseNotify() <-chan bool           { *f.called += "C"; return nil }

// writerWith returns a ResponseWriter with just the optional interfaces that
// the bits name.
func writerWith(bits int, called *string) http.ResponseWriter {
	b := fakeBase{called}
	f, h, r, p, c := fakeFlusher(b), fakeHijacker(b), fakeReader(b), fakePusher(b), fakeNotifier(b)
	type (
		W = http.ResponseWriter
		F = http.Flusher
		H = http.Hijacker
		R = io.ReaderFrom
		P = http.Pusher
		//lint:ignore SA1019 it has to be kept
		C = http.CloseNotifier
	)
	return [1 << 5]http.ResponseWriter{
		b, struct {
			W
			F
		}{b, f}, struct {
			W
			H
		}{b, h}, struct {
			W
			F
			H
		}{b, f, h}, struct {
			W
			R
		}{b, r}, struct {
			W
			F
			R
		}{b, f, r}, struct {
			W
			H
			R
		}{b, h, r}, struct {
			W
			F
			H
			R
		}{b, f, h, r}, struct {
			W
			P
		}{b, p}, struct {
			W
			F
			P
		}{b, f, p}, struct {
			W
			H
			P
		}{b, h, p}, struct {
			W
			F
			H
			P
		}{b, f, h, p}, struct {
			W
			R
			P
		}{b, r, p}, struct {
			W
			F
			R
			P
		}{b, f, r, p}, struct {
			W
			H
			R
			P
		}{b, h, r, p}, struct {
			W
			F
			H
			R
			P
		}{b, f, h, r, p}, struct {
			W
			C
		}{b, c}, struct {
			W
			F
			C
		}{b, f, c}, struct {
			W
			H
			C
		}{b, h, c}, struct {
			W
			F
			H
			C
		}{b, f, h, c}, struct {
			W
			R
			C
		}{b, r, c}, struct {
			W
			F
			R
			C
		}{b, f, r, c}, struct {
			W
			H
			R
			C
		}{b, h, r, c}, struct {
			W
			F
			H
			R
			C
		}{b, f, h, r, c}, struct {
			W
			P
			C
		}{b, p, c}, struct {
			W
			F
			P
			C
		}{b, f, p, c}, struct {
			W
			H
			P
			C
		}{b, h, p, c}, struct {
			W
			F
			H
			P
			C
		}{b, f, h, p, c}, struct {
			W
			R
			P
			C
		}{b, r, p, c}, struct {
			W
			F
			R
			P
			C
		}{b, f, r, p, c}, struct {
			W
			H
			R
			P
			C
		}{b, h, r, p, c}, struct {
			W
			F
			H
			R
			P
			C
		}{b, f, h, r, p, c},
	}[bits]
}

// TestWriterKeepsInterfaces: through every set of optional interfaces the
// handler sees the same set, and each method arrives.
func TestWriterKeepsInterfaces(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	if all := 1 << 5; engine.OptionalKinds != all {
		t.Fatalf("%d sets of five interfaces are told apart, want %d", engine.OptionalKinds, all)
	}
	for bits := range engine.OptionalKinds {
		t.Run(fmt.Sprintf("%05b", bits), func(t *testing.T) {
			called := ""
			under := writerWith(bits, &called)
			if got := engine.AbilitiesOf(under); got != bits {
				t.Fatalf("the fake writer can do %05b, want %05b", got, bits)
			}
			m.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if got := engine.AbilitiesOf(w) & (engine.OptionalKinds - 1); got != bits {
					t.Errorf("the handler's writer can do %05b, want %05b", got, bits)
				}
				if u := w.(interface{ Unwrap() http.ResponseWriter }).Unwrap(); u != under {
					t.Errorf("Unwrap gives %T", u)
				}
				want := useAll(w)
				if called != want {
					t.Errorf("calls that arrived: %q, want %q", called, want)
				}
			})).ServeHTTP(under, httptest.NewRequest("GET", "/", nil))
		})
	}
}

// useAll calls every optional method that the writer has, and says which.
func useAll(w http.ResponseWriter) (calls string) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
		calls += "F"
	}
	if h, ok := w.(http.Hijacker); ok {
		_, _, _ = h.Hijack()
		calls += "H"
	}
	if r, ok := w.(io.ReaderFrom); ok {
		_, _ = r.ReadFrom(strings.NewReader("x"))
		calls += "R"
	}
	if p, ok := w.(http.Pusher); ok {
		_ = p.Push("/", nil)
		calls += "P"
	}
	//lint:ignore SA1019 it has to be kept
	if c, ok := w.(http.CloseNotifier); ok {
		c.CloseNotify()
		calls += "C"
	}
	return calls
}

// TestHTTP2Pusher: over HTTP/2 the server's writer cannot hijack but can push;
// the handler sees it so. The read deadline goes through Unwrap.
func TestHTTP2(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	var has int
	var deadline error
	server := httptest.NewUnstartedServer(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		has = engine.AbilitiesOf(w)
		deadline = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Hour))
	})))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.ProtoMajor != 2 || has&engine.CanHijack != 0 || has&engine.CanFlush == 0 || has&engine.CanPush == 0 || deadline != nil {
		t.Errorf("HTTP/%d, abilities %05b, deadline: %v", resp.ProtoMajor, has, deadline)
	}
}
