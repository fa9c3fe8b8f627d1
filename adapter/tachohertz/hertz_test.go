package tachohertz_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/middlewares/server/recovery"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/adaptor"
	"github.com/cloudwego/hertz/pkg/common/config"
	"github.com/cloudwego/hertz/pkg/network"
	"github.com/cloudwego/hertz/pkg/protocol/http1/resp"
	"github.com/cloudwego/hertz/pkg/protocol/sse"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachohertz"
)

func hello(_ context.Context, c *app.RequestContext) { c.String(http.StatusOK, "hello") }

// serve runs an engine that build sets up, and returns its address.
func serve(t *testing.T, build func(h *server.Hertz), opts ...config.Option) (address string) {
	t.Helper()
	h, listener := engine(opts...)
	build(h)
	t.Cleanup(run(h))
	return listener.Addr().String()
}

// dial sends bytes on a connection of its own.
func dial(t *testing.T, address, request string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err == nil {
		_, writes := io.WriteString(conn, request)
		err = errors.Join(conn.SetDeadline(time.Now().Add(10*time.Second)), writes)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// exchange is everything that is answered but the date.
func exchange(t *testing.T, address, request string) string {
	t.Helper()
	all, err := io.ReadAll(dial(t, address, request))
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(all), "Date: ")
	_, rest, _ = strings.Cut(rest, "\r\n")
	return head + rest
}

// sendAll sends requests such as "GET /path 200", with the status that they must get.
func sendAll(t *testing.T, address string, requests ...string) {
	t.Helper()
	for _, r := range requests {
		part := strings.Fields(r)
		got := exchange(t, address, part[0]+" "+part[1]+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 "+part[2]) {
			t.Errorf("%s was answered %q", r, got)
		}
	}
}

// exposed is what a scrape shows.
func exposed(t *testing.T, m *tacho.Meter) string {
	t.Helper()
	text, _, err := m.Render(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// recorded lists the request counter's lines that have requests.
func recorded(t *testing.T, m *tacho.Meter) string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(exposed(t, m)) {
		labels, ok := strings.CutPrefix(strings.TrimSpace(line), "http_requests_total")
		if ok && !strings.HasSuffix(labels, " 0") {
			lines = append(lines, strings.NewReplacer(`method=`, "", `path=`, "", `status=`, "", `"`, "").Replace(labels))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

// expectRecorded waits: a request is recorded a moment after its response.
func expectRecorded(t *testing.T, m *tacho.Meter, want string) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for recorded(t, m) != want {
		if time.Now().After(deadline) {
			t.Fatalf("recorded\n%s, want\n%s", recorded(t, m), want)
		}
		time.Sleep(time.Millisecond)
	}
}

// family is what is exposed under the name of a line.
func family(text, line string) (lines string) {
	name := line[:strings.IndexAny(line, "{ ")]
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, name) {
			lines += l
		}
	}
	return lines
}

// await waits until a scrape has a line.
func await(t *testing.T, m *tacho.Meter, line string) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !strings.Contains(exposed(t, m), "\n"+line+"\n") {
		if time.Now().After(deadline) {
			t.Fatalf("no line %s in\n%s", line, family(exposed(t, m), line))
		}
		time.Sleep(time.Millisecond)
	}
}

// TestRoutes: every kind of route has its whole template, and nothing else is one.
func TestRoutes(t *testing.T) {
	var m *tacho.Meter
	address := serve(t, func(h *server.Hertz) {
		h.GET("/early/:id", hello)
		m = tachohertz.Use(h, tacho.Options{})
		h.Group("/api", func(ctx context.Context, c *app.RequestContext) { c.Next(ctx) }).Group("/v1").GET("/items/:id", hello)
		h.GET("/files/*rest", hello)
		h.Any("/any", hello)
		h.HEAD("/users/:id", hello)
		h.GET("/users/:id", hello)
		h.OPTIONS("/*any", hello)
		h.GET("/moved", func(_ context.Context, c *app.RequestContext) { c.Redirect(http.StatusFound, []byte("/elsewhere")) })
		h.NoRoute(func(_ context.Context, c *app.RequestContext) { c.String(http.StatusTeapot, "nothing here") })
	}, server.WithHandleMethodNotAllowed(false))
	sendAll(t, address, "GET /early/1 200", "GET /api/v1/items/7 200", "GET /files/a/b.css 200", "PUT /any 200", "HEAD /users/1 200", "GET /users/1 200",
		"GET /moved 302", "GET /nowhere 418", "GET /api/v1/nowhere 418", "POST /users/1 418", "OPTIONS /users/1 200", "HEAD /metrics 200", "GET /metrics 200")
	expectRecorded(t, m, "{GET,/api/v1/items/:id,200} 1 {GET,/files/*rest,200} 1 {GET,/moved,302} 1 {GET,/users/:id,200} 1 {GET,unmatched,418} 2 "+
		"{HEAD,/users/:id,200} 1 {OPTIONS,/*any,200} 1 {POST,unmatched,418} 1 {PUT,/any,200} 1")
	text := exposed(t, m)
	if !strings.Contains(text, `method="DELETE",path="/any",status="400"} 0`) || strings.Contains(text, "/early/:id") || strings.Contains(text, `path="/metrics"`) {
		t.Errorf("exported are\n%s", text)
	}
}

// TestRefused: what Hertz answers before any middleware is counted with its tracer, and a connection
// without a request is none.
func TestRefused(t *testing.T) {
	var m *tacho.Meter
	address := serve(t, func(h *server.Hertz) {
		h.GET("/early", hello)
		m = tachohertz.Use(h, tacho.Options{})
		h.GET("/x/", hello)
		h.POST("/upload", hello)
	}, tachohertz.Refused(), server.WithMaxRequestBodySize(10), server.WithMaxHeaderBytes(20_000))
	sendAll(t, address, "GET /x/ 200", "GET /x 301", "GET /early 200")
	for request, status := range map[string]string{
		"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + strings.Repeat("x", 100): "413",
		"GET /x/ HTTP/1.1\r\nHost: " + strings.Repeat("x", 25_000) + "\r\n\r\n":                      "431",
		"not HTTP\r\n\r\n": "400",
	} {
		resp, err := http.ReadResponse(bufio.NewReader(dial(t, address, request)), nil)
		if err != nil || !strings.HasPrefix(resp.Status, status) {
			t.Errorf("%.40q was answered %v, %v; want %s", request, resp, err, status)
		}
	}
	dial(t, address, "").Close()
	keep := dial(t, address, "GET /x/ HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := http.ReadResponse(bufio.NewReader(keep), nil); err != nil {
		t.Error(err)
	}
	keep.Close()
	expectRecorded(t, m, "{GET,/x/,200} 2 {GET,unmatched,301} 1 {OTHER,unmatched,400} 1 {OTHER,unmatched,431} 1 {POST,unmatched,413} 1")
	await(t, m, "http_requests_in_flight 0")
}

// TestErrors: the status finally sent is recorded, also when a handler of errors or of panics sends it.
func TestErrors(t *testing.T) {
	var m *tacho.Meter
	address := serve(t, func(h *server.Hertz) {
		h.PanicHandler = func(_ context.Context, c *app.RequestContext) { c.String(http.StatusBadGateway, "sorry") }
		h.Use(func(ctx context.Context, c *app.RequestContext) { // around the measurement
			c.Next(ctx)
			if c.Errors.Last() != nil {
				c.String(http.StatusConflict, "conflict")
			}
		})
		m = tachohertz.Use(h, tacho.Options{})
		h.GET("/fails", func(_ context.Context, c *app.RequestContext) { _ = c.Error(io.EOF) })
		h.GET("/panics", func(context.Context, *app.RequestContext) { panic("on purpose") })
		h.GET("/recovers", recovery.Recovery(recovery.WithRecoveryHandler(func(_ context.Context, c *app.RequestContext, _ any, _ []byte) {
			c.String(http.StatusGone, "gone")
		})), func(context.Context, *app.RequestContext) { panic("on purpose") })
	})
	sendAll(t, address, "GET /fails 409", "GET /panics 502", "GET /recovers 410")
	expectRecorded(t, m, "{GET,/fails,409} 1 {GET,/panics,502} 1 {GET,/recovers,410} 1")
	await(t, m, `http_request_panics_total{method="GET",path="/panics"} 1`)
	await(t, m, `http_request_panics_total{method="GET",path="/recovers"} 0`)
	await(t, m, `http_response_size_bytes_sum{method="GET",path="/fails"} 8`)
}

// TestDefault: server.Default's recovery stands outside of nothing.
func TestDefault(t *testing.T) {
	var m *tacho.Meter
	address := serve(t, func(h *server.Hertz) {
		h.Use(recovery.Recovery()) // as server.Default does
		m = tachohertz.Use(h, tacho.Options{})
		h.GET("/panics", func(context.Context, *app.RequestContext) { panic("on purpose") })
	})
	sendAll(t, address, "GET /panics 500", "GET /panics 500")
	expectRecorded(t, m, "{GET,/panics,500} 2")
	await(t, m, `http_request_panics_total{method="GET",path="/panics"} 2`)
}

// TestStreams: every kind of stream is sent as without us, and measured to its end.
func TestStreams(t *testing.T) {
	build := func(m **tacho.Meter) func(*server.Hertz) {
		return func(h *server.Hertz) {
			if m != nil {
				*m = tachohertz.Use(h, tacho.Options{OmitRuntime: true})
			}
			stream := func(path, body string, size int) {
				h.Any(path, func(_ context.Context, c *app.RequestContext) { c.SetBodyStream(strings.NewReader(body), size) })
			}
			stream("/sized", "12345", 5)
			stream("/unsized", strings.Repeat("0123456789", 10_000), -1)
			stream("/empty", "", -1)
			h.GET("/limited", func(_ context.Context, c *app.RequestContext) {
				c.SetBodyStream(io.LimitReader(strings.NewReader("0123456789"), 7), -1)
			})
			h.GET("/events", func(_ context.Context, c *app.RequestContext) {
				w := sse.NewWriter(c)
				_ = w.WriteEvent("1", "order", []byte("book"))
				_ = w.WriteEvent("2", "order", []byte("pen"))
			})
			h.GET("/chunks", func(_ context.Context, c *app.RequestContext) {
				w := resp.NewChunkedBodyWriter(&c.Response, c.GetWriter())
				c.Response.HijackWriter(w)
				for size := range 300 { // 1, 2 and 3 digits
					_, _ = w.Write(make([]byte, size))
				}
				for _, size := range []int{15, 16, 255, 256, 4095, 4096, 65535, 65536} {
					_, _ = w.Write(make([]byte, size))
					_ = w.Flush()
				}
				c.Response.Header.Trailer().Set("Checksum", "12345")
			})
			h.GET("/nethttp", adaptor.HertzHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusAccepted)
				_, _ = io.WriteString(w, "12345")
			})))
		}
	}
	var m *tacho.Meter
	bare, address := serve(t, build(nil)), serve(t, build(&m))
	for _, r := range []string{"GET /sized", "GET /unsized", "GET /limited", "GET /empty", "HEAD /sized", "HEAD /unsized", "GET /events", "GET /chunks", "GET /nethttp"} {
		request := r + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
		if want, got := exchange(t, bare, request), exchange(t, address, request); got != want {
			t.Errorf("%s is answered\n%.300q, without us\n%.300q", r, got, want)
		}
	}
	expectRecorded(t, m, "{GET,/chunks,200} 1 {GET,/empty,200} 1 {GET,/events,200} 1 {GET,/limited,200} 1 {GET,/nethttp,202} 1 {GET,/sized,200} 1 {GET,/unsized,200} 1 {HEAD,/sized,200} 1 {HEAD,/unsized,200} 1")
	const inChunks = 299*300/2 + 15 + 16 + 255 + 256 + 4095 + 4096 + 65535 + 65536
	events := len("id: 1\nevent: order\ndata: book\n\n") + len("id: 2\nevent: order\ndata: pen\n\n")
	for path, bytes := range map[string]int{"/sized": 5, "/unsized": 100_000, "/limited": 7, "/empty": 0, "/chunks": inChunks, "/events": events} {
		await(t, m, fmt.Sprintf(`http_response_size_bytes_sum{method="GET",path=%q} %d`, path, bytes))
	}
	await(t, m, `http_response_size_bytes_sum{method="HEAD",path="/unsized"} 0`)
	await(t, m, `http_stream_duration_seconds_count{method="GET",path="/events"} 1`)
	await(t, m, "http_streams_in_flight 0")
}

// TestSubscriber: an event stream is in flight until the client leaves.
func TestSubscriber(t *testing.T) {
	var m *tacho.Meter
	more := make(chan bool)
	defer close(more)
	address := serve(t, func(h *server.Hertz) {
		m = tachohertz.Use(h, tacho.Options{})
		h.GET("/events/:topic", func(_ context.Context, c *app.RequestContext) {
			for w := sse.NewWriter(c); <-more; {
				if w.WriteEvent("", "", []byte("x")) != nil {
					return
				}
			}
		})
		h.GET("/pipe", func(_ context.Context, c *app.RequestContext) {
			r, w := io.Pipe()
			c.SetBodyStream(r, -1)
			c.Header("Content-Type", "text/event-stream")
			c.Response.ImmediateHeaderFlush = true
			go func() {
				for <-more {
					if _, err := io.WriteString(w, "data: x\n\n"); err != nil {
						return
					}
				}
			}()
		})
	})
	for _, path := range []string{"/events/orders", "/pipe"} {
		conn := dial(t, address, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		more <- true
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		await(t, m, "http_streams_in_flight 1")
		await(t, m, "http_requests_in_flight 1")
		conn.Close()
		for strings.Contains(exposed(t, m), "http_streams_in_flight 1") {
			select {
			case more <- true:
			case <-time.After(time.Millisecond):
			}
		}
	}
	await(t, m, `http_stream_duration_seconds_count{method="GET",path="/events/:topic"} 1`)
	await(t, m, `http_stream_duration_seconds_count{method="GET",path="/pipe"} 1`)
	await(t, m, "http_requests_in_flight 0")
}

// TestHijacked: a connection that a handler takes over is a stream until it is given back.
func TestHijacked(t *testing.T) {
	var m *tacho.Meter
	address := serve(t, func(h *server.Hertz) {
		calls := func(m *tacho.Meter) *tacho.Metric {
			return m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{
				{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }},
				{Name: "agent", Func: func(r tacho.Request) string { return r.Header("User-Agent") }},
			}})
		}
		m = tachohertz.Use(h, tacho.Options{})
		h.GET("/socket/:id", tachohertz.Track(calls(m)), func(_ context.Context, c *app.RequestContext) {
			c.SetStatusCode(http.StatusSwitchingProtocols)
			c.Hijack(func(conn network.Conn) { _, _ = io.Copy(conn, conn) })
		})
	})
	conn := dial(t, address, "GET /socket/7 HTTP/1.1\r\nHost: x\r\nUser-Agent: browser\r\n\r\n")
	if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != 101 {
		t.Fatal(resp, err)
	}
	await(t, m, "http_streams_in_flight 1")
	expectRecorded(t, m, "")
	conn.Close()
	await(t, m, "http_streams_in_flight 0")
	expectRecorded(t, m, "{GET,/socket/:id,101} 1")
	await(t, m, `calls_total{agent="browser",id="7"} 1`)
}

// TestMemory: what is recorded is what the client sent, whatever handlers do to Hertz's memory, and
// copies that outlive the request.
func TestMemory(t *testing.T) {
	var m *tacho.Meter
	copies := make(chan *app.RequestContext, 100)
	address := serve(t, func(h *server.Hertz) {
		m = tachohertz.Use(h, tacho.Options{OmitRuntime: true, Labels: []tacho.Label{{Name: "sent", Max: 1000, Func: tacho.Request.Path}}})
		h.GET("/users/:id", func(ctx context.Context, c *app.RequestContext) {
			copies <- c.Copy()
			c.Request.Header.SetMethod("PATCH")
			copy(c.Path(), "/yyyyyyyyyyyy")
			c.Request.SetRequestURI("/xxxxxxxxxxxxxxxxxxxx")
		})
	})
	conn := dial(t, address, "")
	in := bufio.NewReader(conn)
	for i := range 100 { // on one connection, whose memory is used again
		if _, err := fmt.Fprintf(conn, "GET /users/%03d HTTP/1.1\r\nHost: x\r\n\r\n", i); err != nil {
			t.Fatal(err)
		}
		if _, err := http.ReadResponse(in, nil); err != nil {
			t.Fatal(err)
		}
		(<-copies).Next(t.Context())
	}
	for i := range 100 {
		await(t, m, fmt.Sprintf(`http_requests_total{method="GET",path="/users/:id",sent="/users/%03d",status="200"} 1`, i))
	}
}

// TestUploads: a body has the size that Hertz read before the handlers, or that they read.
func TestUploads(t *testing.T) {
	for name, streams := range map[string]bool{"whole": false, "streamed": true} {
		t.Run(name, func(t *testing.T) {
			var m *tacho.Meter
			address := serve(t, func(h *server.Hertz) {
				m = tachohertz.Use(h, tacho.Options{})
				h.POST("/body", func(_ context.Context, c *app.RequestContext) { c.String(http.StatusOK, "%d", len(c.Request.Body())) })
				h.POST("/form", func(_ context.Context, c *app.RequestContext) { c.String(http.StatusOK, "%s", c.FormValue("a")) })
			}, server.WithStreamBody(streams))
			chunks := "POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n12345\r\n3\r\n678\r\n0\r\n\r\n"
			if got := exchange(t, address, chunks); !strings.HasSuffix(got, "\r\n\r\n8") {
				t.Errorf("chunks were answered %q", got)
			}
			const form = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n--x--\r\n"
			request := fmt.Sprintf("POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(form), form)
			if got := exchange(t, address, request); !strings.HasSuffix(got, "\r\n\r\nvalue") {
				t.Errorf("a form was answered %q", got)
			}
			await(t, m, `http_request_size_bytes_sum{method="POST",path="/body"} 8`)
			await(t, m, fmt.Sprintf(`http_request_size_bytes_sum{method="POST",path="/form"} %d`, len(form)))
			conn := dial(t, address, "")
			in := bufio.NewReader(conn)
			for range 3 {
				_, _ = io.WriteString(conn, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")
				resp, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Fatal(err)
				}
				if body, _ := io.ReadAll(resp.Body); string(body) != "4" {
					t.Errorf("a body was answered %q", body)
				}
			}
			await(t, m, `http_request_size_bytes_sum{method="POST",path="/body"} 20`)
		})
	}
}

// TestOnRoutes: metrics on routes, and routes that are left out, on an engine that is measured and on
// one that is not.
func TestOnRoutes(t *testing.T) {
	for name, measured := range map[string]bool{"measured": true, "measured by nobody": false} {
		t.Run(name, func(t *testing.T) {
			m := tacho.MustNew(tacho.Options{OmitRuntime: true})
			address := serve(t, func(h *server.Hertz) {
				if measured {
					h.Use(tachohertz.Middleware(m), tachohertz.Middleware(m))
				}
				calls := m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{
					{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }},
					{Name: "route", Func: tacho.Request.Route},
					{Name: "status", Func: tacho.Request.StatusText},
				}})
				created := func(_ context.Context, c *app.RequestContext) { c.String(http.StatusCreated, "made") }
				h.GET("/tracked/:id", tachohertz.Track(calls), created)
				h.GET("/quiet/:id", tachohertz.DoNotTrack(m), tachohertz.Track(calls), created)
				h.GET("/nothing/:id", tachohertz.ExcludeAll(m), tachohertz.Track(calls), created)
				h.GET("/nothing-last/:id", tachohertz.Track(calls), tachohertz.ExcludeAll(m), created)
			})
			sendAll(t, address, "GET /tracked/1 201", "GET /quiet/2 201", "GET /nothing/3 201", "GET /nothing-last/4 201")
			want := ""
			if measured {
				want = "{GET,/tracked/:id,201} 1"
			}
			expectRecorded(t, m, want)
			text, _, err := m.Render(t.Context(), "", "calls_total")
			lines := "# HELP calls_total Calls.\n# TYPE calls_total counter\n" +
				`calls_total{id="1",route="/tracked/:id",status="201"} 1` + "\n" +
				`calls_total{id="2",route="/quiet/:id",status="201"} 1` + "\n"
			if err != nil || string(text) != lines {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

// TestUsePanics: wrong options, and a path that is taken, are mistakes of the program.
func TestUsePanics(t *testing.T) {
	for name, c := range map[string]struct {
		path string
		opts tacho.Options
	}{
		"taken":     {"/metrics", tacho.Options{}},
		"caught":    {"/*all", tacho.Options{}},
		"elsewhere": {"/stats", tacho.Options{Endpoint: tacho.Endpoint{Path: "/stats"}}},
		"refused":   {"/x", tacho.Options{SeriesLimit: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			h := server.New(server.WithDisablePrintRoute(true))
			h.GET(c.path, hello)
			tachohertz.Use(h, c.opts)
		})
	}
}

// TestAllocations: a measured request allocates nothing of its own.
func TestAllocations(t *testing.T) {
	build := func(measured bool, opts ...config.Option) func(c *app.RequestContext) {
		h := server.New(append(opts, server.WithDisablePrintRoute(true))...)
		if measured {
			tachohertz.Use(h, tacho.Options{})
		}
		body := []byte("ok")
		h.GET("/users/:id", func(_ context.Context, c *app.RequestContext) { c.Response.SetBodyRaw(body) })
		h.POST("/users/:id", func(_ context.Context, c *app.RequestContext) { c.Response.SetBodyRaw(body) })
		return func(c *app.RequestContext) { h.ServeHTTP(context.Background(), c) }
	}
	plain, measured := build(false), build(true)
	for _, target := range []struct{ method, path, body string }{{"GET", "/users/1", ""}, {"POST", "/users/1", "body"}, {"GET", "/nowhere", ""}} {
		c := app.NewContext(1)
		once := func(serve func(*app.RequestContext)) func() {
			return func() {
				c.Request.Header.SetMethod(target.method)
				c.Request.SetRequestURI("http://x" + target.path)
				c.Request.SetBodyString(target.body)
				serve(c)
				c.ResetWithoutConn()
			}
		}
		adaptertest.Allocations(t, target.method+" "+target.path, once(plain), once(measured))
	}
}
