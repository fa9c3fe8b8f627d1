// Code generated from adapter/tachofiber/fiber_test.go by TestTwins -update; DO NOT EDIT.

package tachofiberv2_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	fiberrecover "github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachofiberv2"
)

func hello(c *fiber.Ctx) error { return c.SendString("hello") }

// send sends a request to an app and reads the response.
func send(t *testing.T, app *fiber.App, method, target string) (status int, body string) {
	t.Helper()
	resp, err := app.Test(httptest.NewRequest(method, target, nil))
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return resp.StatusCode, string(all)
}

// sendAll sends requests such as "GET /path 200", with the status that they must get.
func sendAll(t *testing.T, app *fiber.App, requests ...string) {
	t.Helper()
	for _, r := range requests {
		part := strings.Fields(r)
		if status, body := send(t, app, part[0], part[1]); fmt.Sprint(status) != part[2] {
			t.Errorf("%s was answered %d %q", r, status, body)
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

func expectRecorded(t *testing.T, m *tacho.Meter, want string) {
	t.Helper()
	if got := recorded(t, m); got != want {
		t.Errorf("recorded\n%s, want\n%s", got, want)
	}
}

func expectLine(t *testing.T, m *tacho.Meter, want string) {
	t.Helper()
	if text := exposed(t, m); !strings.Contains(text, "\n"+want+"\n") {
		name, _, _ := strings.Cut(want, "{")
		var have []string
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, name) {
				have = append(have, line)
			}
		}
		t.Errorf("no line %s in\n%s", want, strings.Join(have, ""))
	}
}

// TestRoutes: every kind of route has its whole template, wherever it is registered, and nothing
// else is one.
func TestRoutes(t *testing.T) {
	app := fiber.New()
	app.Get("/early/:id", hello)
	before := fiber.New()
	before.Get("/in/:id", hello)
	mount(app, "/before", before)
	m := tachofiberv2.Use(app, tacho.Options{})
	after, inner := fiber.New(), fiber.New()
	inner.Get("/deep/:id", hello)
	after.Get("/", hello)
	mount(after, "/inner", inner)
	mount(app, "/after/:tenant", after)
	api := app.Group("/api", func(c *fiber.Ctx) error { return c.Next() })
	api.Group("/v1").Get("/items/:id", hello)
	app.Route("/block", func(r fiber.Router) { r.Get("/x", hello) })
	app.Get("/files/*", hello)
	app.Get("/more/+", hello)
	app.Get("/maybe/:id?", hello)
	app.Get("/flights/:from-:to", hello)
	app.All("/all", hello)
	app.Use("/prefix", func(c *fiber.Ctx) error {
		if c.Path() == "/prefix/answers" {
			return c.SendString("by a middleware")
		}
		return c.Next()
	})
	sendAll(t, app,
		"GET /early/1 200", "GET /before/in/1 200", "GET /after/acme 404", "GET /after/acme/inner/deep/7 200", "GET /api/v1/items/7 200",
		"GET /block/x 200", "GET /files/a/b.css 200", "GET /files/ 200", "GET /more/a/b 200", "GET /maybe 200", "GET /maybe/1 200",
		"GET /flights/a-b 200", "PUT /all 200", "HEAD /early/1 200", "GET /prefix/answers 200",
		"GET /nowhere 404", "GET /api/v1/nowhere 404", "GET /prefix/nowhere 404", "GET /more/ 404", "GET /after/acme/inner/nowhere 404", "POST /early/1 405",
	)
	expectRecorded(t, m, "{GET,/after/:tenant/inner/deep/:id,200} 1 {GET,/api/v1/items/:id,200} 1 "+
		"{GET,/before/in/:id,200} 1 {GET,/block/x,200} 1 {GET,/early/:id,200} 1 {GET,/files/*,200} 2 {GET,/flights/:from-:to,200} 1 "+
		"{GET,/maybe/:id?,200} 2 {GET,/more/+,200} 1 {GET,unmatched,200} 1 {GET,unmatched,404} 6 {HEAD,/early/:id,200} 1 {POST,unmatched,405} 1 {PUT,/all,200} 1")
	text := exposed(t, m)
	for _, want := range []string{`method="GET",path="/after/:tenant/inner/deep/:id",status="500"} 0`, `method="GET",path="/early/:id",status="500"} 0`, `method="DELETE",path="/all",status="400"} 0`} {
		if !strings.Contains(text, want) {
			t.Errorf("no line with %s", want)
		}
	}
	for _, absent := range []string{`path="/metrics"`, `path="/prefix"`, `path="/"`, `method="HEAD",path="/files/*"`, `path="/api"`} {
		if strings.Contains(text, absent) {
			t.Errorf("%s is exported", absent)
		}
	}
}

// TestGuards: a middleware that answers in place of a route leaves it its route; labels have the
// values of parameters where the route was reached.
func TestGuards(t *testing.T) {
	app := fiber.New()
	m := tachofiberv2.Use(app, tacho.Options{OmitRuntime: true, Labels: []tacho.Label{{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }}}})
	app.Use(func(c *fiber.Ctx) error {
		if c.Get("Authorization") == "" && c.Query("in") == "" {
			return c.SendStatus(fiber.StatusUnauthorized)
		}
		return c.Next()
	})
	app.Get("/users/:id", func(c *fiber.Ctx) error {
		if c.Params("id") == "2" {
			return fiber.ErrForbidden
		}
		return c.Next()
	}, hello)
	app.Get("/passes/:id", func(c *fiber.Ctx) error {
		c.Status(fiber.StatusAccepted)
		return c.Next()
	})
	app.Use(func(c *fiber.Ctx) error {
		if c.Response().StatusCode() == fiber.StatusAccepted {
			return nil
		}
		return c.Status(fiber.StatusNotFound).SendString("nothing here")
	})
	sendAll(t, app, "GET /users/1 401", "GET /nowhere 401", "GET /users/1?in=1 200", "GET /users/2?in=1 403", "GET /nowhere?in=1 404", "GET /passes/1?in=1 202")
	expectRecorded(t, m, "{id=,GET,/passes/:id,202} 1 {id=,GET,/users/:id,401} 1 {id=,GET,unmatched,401} 1 {id=,GET,unmatched,404} 1 {id=1,GET,/users/:id,200} 1 {id=2,GET,/users/:id,403} 1")
}

// TestDispatchedAgain: one request is one count, at the route that answered.
func TestDispatchedAgain(t *testing.T) {
	app := fiber.New()
	m := tachofiberv2.Use(app, tacho.Options{})
	to := func(path string) fiber.Handler {
		return func(c *fiber.Ctx) error {
			c.Path(path)
			return c.RestartRouting()
		}
	}
	app.Get("/old", to("/new/1"))
	app.Get("/twice", to("/old"))
	app.Get("/lost", to("/nowhere"))
	app.Get("/new/:id", hello)
	app.Get("/moved", redirect)
	sendAll(t, app, "GET /old 200", "GET /twice 200", "GET /lost 404", "GET /moved 302")
	expectRecorded(t, m, "{GET,/moved,302} 1 {GET,/new/:id,200} 2 {GET,unmatched,404} 1")
}

// TestErrorHandlers: the status is what the error handler sends.
func TestErrorHandlers(t *testing.T) {
	own := errors.New("one of our own")
	app := fiber.New(fiber.Config{ErrorHandler: func(c *fiber.Ctx, err error) error {
		if errors.Is(err, own) {
			return c.Status(fiber.StatusConflict).SendString("conflict")
		}
		return fiber.DefaultErrorHandler(c, err)
	}})
	app.Use(func(c *fiber.Ctx) error { // around the measurement
		err := c.Next()
		if err != nil && err.Error() == "mapped" {
			return c.SendStatus(fiber.StatusGone)
		}
		return err
	})
	m := tachofiberv2.Use(app, tacho.Options{})
	failing := func(err error) fiber.Handler { return func(*fiber.Ctx) error { return err } }
	app.Get("/own", failing(own))
	app.Get("/teapot", failing(fiber.NewError(fiber.StatusTeapot)))
	app.Get("/plain", failing(io.EOF))
	app.Get("/mapped", failing(errors.New("mapped")))
	app.Get("/half", func(c *fiber.Ctx) error {
		_ = c.Status(fiber.StatusAccepted).SendString("half of the body")
		return own
	})
	sub := fiber.New(fiber.Config{ErrorHandler: func(c *fiber.Ctx, err error) error { return c.SendStatus(fiber.StatusBadGateway) }})
	sub.Get("/own", failing(own))
	mount(app, "/sub", sub)
	broken := fiber.New(fiber.Config{ErrorHandler: func(*fiber.Ctx, error) error { return io.EOF }})
	broken.Get("/own", failing(own))
	mount(app, "/broken", broken)
	sendAll(t, app, "GET /own 409", "GET /teapot 418", "GET /plain 500", "GET /mapped 410", "GET /half 409", "GET /sub/own 502", "GET /sub/nowhere 502", "GET /broken/own 500")
	expectRecorded(t, m, "{GET,/broken/own,500} 1 {GET,/half,409} 1 {GET,/mapped,410} 1 {GET,/own,409} 1 {GET,/plain,500} 1 {GET,/sub/own,502} 1 {GET,/teapot,418} 1 {GET,unmatched,502} 1")
	expectLine(t, m, "http_requests_in_flight 0")
	expectLine(t, m, `http_response_size_bytes_sum{method="GET",path="/half"} 8`)
}

// TestMiddleware: set up by hand on a group only the group's requests are recorded, with the status
// that is sent and without a change of what middlewares around see; two of the same Meter count once.
func TestMiddleware(t *testing.T) {
	m, other := tacho.MustNew(tacho.Options{}), tacho.MustNew(tacho.Options{})
	app := fiber.New(fiber.Config{ErrorHandler: func(c *fiber.Ctx, err error) error { return c.Status(fiber.StatusConflict).SendString("conflict") }})
	var seen error
	app.Use(func(c *fiber.Ctx) error {
		seen = c.Next()
		return seen
	})
	pass := func(c *fiber.Ctx) error { return c.Next() }
	api := app.Group("/api", tachofiberv2.Middleware(m), pass, tachofiberv2.Middleware(other), tachofiberv2.Middleware(m))
	api.Get("/x/:id", hello)
	api.Get("/fails/:id", func(*fiber.Ctx) error { return io.EOF })
	api.Get("/tracked", tachofiberv2.Track(m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{{Name: "status", Func: tacho.Request.StatusText}}})),
		func(*fiber.Ctx) error { return io.EOF })
	app.Get("/y", hello)
	sendAll(t, app, "GET /api/x/1 200", "GET /y 200", "GET /api/fails/1 409", "GET /api/tracked 409", "GET /api/nowhere 409")
	if seen == nil {
		t.Error("the error did not reach the middleware around")
	}
	const want = "{GET,/api/fails/:id,409} 1 {GET,/api/tracked,409} 1 {GET,/api/x/:id,200} 1 {GET,unmatched,409} 1"
	expectRecorded(t, m, want)
	expectRecorded(t, other, want)
	expectLine(t, m, `calls_total{status="409"} 1`)
	for _, of := range []*tacho.Meter{m, other} {
		expectLine(t, of, "http_requests_in_flight 0")
		expectLine(t, of, `http_response_size_bytes_sum{method="GET",path="/api/fails/:id"} 8`)
	}
}

// TestBehindNetHTTP: in an adaptor, nothing tells when a response has been sent.
func TestBehindNetHTTP(t *testing.T) {
	app := fiber.New(fiber.Config{ErrorHandler: func(c *fiber.Ctx, err error) error { return c.SendStatus(fiber.StatusConflict) }})
	m := tachofiberv2.Use(app, tacho.Options{})
	app.Get("/x", hello)
	app.Get("/fails", func(*fiber.Ctx) error { return io.EOF })
	app.Get("/stream", func(c *fiber.Ctx) error { return c.SendStream(strings.NewReader("12345")) })
	h := adaptor.FiberApp(app)
	for range 3 { // contexts are used again
		for path, want := range map[string]int{"/x": 200, "/fails": 409, "/nowhere": 409, "/stream": 200} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			if w.Code != want {
				t.Errorf("%s was answered %d", path, w.Code)
			}
		}
	}
	if got := recorded(t, m); !strings.Contains(got, "{GET,/fails,409} 3 {GET,/stream,200} ") || !strings.Contains(got, "{GET,/x,200} 3 {GET,unmatched,409} 3") {
		t.Errorf("recorded %s", got)
	}
}

// TestMounted: Use on a mounted app measures the requests of that one.
func TestMounted(t *testing.T) {
	app, sub := fiber.New(), fiber.New(fiber.Config{ErrorHandler: func(c *fiber.Ctx, err error) error { return c.SendStatus(fiber.StatusConflict) }})
	m := tachofiberv2.Use(sub, tacho.Options{})
	sub.Get("/x", hello)
	sub.Get("/fails", func(*fiber.Ctx) error { return io.EOF })
	mount(app, "/sub", sub)
	app.Get("/y", hello)
	sendAll(t, app, "GET /sub/x 200", "GET /sub/fails 409", "GET /y 200", "GET /sub/metrics 200")
	expectRecorded(t, m, "{GET,/sub/fails,409} 1 {GET,/sub/metrics,200} 1 {GET,/sub/x,200} 1")
}

// TestTwoMeters: each counts each request once, whichever has been used first.
func TestTwoMeters(t *testing.T) {
	app := fiber.New()
	one := tachofiberv2.Use(app, tacho.Options{})
	two := tachofiberv2.Use(app, tacho.Options{Endpoint: tacho.Endpoint{Path: "/two"}})
	app.Get("/x", hello)
	app.Get("/fails", func(*fiber.Ctx) error { return fiber.ErrTeapot })
	app.Get("/stream", func(c *fiber.Ctx) error { return c.SendStream(strings.NewReader("12345")) })
	sendAll(t, app, "GET /x 200", "GET /fails 418", "GET /stream 200", "GET /nowhere 404")
	const want = "{GET,/fails,418} 1 {GET,/stream,200} 1 {GET,/x,200} 1 {GET,unmatched,404} 1"
	for _, m := range []*tacho.Meter{one, two} {
		expectRecorded(t, m, want)
		expectLine(t, m, `http_response_size_bytes_sum{method="GET",path="/stream"} 5`)
		expectLine(t, m, "http_requests_in_flight 0")
	}
}

// TestRecover: a panic that recovery around us answers is counted, with the status that is sent.
func TestRecover(t *testing.T) {
	for name, c := range map[string]struct {
		outside bool
		panics  string
	}{"outside": {true, "1"}, "inside": {false, "0"}} {
		t.Run(name, func(t *testing.T) {
			app := fiber.New(fiber.Config{ErrorHandler: func(c *fiber.Ctx, err error) error { return c.SendStatus(fiber.StatusServiceUnavailable) }})
			if c.outside {
				app.Use(fiberrecover.New())
			}
			m := tachofiberv2.Use(app, tacho.Options{})
			if !c.outside {
				app.Use(fiberrecover.New())
			}
			app.Get("/panic", func(*fiber.Ctx) error { panic("on purpose") })
			app.Get("/x", hello)
			sendAll(t, app, "GET /panic 503", "GET /x 200")
			expectRecorded(t, m, "{GET,/panic,503} 1 {GET,/x,200} 1")
			expectLine(t, m, `http_requests_in_flight 0`)
			if got := strings.Contains(exposed(t, m), `http_request_panics_total{method="GET",path="/panic"} 1`); got != c.outside {
				t.Errorf("the panic is counted: %v", got)
			}
		})
	}
}

// TestOnRoutes: metrics on routes, and routes that are left out, on an app that is measured and on
// one that is not.
func TestOnRoutes(t *testing.T) {
	for name, measured := range map[string]bool{"measured": true, "measured by nobody": false} {
		t.Run(name, func(t *testing.T) {
			app, m := fiber.New(), tacho.MustNew(tacho.Options{OmitRuntime: true})
			if measured {
				app.Use(tachofiberv2.Middleware(m))
			}
			calls := m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{
				{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }},
				{Name: "route", Func: tacho.Request.Route},
				{Name: "status", Func: tacho.Request.StatusText},
			}})
			created := func(c *fiber.Ctx) error { return c.Status(fiber.StatusCreated).SendString("made") }
			app.Get("/tracked/:id", tachofiberv2.Track(calls), created)
			app.Get("/quiet/:id", tachofiberv2.DoNotTrack(m), tachofiberv2.Track(calls), created)
			app.Get("/nothing/:id", tachofiberv2.ExcludeAll(m), tachofiberv2.Track(calls), created)
			app.Get("/nothing-last/:id", tachofiberv2.Track(calls), tachofiberv2.ExcludeAll(m), created)
			app.Get("/failing/:id", tachofiberv2.Track(calls), func(*fiber.Ctx) error { return fiber.ErrTeapot })
			sendAll(t, app, "GET /tracked/1 201", "GET /quiet/2 201", "GET /nothing/3 201", "GET /nothing-last/4 201", "GET /failing/5 418")
			if measured {
				expectRecorded(t, m, "{GET,/failing/:id,418} 1 {GET,/tracked/:id,201} 1")
			} else {
				expectRecorded(t, m, "")
			}
			text, _, err := m.Render(t.Context(), "", "calls_total")
			want := "# HELP calls_total Calls.\n# TYPE calls_total counter\n" +
				`calls_total{id="1",route="/tracked/:id",status="201"} 1` + "\n" +
				`calls_total{id="2",route="/quiet/:id",status="201"} 1` + "\n" +
				`calls_total{id="5",route="/failing/:id",status="418"} 1` + "\n"
			if err != nil || string(text) != want {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

// TestUsePanics: wrong options, and a path that is taken, are mistakes of the program.
func TestUsePanics(t *testing.T) {
	for want, use := range map[string]func(){
		"Options.SeriesLimit": func() { tachofiberv2.Use(fiber.New(), tacho.Options{SeriesLimit: -1}) },
		"GET /metrics is there already": func() {
			app := fiber.New()
			app.Get("/metrics", hello)
			tachofiberv2.Use(app, tacho.Options{})
		},
		"GET /* is there already": func() {
			app := fiber.New()
			app.Get("/*", hello)
			tachofiberv2.Use(app, tacho.Options{})
		},
	} {
		func() {
			defer func() {
				if v := fmt.Sprint(recover()); !strings.Contains(v, want) {
					t.Errorf("panicked with %s, want %s", v, want)
				}
			}()
			use()
		}()
	}
}

// TestEndpoint: GET and HEAD are answered, in the format that was asked for.
func TestEndpoint(t *testing.T) {
	app := fiber.New()
	m := tachofiberv2.Use(app, tacho.Options{Endpoint: tacho.Endpoint{Path: "/own/metrics"}})
	app.Get("/x", hello)
	sendAll(t, app, "GET /x 200", "HEAD /own/metrics 200", "POST /own/metrics 405")
	r := httptest.NewRequest("GET", "/own/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	resp, err := app.Test(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/openmetrics-text") || !strings.HasSuffix(string(body), "# EOF\n") {
		t.Errorf("the endpoint answers %s, %d bytes", resp.Header.Get("Content-Type"), len(body))
	}
	expectRecorded(t, m, "{GET,/x,200} 1")
}

// TestFiles: a file that is sent has its size, and its route.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	large := strings.Repeat("0123456789", 20_000)
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "small"), []byte("small"), 0o600), os.WriteFile(filepath.Join(dir, "large"), []byte(large), 0o600)); err != nil {
		t.Fatal(err)
	}
	app := fiber.New()
	m := tachofiberv2.Use(app, tacho.Options{})
	app.Get("/send/:name", func(c *fiber.Ctx) error { return c.SendFile(filepath.Join(dir, c.Params("name"))) })
	static(app, "/static", dir)
	_, none := send(t, app, "GET", "/send/none")
	for path, want := range map[string]string{"/send/small": "small", "/send/large": large, "/static/large": large} {
		if status, body := send(t, app, "GET", path); status != http.StatusOK || body != want {
			t.Errorf("%s was answered %d, %d bytes", path, status, len(body))
		}
	}
	sendAll(t, app, "HEAD /send/large 200")
	expectLine(t, m, fmt.Sprintf(`http_response_size_bytes_sum{method="GET",path="/send/:name"} %d`, len("small")+len(large)+len(none)))
	expectLine(t, m, `http_response_size_bytes_sum{method="HEAD",path="/send/:name"} 0`)
	expectLine(t, m, fmt.Sprintf(`http_response_size_bytes_sum{method="GET",path=%q} %d`, staticRoute, len(large)))
	if strings.Contains(exposed(t, m), "http_stream_duration_seconds_count") {
		t.Error("a file counts as a stream")
	}
}
