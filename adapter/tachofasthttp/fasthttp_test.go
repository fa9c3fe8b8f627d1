package tachofasthttp_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachofasthttp"
	"github.com/tacho-go/tacho/schema"
)

func hello(ctx *fasthttp.RequestCtx) { ctx.SetBodyString("hello") }

// serve serves a router that build sets up, and returns its address.
func serve(t *testing.T, build func(*fasthttp.Server, *router.Router)) (address string) {
	t.Helper()
	r := router.New()
	s := &fasthttp.Server{Handler: r.Handler, Logger: quiet{}}
	build(s, r)
	service, err := adaptertest.ServeConns(s.ServeConn, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Stop)
	return strings.TrimPrefix(service.URL, "http://")
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

// TestRoutes: every kind of route has its whole template, wherever it is registered, and nothing
// else is one.
func TestRoutes(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.css"), []byte("body {}"), 0o600); err != nil {
		t.Fatal(err)
	}
	var m *tacho.Meter
	address := serve(t, func(s *fasthttp.Server, r *router.Router) {
		r.GET("/early/{id}", hello)
		m = tachofasthttp.Use(s, r, tacho.Options{})
		r.Group("/api").Group("/v1").GET("/items/{id:[0-9]+}", hello)
		r.GET("/maybe/{id?}", hello)
		r.ANY("/any/{id}", hello)
		r.GET("/any/x/y", hello)
		r.HEAD("/users/{id}", hello)
		r.GET("/users/{id}", hello)
		r.GET("/slash/", hello)
		r.Handle("BREW", "/pot", hello)
		r.ServeFiles("/static/{filepath:*}", dir)
		r.GET("/moved", func(ctx *fasthttp.RequestCtx) { ctx.Redirect("/elsewhere", fasthttp.StatusFound) })
		r.NotFound = func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(fasthttp.StatusTeapot) }
	})
	sendAll(t, address, "GET /early/1 200", "GET /api/v1/items/7 200", "GET /api/v1/items/x 418", "GET /maybe 200", "GET /maybe/1 200", "PUT /any/1 200", "GET /any/1 200",
		"GET /any/X/y 301", "HEAD /users/1 200", "GET /users/1 200", "GET /slash/ 200", "GET /slash 301", "GET /USERS/1 301", "BREW /pot 200", "GET /static/a.css 200", "GET /static/b.css 404",
		"GET /moved 302", "GET /nowhere 418", "POST /users/1 405", "OPTIONS /users/1 200", "GET /metrics 200", "HEAD /metrics 200", "OPTIONS /metrics 200")
	expectRecorded(t, m, "{GET,/any/{id},200} 1 {GET,/api/v1/items/{id:[0-9]+},200} 1 {GET,/early/{id},200} 1 {GET,/maybe/{id?},200} 2 {GET,/moved,302} 1 "+
		"{GET,/slash/,200} 1 {GET,/static/{filepath:*},200} 1 {GET,/static/{filepath:*},404} 1 {GET,/users/{id},200} 1 {GET,unmatched,301} 3 {GET,unmatched,418} 2 "+
		"{HEAD,/users/{id},200} 1 {OPTIONS,unmatched,200} 1 {OTHER,/pot,200} 1 {POST,unmatched,405} 1 {PUT,/any/{id},200} 1")
	text := exposed(t, m)
	for _, want := range []string{`method="GET",path="/early/{id}",status="500"} 0`, `method="GET",path="/api/v1/items/{id:[0-9]+}",status="400"} 0`, `method="DELETE",path="/any/{id}",status="200"} 0`, `method="GET",path="/any/{id}",status="500"} 0`} {
		if !strings.Contains(text, want) {
			t.Errorf("no line with %s", want)
		}
	}
	if strings.Contains(text, `path="/metrics"`) {
		t.Error("the endpoint is counted")
	}
}

// TestRefused: requests that fasthttp refuses are answered as without us, and counted; a connection
// without one is no request.
func TestRefused(t *testing.T) {
	var m *tacho.Meter
	build := func(measured bool) func(*fasthttp.Server, *router.Router) {
		return func(s *fasthttp.Server, r *router.Router) {
			s.MaxRequestBodySize = 10
			if measured {
				m = tachofasthttp.Use(s, r, tacho.Options{})
			}
			r.POST("/upload", hello)
			r.GET("/", hello)
		}
	}
	bare, address := serve(t, build(false)), serve(t, build(true))
	for _, request := range []string{
		"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + strings.Repeat("x", 100),
		"GET / HTTP/1.1\r\nHost: " + strings.Repeat("x", 25_000) + "\r\n\r\n",
		"not HTTP\r\n\r\n",
	} {
		want, got := answer(t, bare, request), answer(t, address, request)
		if got != want {
			t.Errorf("%.40q was answered %q, without us %q", request, got, want)
		}
	}
	dial(t, address, "").Close()
	reset := dial(t, address, "GE")
	_ = reset.(*net.TCPConn).SetLinger(0)
	reset.Close()
	sendAll(t, address, "GET / 200")
	expectRecorded(t, m, "{GET,/,200} 1 {OTHER,unmatched,400} 1 {OTHER,unmatched,431} 1 {POST,/upload,400} 1")
	await(t, m, "http_requests_in_flight 0")
}

// answer is a response but the date.
func answer(t *testing.T, address, request string) string {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(dial(t, address, request)), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Header.Del("Date")
	return fmt.Sprint(resp.Status, resp.Header, string(body))
}

// TestPanics: a panic has the status that PanicHandler sends, and is counted; one that is answered
// further inside is none.
func TestPanics(t *testing.T) {
	var m *tacho.Meter
	fails := func(*fasthttp.RequestCtx) { panic("on purpose") }
	address := serve(t, func(s *fasthttp.Server, r *router.Router) {
		m = tachofasthttp.Use(s, r, tacho.Options{})
		r.PanicHandler = func(ctx *fasthttp.RequestCtx, _ any) { ctx.Error("sorry", fasthttp.StatusBadGateway) }
		r.GET("/outside", tachofasthttp.Track(m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls."}))(fails))
		r.GET("/inside", recovering(fails))
	})
	sendAll(t, address, "GET /outside 502", "GET /inside 500", "GET /outside 502")
	expectRecorded(t, m, "{GET,/inside,500} 1 {GET,/outside,502} 2")
	await(t, m, `http_request_panics_total{method="GET",path="/outside"} 2`)
	await(t, m, `http_request_panics_total{method="GET",path="/inside"} 0`)
	await(t, m, "calls_total 2")
}

// TestPlain: without a router, a function tells the routes, or nobody does.
func TestPlain(t *testing.T) {
	m, other, unknown := tacho.MustNew(tacho.Options{}), tacho.MustNew(tacho.Options{}), tacho.MustNew(tacho.Options{})
	s := &fasthttp.Server{Handler: tachofasthttp.Middleware(m, func(ctx *fasthttp.RequestCtx) string {
		if strings.HasPrefix(string(ctx.Path()), "/users/") {
			return "/users/{id}"
		}
		return tacho.Unmatched
	})(tachofasthttp.Middleware(other, nil)(hello))}
	service, err := adaptertest.ServeConns(s.ServeConn, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Stop)
	sendAll(t, strings.TrimPrefix(service.URL, "http://"), "GET /users/1 200", "GET /x 200")
	expectRecorded(t, m, "{GET,/users/{id},200} 1 {GET,unmatched,200} 1")
	expectRecorded(t, other, "{GET,/users/{id},200} 1 {GET,unmatched,200} 1")
	alone := serve(t, func(s *fasthttp.Server, _ *router.Router) { s.Handler = tachofasthttp.Middleware(unknown, nil)(hello) })
	sendAll(t, alone, "GET /users/1 200")
	expectRecorded(t, unknown, "{GET,unknown,200} 1")
}

// TestStreams: a stream is sent as without us, with its length where it has one, and its bytes are
// counted.
func TestStreams(t *testing.T) {
	build := func(m **tacho.Meter) func(*fasthttp.Server, *router.Router) {
		return func(s *fasthttp.Server, r *router.Router) {
			if m != nil {
				*m = tachofasthttp.Use(s, r, tacho.Options{OmitRuntime: true})
			}
			stream := func(path string, body func() io.Reader, size int) {
				r.GET(path, func(ctx *fasthttp.RequestCtx) { ctx.SetBodyStream(body(), size) })
				r.HEAD(path, func(ctx *fasthttp.RequestCtx) { ctx.SetBodyStream(body(), size) })
			}
			long := strings.Repeat("0123456789", 10_000)
			stream("/sized", func() io.Reader { return strings.NewReader("12345") }, 5)
			stream("/unsized", func() io.Reader { return strings.NewReader(long) }, -1)
			stream("/limited", func() io.Reader { return io.LimitReader(strings.NewReader(long), 7) }, -1)
			stream("/empty", func() io.Reader { return strings.NewReader("") }, -1)
			r.GET("/writer", func(ctx *fasthttp.RequestCtx) {
				ctx.SetBodyStreamWriter(func(w *bufio.Writer) { _, _ = w.WriteString("12345") })
			})
		}
	}
	var m *tacho.Meter
	bare, address := serve(t, build(nil)), serve(t, build(&m))
	for _, r := range []string{"GET /sized", "GET /unsized", "GET /limited", "GET /empty", "GET /writer", "HEAD /sized", "HEAD /unsized"} {
		request := r + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
		if want, got := exchange(t, bare, request), exchange(t, address, request); got != want {
			t.Errorf("%s is answered\n%.300q, without us\n%.300q", r, got, want)
		}
	}
	for path, bytes := range map[string]int{"/sized": 5, "/unsized": 100_000, "/limited": 7, "/empty": 0, "/writer": 5} {
		await(t, m, fmt.Sprintf(`http_response_size_bytes_sum{method="GET",path=%q} %d`, path, bytes))
	}
	await(t, m, `http_response_size_bytes_sum{method="HEAD",path="/unsized"} 0`)
	await(t, m, "http_requests_in_flight 0")
}

// TestSubscriber: an event stream is in flight until the client has it all, or has left.
func TestSubscriber(t *testing.T) {
	for name, leaves := range map[string]bool{"to the end": false, "client leaves": true} {
		t.Run(name, func(t *testing.T) {
			var m *tacho.Meter
			more := make(chan bool)
			address := serve(t, func(s *fasthttp.Server, r *router.Router) {
				m = tachofasthttp.Use(s, r, tacho.Options{Labels: []tacho.Label{{Name: "topic", Func: func(r tacho.Request) string { return r.PathValue("topic") }}}})
				now := m.Gauge(tacho.MetricOptions{Name: "subscribers", Help: "Subscribers."})
				r.GET("/events/{topic}", tachofasthttp.Track(now)(func(ctx *fasthttp.RequestCtx) {
					ctx.SetContentType("text/event-stream")
					ctx.SetBodyStreamWriter(func(w *bufio.Writer) {
						for range more {
							if _, _ = w.WriteString("data: 1\n\n"); w.Flush() != nil {
								return
							}
						}
					})
				}))
				r.GET("/other/{x}", hello)
			})
			conn := dial(t, address, "GET /events/orders HTTP/1.1\r\nHost: x\r\n\r\n")
			more <- true
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			await(t, m, "http_streams_in_flight 1")
			for i := range 20 { // memory is used again
				sendAll(t, address, fmt.Sprintf("GET /other/%d%d%d 200", i, i, i))
			}
			await(t, m, "http_requests_in_flight 1")
			await(t, m, `subscribers{topic="orders"} 1`)
			if leaves {
				conn.Close()
				for strings.Contains(exposed(t, m), "http_streams_in_flight 1") {
					select {
					case more <- true:
					case <-time.After(time.Millisecond):
					}
				}
			}
			close(more)
			if body, err := io.ReadAll(resp.Body); !leaves && (err != nil || string(body) != "data: 1\n\n") {
				t.Errorf("received %q, %v", body, err)
			}
			await(t, m, `http_stream_duration_seconds_count{method="GET",path="/events/{topic}",topic="orders"} 1`)
			await(t, m, "http_requests_in_flight 0")
			await(t, m, `subscribers{topic="orders"} 0`)
		})
	}
}

// TestMemory: what is recorded is what the client sent, whatever handlers do to fasthttp's memory.
func TestMemory(t *testing.T) {
	var m *tacho.Meter
	address := serve(t, func(s *fasthttp.Server, r *router.Router) {
		m = tachofasthttp.Use(s, r, tacho.Options{OmitRuntime: true, Labels: []tacho.Label{{Name: "sent", Max: 1000, Func: tacho.Request.Path}}})
		r.GET("/users/{id}", func(ctx *fasthttp.RequestCtx) {
			ctx.Request.Header.SetMethod("PATCH")
			ctx.Request.Header.SetRequestURI("/xxxxxxxxxxxxxxxxxxxx")
			ctx.Request.URI().SetPath("/yyyyyyyyyyyyyyyyyyyy")
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
	}
	for i := range 100 {
		await(t, m, fmt.Sprintf(`http_requests_total{method="GET",path="/users/{id}",sent="/users/%03d",status="200"} 1`, i))
	}
}

// TestUploads: a body has the size that fasthttp read before the handlers, or that they read; a
// client that waits for 100 Continue gets it, or is refused.
func TestUploads(t *testing.T) {
	for name, streams := range map[string]bool{"whole": false, "streamed": true} {
		t.Run(name, func(t *testing.T) {
			var m *tacho.Meter
			address := serve(t, func(s *fasthttp.Server, r *router.Router) {
				s.StreamRequestBody = streams
				s.ContinueHandler = func(h *fasthttp.RequestHeader) bool { return h.ContentLength() < 100 }
				m = tachofasthttp.Use(s, r, tacho.Options{})
				r.POST("/body", func(ctx *fasthttp.RequestCtx) { fmt.Fprint(ctx, len(ctx.Request.Body())) })
			})
			chunks := "POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n12345\r\n3\r\n678\r\n0\r\n\r\n"
			if got := exchange(t, address, chunks); !strings.HasSuffix(got, "\r\n\r\n8") {
				t.Errorf("chunks were answered %q", got)
			}
			waiting := "POST /body HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: %d\r\n\r\nbody"
			if got := exchange(t, address, fmt.Sprintf(waiting, 4)); !strings.HasPrefix(got, "HTTP/1.1 100 Continue") || !strings.HasSuffix(got, "\r\n\r\n4") {
				t.Errorf("a body after 100 Continue was answered %q", got)
			}
			if got := answer(t, address, fmt.Sprintf(waiting, 1000)); !strings.HasPrefix(got, "417") {
				t.Errorf("a refused body was answered %q", got)
			}
			conn := dial(t, address, "")
			in := bufio.NewReader(conn)
			for range 3 { // streams and connections are used again
				_, _ = io.WriteString(conn, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")
				resp, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Fatal(err)
				}
				if body, _ := io.ReadAll(resp.Body); string(body) != "4" {
					t.Errorf("a body was answered %q", body)
				}
			}
			await(t, m, `http_request_size_bytes_sum{method="POST",path="/body"} 24`)
			await(t, m, `http_request_size_bytes_count{method="POST",path="/body"} 5`)
		})
	}
}

// TestHijacked: a connection that a handler takes over is a stream until it is closed.
func TestHijacked(t *testing.T) {
	var m *tacho.Meter
	address := serve(t, func(s *fasthttp.Server, r *router.Router) {
		m = tachofasthttp.Use(s, r, tacho.Options{OmitRuntime: true, Labels: []tacho.Label{{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }}}})
		r.GET("/socket/{id}", func(ctx *fasthttp.RequestCtx) {
			ctx.SetStatusCode(fasthttp.StatusSwitchingProtocols)
			ctx.Hijack(func(conn net.Conn) { _, _ = io.Copy(conn, conn) })
		})
	})
	conn := dial(t, address, "GET /socket/1 HTTP/1.1\r\nHost: x\r\n\r\n")
	if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != 101 {
		t.Fatal(resp, err)
	}
	await(t, m, "http_streams_in_flight 1")
	expectRecorded(t, m, "")
	conn.Close()
	await(t, m, "http_streams_in_flight 0")
	expectRecorded(t, m, "{id=1,GET,/socket/{id},101} 1")
}

// TestTimeout: a handler that is out of time is recorded with the status that was sent, and may go
// on, wherever the TimeoutHandler stands.
func TestTimeout(t *testing.T) {
	release := make(chan struct{})
	returned := make(chan struct{}, 2)
	slow := func(ctx *fasthttp.RequestCtx) {
		<-release
		ctx.SetBodyString("too late")
		returned <- struct{}{}
	}
	var m, around *tacho.Meter
	inside := serve(t, func(s *fasthttp.Server, r *router.Router) {
		m = tachofasthttp.Use(s, r, tacho.Options{})
		r.GET("/slow/{id}", fasthttp.TimeoutHandler(slow, 20*time.Millisecond, "late"))
		r.GET("/x", hello)
	})
	outside := serve(t, func(s *fasthttp.Server, r *router.Router) {
		s.Handler = fasthttp.TimeoutWithCodeHandler(r.Handler, 20*time.Millisecond, "late", fasthttp.StatusServiceUnavailable)
		around = tachofasthttp.Use(s, r, tacho.Options{})
		r.GET("/slow/{id}", tachofasthttp.Track(around.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls."}))(slow))
		r.GET("/x", hello)
	})
	sendAll(t, inside, "GET /slow/1 408")
	sendAll(t, outside, "GET /slow/1 503")
	for range 20 {
		sendAll(t, inside, "GET /x 200")
		sendAll(t, outside, "GET /x 200")
	}
	close(release)
	<-returned
	<-returned
	expectRecorded(t, m, "{GET,/slow/{id},408} 1 {GET,/x,200} 20")
	expectRecorded(t, around, "{GET,/slow/{id},503} 1 {GET,/x,200} 20")
	await(t, m, "http_requests_in_flight 0")
	await(t, around, "http_requests_in_flight 0")
}

// TestOnRoutes: metrics on routes, and routes that are left out, on a server that is measured and on
// one that is not.
func TestOnRoutes(t *testing.T) {
	for name, measured := range map[string]bool{"measured": true, "measured by nobody": false} {
		t.Run(name, func(t *testing.T) {
			m := tacho.MustNew(tacho.Options{OmitRuntime: true})
			address := serve(t, func(s *fasthttp.Server, r *router.Router) {
				r.SaveMatchedRoutePath = true
				if measured {
					s.Handler = tachofasthttp.Middleware(m, tachofasthttp.Routes(r))(r.Handler)
				}
				calls := m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{
					{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }},
					{Name: "route", Func: tacho.Request.Route},
					{Name: "status", Func: tacho.Request.StatusText},
				}})
				track, quiet, nothing := tachofasthttp.Track(calls), tachofasthttp.DoNotTrack(m), tachofasthttp.ExcludeAll(m)
				created := func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(fasthttp.StatusCreated) }
				r.GET("/tracked/{id}", track(created))
				r.GET("/quiet/{id}", quiet(track(created)))
				r.GET("/nothing/{id}", nothing(track(created)))
				r.GET("/nothing-last/{id}", track(nothing(created)))
			})
			sendAll(t, address, "GET /tracked/1 201", "GET /quiet/2 201", "GET /nothing/3 201", "GET /nothing-last/4 201")
			want := ""
			if measured {
				want = "{GET,/tracked/{id},201} 1"
			}
			expectRecorded(t, m, want)
			text, _, err := m.Render(t.Context(), "", "calls_total")
			lines := "# HELP calls_total Calls.\n# TYPE calls_total counter\n" +
				`calls_total{id="1",route="/tracked/{id}",status="201"} 1` + "\n" +
				`calls_total{id="2",route="/quiet/{id}",status="201"} 1` + "\n"
			if err != nil || string(text) != lines {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

// TestUsePanics: wrong options, and a path that is taken, are mistakes of the program.
func TestUsePanics(t *testing.T) {
	for name, opts := range map[string]tacho.Options{"taken": {}, "refused": {SeriesLimit: -1, Endpoint: tacho.Endpoint{Path: "/free"}}} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			r := router.New()
			r.GET("/metrics", hello)
			tachofasthttp.Use(new(fasthttp.Server), r, opts)
		})
	}
}

// TestAllocations: a measured request allocates nothing of its own.
func TestAllocations(t *testing.T) {
	build := func(measured bool) func(*fasthttp.RequestCtx) {
		r := router.New()
		s := &fasthttp.Server{Handler: r.Handler}
		if measured {
			tachofasthttp.Use(s, r, tacho.Options{})
		}
		r.GET("/users/{id}", hello)
		r.POST("/users/{id}", hello)
		return s.Handler
	}
	plain, measured := build(false), build(true)
	for _, c := range []struct{ method, path, body string }{{"GET", "/users/1", ""}, {"POST", "/users/1", "body"}, {"GET", "/nowhere", ""}} {
		var raw fasthttp.RequestCtx
		raw.Init(new(fasthttp.Request), nil, nil)
		raw.Request.Header.SetMethod(c.method)
		raw.Request.SetRequestURI(c.path)
		raw.Request.SetBodyString(c.body)
		raw.Request.Header.SetContentLength(len(c.body))
		once := func(h func(*fasthttp.RequestCtx)) func() {
			return func() {
				h(&raw)
				raw.Response.Reset()
			}
		}
		adaptertest.Allocations(t, c.method+" "+c.path, once(plain), once(measured))
	}
}

// A tlsConn is a connection with TLS, as fasthttp recognizes it.
type tlsConn struct{ net.Conn }

func (tlsConn) Handshake() error                     { return nil }
func (tlsConn) ConnectionState() tls.ConnectionState { return tls.ConnectionState{} }

// TestTLS: schemas with a scheme label tell TLS.
func TestTLS(t *testing.T) {
	r := router.New()
	s := &fasthttp.Server{Handler: r.Handler}
	m := tachofasthttp.Use(s, r, tacho.Options{OmitRuntime: true, Schema: schema.OTel()})
	r.GET("/users/{id}", hello)
	client, server := net.Pipe()
	t.Cleanup(func() { client.Close(); server.Close() })
	var raw fasthttp.RequestCtx
	raw.Init2(tlsConn{server}, nil, true)
	raw.Request.SetRequestURI("/users/1")
	s.Handler(&raw)
	text := httptest.NewRecorder()
	m.Metrics().ServeHTTP(text, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(text.Body.String(), `http_route="/users/{id}",url_scheme="https"`) {
		t.Errorf("exposed is\n%s", text.Body)
	}
}
