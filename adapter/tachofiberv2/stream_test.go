// Code generated from adapter/tachofiber/stream_test.go by TestTwins -update; DO NOT EDIT.

package tachofiberv2_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachofiberv2"
)

// listen serves an app on loopback as Listen does.
func listen(t *testing.T, app *fiber.App) (address string) {
	t.Helper()
	app.Handler() // prepares the routes
	s, err := adaptertest.ServeConns(app.Server().ServeConn, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return strings.TrimPrefix(s.URL, "http://")
}

// await waits until a scrape has a line.
func await(t *testing.T, m *tacho.Meter, line string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(exposed(t, m), "\n"+line+"\n"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			expectLine(t, m, line)
			t.FailNow()
		}
	}
}

// dial sends a request on a connection of its own.
func dial(t *testing.T, address, request string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err == nil {
		err = errors.Join(conn.SetDeadline(time.Now().Add(10*time.Second)), write(conn, request))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func write(w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}

// TestEvents: an event stream is in flight, and in its route's metrics, until it ends or its client
// leaves. What it sends is counted. Meanwhile Fiber's context serves other requests.
func TestEvents(t *testing.T) {
	for name, leaves := range map[string]bool{"ends": false, "is left": true} {
		t.Run(name, func(t *testing.T) {
			app := fiber.New()
			m := tachofiberv2.Use(app, tacho.Options{OmitRuntime: true, Labels: []tacho.Label{
				{Name: "topic", Func: func(r tacho.Request) string { return r.PathValue("topic") }},
				{Name: "agent", Func: func(r tacho.Request) string { return r.Header("User-Agent") }},
				{Name: "kind", Func: func(r tacho.Request) string { return r.ResponseHeader("Content-Type") }},
			}})
			now := m.Gauge(tacho.MetricOptions{Name: "subscribers", Help: "Subscribers."})
			took := m.Histogram(tacho.MetricOptions{Name: "subscription_seconds", Help: "Subscriptions."})
			more, ended := make(chan bool), make(chan bool)
			app.Get("/events/:topic", tachofiberv2.Track(now, took), func(c *fiber.Ctx) error {
				c.Set("Content-Type", "text/event-stream")
				return sendStreamWriter(c, func(w *bufio.Writer) {
					defer close(ended)
					for range more {
						_, _ = w.WriteString("data: 1\n\n")
						if w.Flush() != nil {
							return
						}
					}
				})
			})
			app.Get("/other/:x", hello)
			const early = `{agent="browser",kind="text/plain; charset=utf-8",topic="orders"}` // before the handler
			const subscription = `{agent="browser",kind="text/event-stream",topic="orders"}`
			address := listen(t, app)
			conn := dial(t, address, "GET /events/orders HTTP/1.1\r\nHost: x\r\nUser-Agent: browser\r\n\r\n")
			began := time.Now()
			more <- true
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			await(t, m, "http_streams_in_flight 1")
			for i := range 20 {
				sendAll(t, app, fmt.Sprintf("GET /other/%d%d%d 200", i, i, i))
			}
			expectLine(t, m, "http_requests_in_flight 1")
			expectLine(t, m, "subscribers"+early+" 1")
			if strings.Contains(exposed(t, m), `path="/events/:topic",status="200",topic="orders"`) {
				t.Error("the stream is recorded before its end")
			}
			const piece = 9
			sent := piece
			if leaves {
				conn.Close()
				for left := false; !left; {
					select {
					case more <- true:
					case <-ended:
						left = true
					}
				}
			} else {
				more <- true
				sent += piece
				close(more)
				body, err := io.ReadAll(resp.Body)
				if err != nil || string(body) != "data: 1\n\ndata: 1\n\n" {
					t.Errorf("received %q, %v", body, err)
				}
			}
			const labels = `{agent="browser",kind="text/event-stream",method="GET",path="/events/:topic",topic="orders"}`
			await(t, m, "http_stream_duration_seconds_count"+labels+" 1")
			lasted := time.Since(began).Seconds()
			// The gauges go back one after the other, after the histogram's count.
			await(t, m, "subscribers"+early+" 0")
			await(t, m, "http_streams_in_flight 0")
			await(t, m, "http_requests_in_flight 0")
			expectLine(t, m, `http_requests_total{agent="browser",kind="text/event-stream",method="GET",path="/events/:topic",status="200",topic="orders"} 1`)
			expectLine(t, m, "subscription_seconds_count"+subscription+" 1")
			if !leaves {
				expectLine(t, m, fmt.Sprintf("http_response_size_bytes_sum%s %d", labels, sent))
			}
			if life := value(t, m, "http_stream_duration_seconds_sum"+labels); life <= 0 || life > lasted {
				t.Errorf("the stream lasted %v s, at most %v s", life, lasted)
			}
			if took, life := value(t, m, "subscription_seconds_sum"+subscription), value(t, m, "http_stream_duration_seconds_sum"+labels); took < life*0.5 {
				t.Errorf("the route's histogram has %v s of %v s", took, life)
			}
		})
	}
}

// value is a sample's.
func value(t *testing.T, m *tacho.Meter, sample string) (v float64) {
	t.Helper()
	_, rest, found := strings.Cut(exposed(t, m), "\n"+sample+" ")
	if _, err := fmt.Sscan(rest, &v); !found || err != nil {
		t.Fatalf("no sample %s: %v", sample, err)
	}
	return v
}

// TestStreams: a stream is sent as it was without us, with its length where it has one, and its
// bytes are counted.
func TestStreams(t *testing.T) {
	build := func(measured bool) (app *fiber.App, m *tacho.Meter) {
		app = fiber.New()
		if measured {
			m = tachofiberv2.Use(app, tacho.Options{OmitRuntime: true})
		}
		long := strings.Repeat("0123456789", 10_000)
		app.Get("/sized", func(c *fiber.Ctx) error { return c.SendStream(strings.NewReader("12345"), 5) })
		app.Get("/unsized", func(c *fiber.Ctx) error { return c.SendStream(strings.NewReader(long)) })
		app.Get("/limited", func(c *fiber.Ctx) error { return c.SendStream(io.LimitReader(strings.NewReader(long), 7)) })
		app.Get("/empty", func(c *fiber.Ctx) error { return c.SendStream(strings.NewReader("")) })
		app.Get("/none", func(c *fiber.Ctx) error {
			c.Status(fiber.StatusNoContent)
			return c.SendStream(strings.NewReader("12345"))
		})
		app.Get("/read", func(c *fiber.Ctx) error { return c.SendStream(strings.NewReader("12345")) })
		app.Get("/replaced", func(c *fiber.Ctx) error {
			_ = c.SendStream(strings.NewReader("12345"))
			return fiber.ErrTeapot
		})
		return app, m
	}
	plain, _ := build(false)
	app, m := build(true)
	bare, address := listen(t, plain), listen(t, app)
	for _, r := range []string{"GET /sized", "GET /unsized", "GET /limited", "GET /empty", "GET /none", "GET /replaced", "HEAD /sized", "HEAD /unsized"} {
		request := r + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
		want, got := exchange(t, bare, request), exchange(t, address, request)
		if got != want {
			t.Errorf("%s is answered\n%.300q, without us\n%.300q", r, got, want)
		}
	}
	for path, bytes := range map[string]int{"/sized": 5, "/unsized": 100_000, "/limited": 7, "/empty": 0, "/none": 0, "/replaced": len("I'm a teapot")} {
		await(t, m, fmt.Sprintf(`http_response_size_bytes_sum{method="GET",path=%q} %d`, path, bytes))
	}
	await(t, m, `http_response_size_bytes_sum{method="HEAD",path="/unsized"} 0`)
	await(t, m, "http_requests_in_flight 0")
	expectRecorded(t, m, "{GET,/empty,200} 1 {GET,/limited,200} 1 {GET,/none,204} 1 {GET,/replaced,418} 1 {GET,/sized,200} 1 {GET,/unsized,200} 1 {HEAD,/sized,200} 1 {HEAD,/unsized,200} 1")
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

// TestMemory: what is recorded is what the client sent, whatever handlers do to fasthttp's memory.
func TestMemory(t *testing.T) {
	app := fiber.New()
	m := tachofiberv2.Use(app, tacho.Options{OmitRuntime: true, Labels: []tacho.Label{{Name: "sent", Max: 1000, Func: tacho.Request.Path}}})
	app.Get("/users/:id", func(c *fiber.Ctx) error {
		header := &c.Request().Header
		header.SetMethod("PATCH")
		header.SetRequestURI("/xxxxxxxxxxxxxxxxxxxx")
		c.Request().URI().SetPath("/yyyyyyyyyyyyyyyyyyyy")
		return nil
	})
	address := listen(t, app)
	conn := dial(t, address, "")
	in := bufio.NewReader(conn)
	for i := range 100 { // on one connection, whose memory is used again
		if err := write(conn, fmt.Sprintf("GET /users/%03d HTTP/1.1\r\nHost: x\r\n\r\n", i)); err != nil {
			t.Fatal(err)
		}
		if _, err := http.ReadResponse(in, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		await(t, m, fmt.Sprintf(`http_requests_total{method="GET",path="/users/:id",sent="/users/%03d",status="200"} 1`, i))
	}
}

// TestRefused: requests that fasthttp refuses are counted with the status that was sent; a
// connection without one is no request.
func TestRefused(t *testing.T) {
	app := fiber.New(fiber.Config{BodyLimit: 10})
	m := tachofiberv2.Use(app, tacho.Options{})
	app.Post("/upload", hello)
	app.Get("/", hello)
	address := listen(t, app)
	for _, c := range []struct{ request, status string }{
		{"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + strings.Repeat("x", 100), "413"},
		{"GET / HTTP/1.1\r\nHost: " + strings.Repeat("x", 25_000) + "\r\n\r\n", "431"},
		{"not HTTP\r\n\r\n", "400"},
	} {
		resp, err := http.ReadResponse(bufio.NewReader(dial(t, address, c.request)), nil)
		if err != nil || !strings.HasPrefix(resp.Status, c.status) {
			t.Errorf("%.40q was answered %v, %v; want %s", c.request, resp, err, c.status)
		}
	}
	dial(t, address, "").Close()
	reset := dial(t, address, "GE")
	_ = reset.(*net.TCPConn).SetLinger(0)
	reset.Close()
	sendAll(t, app, "GET / 200")
	await(t, m, `http_requests_total{method="OTHER",path="unmatched",status="400"} 1`)
	expectRecorded(t, m, "{GET,/,200} 1 {OTHER,unmatched,400} 1 {OTHER,unmatched,431} 1 {POST,/upload,413} 1")
	await(t, m, "http_requests_in_flight 0")
}

// TestUploads: a body has the size that fasthttp read before the handlers, or that they read.
func TestUploads(t *testing.T) {
	for name, config := range map[string]fiber.Config{"whole": {}, "streamed": {StreamRequestBody: true}} {
		t.Run(name, func(t *testing.T) {
			app := fiber.New(config)
			m := tachofiberv2.Use(app, tacho.Options{})
			app.Post("/body", func(c *fiber.Ctx) error { return c.SendString(fmt.Sprint(len(c.Body()))) })
			app.Post("/form", func(c *fiber.Ctx) error {
				form, err := c.MultipartForm()
				if err != nil {
					return err
				}
				return c.SendString(form.Value["a"][0])
			})
			address := listen(t, app)
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
			for range 2 { // streams and connections are used again
				conn := dial(t, address, "")
				in := bufio.NewReader(conn)
				for range 3 {
					if err := write(conn, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"); err != nil {
						t.Fatal(err)
					}
					resp, err := http.ReadResponse(in, nil)
					if err != nil {
						t.Fatal(err)
					}
					if body, _ := io.ReadAll(resp.Body); string(body) != "4" {
						t.Errorf("a body was answered %q", body)
					}
				}
			}
			await(t, m, `http_request_size_bytes_sum{method="POST",path="/body"} 32`)
		})
	}
}

// TestHijacked: a connection that a handler takes over is a stream until it is closed.
func TestHijacked(t *testing.T) {
	app := fiber.New()
	m := tachofiberv2.Use(app, tacho.Options{})
	app.Get("/socket/:id", func(c *fiber.Ctx) error {
		c.Status(fiber.StatusSwitchingProtocols)
		rawOf(c).Hijack(func(conn net.Conn) { _, _ = io.Copy(conn, conn) })
		return nil
	})
	address := listen(t, app)
	conn := dial(t, address, "GET /socket/1 HTTP/1.1\r\nHost: x\r\n\r\n")
	if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != 101 {
		t.Fatal(resp, err)
	}
	await(t, m, "http_streams_in_flight 1")
	expectRecorded(t, m, "")
	conn.Close()
	await(t, m, "http_streams_in_flight 0")
	expectRecorded(t, m, "{GET,/socket/:id,101} 1")
}

// TestMethods: a method that Fiber does not know is answered before any middleware, and counted.
func TestMethods(t *testing.T) {
	app := fiber.New()
	m := tachofiberv2.Use(app, tacho.Options{})
	app.Get("/x", hello)
	if got := exchange(t, listen(t, app), "BREW /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 "+unknownMethod) {
		t.Errorf("answered %q", got)
	}
	await(t, m, `http_requests_total{method="OTHER",path="unmatched",status="`+unknownMethod+`"} 1`)
}

// TestAllocations: a measured request allocates nothing of its own.
func TestAllocations(t *testing.T) {
	build := func(measured bool) func(*fasthttp.RequestCtx) {
		app := fiber.New()
		if measured {
			tachofiberv2.Use(app, tacho.Options{})
		}
		app.Get("/users/:id", hello)
		app.Post("/users/:id", hello)
		app.Get("/fails", func(*fiber.Ctx) error { return fiber.ErrTeapot })
		app.Use("/guarded", func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusUnauthorized) })
		app.Get("/guarded/:id", hello)
		app.Handler()
		return app.Server().Handler
	}
	plain, measured := build(false), build(true)
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/users/1", ""}, {"POST", "/users/1", "body"}, {"GET", "/nowhere", ""}, {"GET", "/fails", ""}, {"GET", "/guarded/1", ""},
	} {
		var raw fasthttp.RequestCtx
		raw.Init(new(fasthttp.Request), nil, nil)
		raw.Request.Header.SetMethod(c.method)
		raw.Request.SetRequestURI(c.path)
		raw.Request.SetBodyString(c.body)
		raw.Request.Header.SetContentLength(len(c.body))
		serve := func(h func(*fasthttp.RequestCtx)) func() {
			return func() {
				h(&raw)
				raw.Response.Reset()
			}
		}
		adaptertest.Allocations(t, c.method+" "+c.path, serve(plain), serve(measured))
	}
}

// TestLate: a route that is registered while the app serves is counted as soon as Fiber has it.
func TestLate(t *testing.T) {
	app := fiber.New()
	m := tachofiberv2.Use(app, tacho.Options{})
	app.Get("/x", hello)
	sendAll(t, app, "GET /x 200", "GET /late/1 404")
	app.Get("/late/:id", hello)
	rebuild(app)
	sendAll(t, app, "GET /late/1 200")
	expectRecorded(t, m, "{GET,/late/:id,200} 1 {GET,/x,200} 1 {GET,unmatched,404} 1")
}
