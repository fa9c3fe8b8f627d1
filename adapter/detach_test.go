package adapter_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/metertest"
)

// A late request is one whose response is sent after its handlers have returned, as fasthttp's
// are. Its strings are overwritten then, and its stack serves the next request.
type late struct {
	memory []byte
	stack  adapter.Stack
}

func (l *late) text(s string) string {
	at := len(l.memory)
	l.memory = append(l.memory, s...)
	return unsafe.String(unsafe.SliceData(l.memory[at:]), len(s))
}

// enter enters a layer with a request for /events/7.
func (l *late) enter(layer *adapter.Layer, method string) *adapter.Call {
	return layer.Enter(context.Background(), &l.stack, l.text(method), l.text("/events/7"), lateCarrier("early"))
}

// detach is the end of the handlers.
func (l *late) detach(call *adapter.Call) *adapter.Detached {
	d := call.Detach(adapter.Outcome{Route: l.text("/events/{id}"), BytesIn: 3}, lateCarrier("late"))
	for i := range l.memory {
		l.memory[i] = 'x'
	}
	l.memory = l.memory[:0]
	return d
}

// lateCarrier is all values of a request.
type lateCarrier string

func (c lateCarrier) RequestHeader(string) string  { return string(c) }
func (c lateCarrier) ResponseHeader(string) string { return "" }
func (c lateCarrier) PathValue(string) string      { return string(c) }
func (c lateCarrier) HTTP() *http.Request          { return nil }
func (c lateCarrier) Context() context.Context     { return context.Background() }
func (c lateCarrier) Writer() http.ResponseWriter  { return nil }

// A source gives its pieces one by one, and then an error.
type source struct {
	pieces []string
	err    error
	closed int
}

func (s *source) Read(p []byte) (int, error) {
	if len(s.pieces) == 0 {
		if s.err == nil {
			panic("on purpose")
		}
		return 0, s.err
	}
	n := copy(p, s.pieces[0])
	s.pieces = s.pieces[1:]
	return n, nil
}

func (s *source) Close() error {
	s.closed++
	return os.ErrClosed
}

func newMeter() *tacho.Meter {
	return tacho.MustNew(tacho.Options{OmitRuntime: true, Status: tacho.Status{Initial: []int{}}})
}

// TestDetached: an event stream is in flight until its body is closed, and is recorded then, with
// what the request was, whatever has become of its memory; the stack serves another request
// meanwhile.
func TestDetached(t *testing.T) {
	m := newMeter()
	orders := m.Counter(tacho.MetricOptions{Name: "orders", Help: "Orders.", Labels: []tacho.Label{
		{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }},
		{Name: "path", Func: tacho.Request.Path},
		{Name: "status", Func: tacho.Request.StatusText},
	}})
	now := m.Gauge(tacho.MetricOptions{Name: "orders_now", Help: "Now."})
	measure, track := adapter.Measure(m), adapter.Track(orders, now)
	var l late
	outer := l.enter(measure, "GET")
	inner := l.enter(track, "GET")
	if d := inner.Detach(adapter.Outcome{}, nil); d != nil {
		t.Error("a call without an exchange of its own was detached")
	}
	d := l.detach(outer)
	body := d.Body(&source{pieces: []string{"data: 1\n\n", "data: 2\n\n"}, err: io.EOF}, -1, "text/event-stream")

	again := l.enter(measure, "POST")
	again.Leave(adapter.Outcome{Route: "/other"})
	metertest.Line(t, m, `http_requests_total{method="POST",path="/other",status="200"} 1`)
	metertest.Line(t, m, "http_requests_in_flight 1")
	metertest.Line(t, m, "http_streams_in_flight 0")
	if _, err := body.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	metertest.Line(t, m, "http_streams_in_flight 1")
	metertest.Line(t, m, "orders_now 1")
	if n := metertest.Total(m); n != 1 {
		t.Errorf("%d requests before the end", n)
	}
	if rest, err := io.ReadAll(body); err != nil || string(rest) != "data: 2\n\n" {
		t.Errorf("read %q, %v", rest, err)
	}
	if err := body.Close(); err != os.ErrClosed {
		t.Errorf("closing gave %v", err)
	}
	d.End() // counts once
	metertest.Line(t, m, `http_requests_total{method="GET",path="/events/{id}",status="200"} 1`)
	metertest.Line(t, m, `http_stream_duration_seconds_count{method="GET",path="/events/{id}"} 1`)
	metertest.Line(t, m, `http_response_size_bytes_sum{method="GET",path="/events/{id}"} 18`)
	metertest.Line(t, m, `http_request_size_bytes_sum{method="GET",path="/events/{id}"} 3`)
	metertest.Line(t, m, `orders_total{id="late",path="/events/7",status="200"} 1`)
	metertest.Line(t, m, "orders_now 0")
	metertest.Line(t, m, "http_requests_in_flight 0")
	metertest.Line(t, m, "http_streams_in_flight 0")
}

// TestDetachedAlone: metrics of a route that nothing measures end with the body, too.
func TestDetachedAlone(t *testing.T) {
	m := newMeter()
	orders := m.Counter(tacho.MetricOptions{Name: "orders", Help: "Orders."})
	var l late
	d := l.detach(l.enter(adapter.Track(orders), "GET"))
	metertest.Line(t, m, "orders_total 0")
	d.End()
	metertest.Line(t, m, "orders_total 1")
	if mark := l.enter(adapter.DoNotTrack(m), "GET"); mark.Detach(adapter.Outcome{}, nil) != nil {
		t.Error("a mark was detached")
	}
	if left := l.enter(adapter.Measure(m), "GET"); left == nil {
		t.Error("the mark is still there")
	}
}

// TestDetachedEnds: every way in which a body can end.
func TestDetachedEnds(t *testing.T) {
	read := func(b io.ReadCloser) { _, _ = io.ReadAll(b) }
	var noPanic, panics = 0, 1
	for name, c := range map[string]struct {
		method string
		body   *source
		use    func(io.ReadCloser)
		status int
		bytes  int
		panics int
	}{
		"whole":             {"GET", &source{pieces: []string{"12345"}, err: io.EOF}, read, 201, 5, noPanic},
		"left early":        {"GET", &source{pieces: []string{"12345", "67890"}}, func(b io.ReadCloser) { _, _ = b.Read(make([]byte, 10)) }, 201, 5, noPanic},
		"failed":            {"GET", &source{pieces: []string{"12345"}, err: io.ErrUnexpectedEOF}, read, 201, 5, noPanic},
		"HEAD":              {"HEAD", &source{pieces: []string{"12345"}}, func(io.ReadCloser) {}, 201, 0, noPanic},
		"never read":        {"GET", &source{pieces: []string{"12345"}}, func(io.ReadCloser) {}, 201, 0, noPanic},
		"panic at once":     {"GET", &source{}, read, 500, 0, panics},
		"panic in the body": {"GET", &source{pieces: []string{"12345"}}, read, 201, 5, panics},
		"written":           {"GET", &source{pieces: []string{"12345"}, err: io.EOF}, func(b io.ReadCloser) { _, _ = b.(io.WriterTo).WriteTo(io.Discard) }, 201, 5, noPanic},
		"CloseWithError": {"GET", &source{pieces: []string{"12345"}, err: io.EOF}, func(b io.ReadCloser) {
			if err := b.(interface{ CloseWithError(error) error }).CloseWithError(io.EOF); err != nil {
				t.Errorf("CloseWithError gave %v before Close", err)
			}
		}, 201, 0, noPanic},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMeter()
			var l late
			call := l.enter(adapter.Measure(m), c.method)
			body := call.Detach(adapter.Outcome{Route: "/x", Status: 201}, nil).Body(c.body, -1, "text/plain")
			func() {
				defer func() { _ = recover() }()
				c.use(body)
			}()
			_ = body.Close()
			metertest.Line(t, m, fmt.Sprintf(`http_requests_total{method=%q,path="/x",status="%d"} 1`, c.method, c.status))
			metertest.Line(t, m, fmt.Sprintf(`http_response_size_bytes_sum{method=%q,path="/x"} %d`, c.method, c.bytes))
			metertest.Line(t, m, "http_requests_in_flight 0")
			if got := metertest.TotalOf(t, m, "http_request_panics_total"); int(got) != c.panics {
				t.Errorf("%v panics, want %d", got, c.panics)
			}
			if c.body.closed != 1 {
				t.Errorf("the framework's body was closed %d times", c.body.closed)
			}
		})
	}
}

// both can be closed in both ways.
type both struct{ source }

func (b *both) CloseWithError(err error) error { return err }

// TestDetachedCloses: the result is that of the framework's body.
func TestDetachedCloses(t *testing.T) {
	var l late
	why := errors.New("why")
	for _, c := range []struct {
		reader      io.Reader
		first, then error
	}{
		{&source{err: io.EOF}, os.ErrClosed, os.ErrClosed}, // fasthttp takes the second one
		{&both{source{err: io.EOF}}, os.ErrClosed, why},
		{strings.NewReader(""), nil, nil},
	} {
		b := l.enter(adapter.Measure(newMeter()), "GET").Detach(adapter.Outcome{}, nil).Body(c.reader, 0, "")
		first := b.Close()
		then := b.(interface{ CloseWithError(error) error }).CloseWithError(why)
		if first != c.first || then != c.then {
			t.Errorf("%T: Close gave %v, CloseWithError %v", c.reader, first, then)
		}
		l = late{}
	}
}

// TestDetachedFile: a file reaches the connection by ReadFrom, and what was written before it
// comes first.
func TestDetachedFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int64{-1, 3} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		var r io.Reader = f
		want := "head content"
		if limit >= 0 {
			r, want = io.LimitReader(f, limit), "head con"
		}
		m := newMeter()
		var l late
		b := l.enter(adapter.Measure(m), "GET").Detach(adapter.Outcome{Route: "/x"}, nil).Body(r, -1, "")
		conn := new(connection)
		w := bufio.NewWriter(conn)
		_, _ = w.WriteString("head ")
		n, err := b.(io.WriterTo).WriteTo(w)
		if err != nil || int(n) != len(want)-5 || conn.String() != want || conn.files != 1 {
			t.Errorf("wrote %d, %v; the connection got %q, %d files", n, err, conn.String(), conn.files)
		}
		_ = b.Close()
		f.Close()
		metertest.Line(t, m, fmt.Sprintf(`http_response_size_bytes_sum{method="GET",path="/x"} %d`, n))
	}
}

// A connection counts the files that it is given.
type connection struct {
	strings.Builder
	files int
}

func (c *connection) ReadFrom(r io.Reader) (int64, error) {
	c.files++
	return io.Copy(&c.Builder, r)
}

// TestBodyField: the field is found, or nothing is.
func TestBodyField(t *testing.T) {
	type response struct {
		status int
		stream io.Reader
		other  io.Writer
	}
	r := response{status: 200, stream: strings.NewReader("1"), other: io.Discard}
	if field := adapter.BodyField[response]("stream")(&r); field == nil || *field != r.stream {
		t.Error("it is not found")
	}
	for _, name := range []string{"nothing", "other", "status"} {
		if adapter.BodyField[response](name)(&r) != nil {
			t.Errorf("%s is found", name)
		}
	}
}
