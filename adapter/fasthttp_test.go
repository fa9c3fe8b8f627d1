package adapter_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/schema"
)

// fastCtx stands for fasthttp.RequestCtx.
type fastCtx struct {
	context.Context
	method, path []byte
	tls          bool
	hijacked     bool
	values       []any
	in, out      fastMessage
	inHead       fastHead
	outHead      fastHead
}

func (c *fastCtx) Method() []byte            { return c.method }
func (c *fastCtx) Path() []byte              { return c.path }
func (c *fastCtx) IsTLS() bool               { return c.tls }
func (c *fastCtx) Hijacked() bool            { return c.hijacked }
func (c *fastCtx) SetUserValue(_, value any) { c.values = append(c.values, value) }
func (c *fastCtx) UserValue(any) any         { return nil }
func (c *fastCtx) RemoveUserValue(any)       {}

// end is what fasthttp does when the response has been sent.
func (c *fastCtx) end() {
	for _, v := range c.values {
		v.(io.Closer).Close()
	}
}

type fastMessage struct {
	status int
	body   string
	stream io.Reader
}

func (m *fastMessage) StatusCode() int    { return m.status }
func (m *fastMessage) IsBodyStream() bool { return m.stream != nil }
func (m *fastMessage) Body() []byte       { return []byte(m.body) }

type fastHead struct{ length int }

func (h *fastHead) Peek(key string) []byte      { return []byte("the " + key) }
func (h *fastHead) ContentType() []byte         { return []byte("text/event-stream") }
func (h *fastHead) ContentLength() int          { return h.length }
func (h *fastHead) Len() int                    { return 1 }
func (h *fastHead) SetContentLength(length int) { h.length = length }

// begin begins a request on fasthttp.
func (c *fastCtx) begin(f *adapter.FastHTTP, streams bool) {
	c.Context, c.method, c.path = context.Background(), []byte("POST"), []byte("/orders/7")
	c.out.status = 200
	parts := adapter.FastHTTPParts{Raw: c, Request: &c.in, RequestHead: &c.inHead, Response: &c.out, ResponseHead: &c.outHead}
	if streams {
		parts.RequestStream, parts.ResponseStream = &c.in.stream, &c.out.stream
	}
	f.Begin(parts)
}

// TestFastHTTP: every way in which a response on fasthttp can end, with the memory overwritten
// meanwhile.
func TestFastHTTP(t *testing.T) {
	const requests = `http_requests_total{method="POST",path="/orders/:id",status=`
	const sent, received = `http_response_size_bytes_sum{method="POST",path="/orders/:id"} `, `http_request_size_bytes_sum{method="POST",path="/orders/:id"} `
	for name, c := range map[string]struct {
		ctx       fastCtx
		noStreams bool // the fields are not found
		handler   func(*testing.T, *fastCtx, *adapter.FastHTTP)
		late      bool // recorded when it was sent
		want      []string
	}{
		"a body": {
			ctx:     fastCtx{inHead: fastHead{4}},
			handler: func(_ *testing.T, c *fastCtx, _ *adapter.FastHTTP) { c.out = fastMessage{status: 201, body: "made"} },
			want:    []string{requests + `"201"} 1`, sent + "4", received + "4"},
		},
		"chunks": {
			ctx:     fastCtx{inHead: fastHead{-1}, in: fastMessage{body: "12345"}},
			handler: func(*testing.T, *fastCtx, *adapter.FastHTTP) {},
			want:    []string{requests + `"200"} 1`, received + "5"},
		},
		"a recovered panic": {
			handler: func(_ *testing.T, c *fastCtx, f *adapter.FastHTTP) { f.Panicked, c.out.status = true, 503 },
			want:    []string{requests + `"503"} 1`, `http_request_panics_total{method="POST",path="/orders/:id"} 1`},
		},
		"a timeout": {
			handler: func(_ *testing.T, _ *fastCtx, f *adapter.FastHTTP) {
				f.TimedOut = &fastMessage{status: 408, body: "late"}
			},
			want: []string{requests + `"408"} 1`, sent + "4"},
		},
		"a stream": {
			late: true,
			handler: func(_ *testing.T, c *fastCtx, _ *adapter.FastHTTP) {
				c.out.stream, c.outHead.length = strings.NewReader("12345"), -1
			},
			want: []string{requests + `"200"} 1`, sent + "5", `http_stream_duration_seconds_count{method="POST",path="/orders/:id"} 1`},
		},
		"a stream out of reach": {
			late: true, noStreams: true,
			handler: func(_ *testing.T, c *fastCtx, _ *adapter.FastHTTP) {
				c.out.stream, c.outHead.length = strings.NewReader("12345"), 5
			},
			want: []string{requests + `"200"} 1`, sent + "5"},
		},
		"a hijacked connection": {
			late:    true,
			handler: func(_ *testing.T, c *fastCtx, _ *adapter.FastHTTP) { c.hijacked = true },
			want:    []string{requests + `"101"} 1`, `http_stream_duration_seconds_count{method="POST",path="/orders/:id"} 1`},
		},
		"a limited stream": {
			late: true,
			handler: func(_ *testing.T, c *fastCtx, _ *adapter.FastHTTP) {
				c.out.stream, c.outHead.length = io.LimitReader(strings.NewReader("12345"), 3), -1
			},
			want: []string{requests + `"200"} 1`, sent + "3"},
		},
		"an upload": {
			ctx: fastCtx{in: fastMessage{stream: strings.NewReader("12345")}, inHead: fastHead{5}},
			handler: func(t *testing.T, c *fastCtx, f *adapter.FastHTTP) {
				if _, err := io.ReadFull(c.in.stream, make([]byte, 3)); err != nil {
					t.Error(err)
				}
				f.End()
				if _, theirs := c.in.stream.(*strings.Reader); !theirs {
					t.Errorf("fasthttp's stream is %T", c.in.stream)
				}
			},
			want: []string{requests + `"200"} 1`, received + "3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := tacho.MustNew(tacho.Options{OmitRuntime: true, Status: tacho.Status{Initial: []int{}}})
			calls := m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{
				{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("ID") }},
				{Name: "agent", Func: func(r tacho.Request) string { return r.Header("Agent") }},
				{Name: "path", Func: tacho.Request.Path},
			}})
			m.RegisterDefault(calls)
			var f adapter.FastHTTP
			c.ctx.begin(&f, !c.noStreams)
			call := f.Enter(adapter.Measure(m), &f)
			copy(c.ctx.method, "xxxx")
			copy(c.ctx.path, "/xxxxxxxx")
			c.handler(t, &c.ctx, &f)
			f.SetRoute("/orders/:id")
			id := []byte("7")
			f.AddParam("id", string(id))
			f.Leave(call, &f, nil)
			if n := metertest.Total(m); (n == 0) != c.late {
				t.Errorf("%d requests are recorded after the handlers", n)
			}
			if c.late != f.Kept && f.TimedOut == nil {
				t.Errorf("Kept is %v", f.Kept)
			}
			if c.ctx.out.stream != nil {
				_, _ = io.ReadAll(c.ctx.out.stream)
			}
			c.ctx.end()
			for _, want := range append(c.want, `calls_total{agent="the Agent",id="7",path="/orders/7"} 1`, "http_requests_in_flight 0") {
				metertest.Line(t, m, want)
			}
			if name == "a limited stream" && c.ctx.outHead.length != 3 {
				t.Errorf("Content-Length is %d", c.ctx.outHead.length)
			}
		})
	}
}

// TestFastHTTPAwait: the status and the size are those that were sent in the end.
func TestFastHTTPAwait(t *testing.T) {
	m := newMeter()
	var c fastCtx
	var f adapter.FastHTTP
	c.begin(&f, true)
	measure := adapter.Measure(m)
	call := f.Enter(measure, &f)
	f.SetRoute("/x")
	if f.Await(call, &f) == nil {
		t.Error("there is nothing to wait for")
	}
	c.out.status, c.outHead.length = 409, 8
	metertest.Line(t, m, "http_requests_in_flight 1")
	c.end()
	metertest.Line(t, m, `http_requests_total{method="POST",path="/x",status="409"} 1`)
	metertest.Line(t, m, `http_response_size_bytes_sum{method="POST",path="/x"} 8`)

	marked := f.Enter(adapter.DoNotTrack(m), &f)
	if f.Await(marked, &f) != nil {
		t.Error("a mark waits")
	}
}

// TestFastHTTPS: schemas with a scheme label tell TLS, also while a request is in flight.
func TestFastHTTPS(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Schema: schema.OTel()})
	c := fastCtx{tls: true}
	var f adapter.FastHTTP
	c.begin(&f, true)
	call := f.Enter(adapter.Measure(m), &f)
	metertest.Line(t, m, `http_server_active_requests{http_request_method="POST",url_scheme="https"} 1`)
	f.SetRoute("/x")
	f.Leave(call, &f, nil)
	if text := scrape(m); !strings.Contains(text, `url_scheme="https"`) || strings.Contains(text, `http_route="/x",url_scheme="http"}`) {
		t.Errorf("exposed is\n%s", text)
	}
}
