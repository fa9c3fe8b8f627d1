package tachoecho_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachoecho"
)

func hello(c *echo.Context) error { return c.String(http.StatusOK, "hello") }

func serve(h http.Handler, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w
}

// recorded lists the request counter's lines that have requests.
func recorded(t *testing.T, m *tacho.Meter) string {
	t.Helper()
	w := serve(m.Metrics(), "GET", "/metrics")
	var lines []string
	for line := range strings.Lines(w.Body.String()) {
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
		t.Errorf("recorded %s, want %s", got, want)
	}
}

// teapot is an error with a status of its own.
type teapot struct{}

func (teapot) Error() string   { return "short and stout" }
func (teapot) StatusCode() int { return http.StatusTeapot }

// failures are ways in which a request fails, and the status that a client gets from Echo's own
// error handler.
var failures = []struct {
	name   string
	do     echo.HandlerFunc
	status int
}{
	{"plain", func(*echo.Context) error { return errors.New("broken") }, 500},
	{"http", func(*echo.Context) error { return echo.NewHTTPError(http.StatusConflict, "taken") }, 409},
	{"sentinel", func(*echo.Context) error { return echo.ErrForbidden }, 403},
	{"wrapped", func(*echo.Context) error { return fmt.Errorf("storing: %w", echo.ErrBadGateway) }, 502},
	{"wrapping", func(*echo.Context) error { return echo.ErrBadRequest.Wrap(io.EOF) }, 400},
	{"coder", func(*echo.Context) error { return teapot{} }, 418},
	{"joined", func(*echo.Context) error { return errors.Join(io.EOF, teapot{}) }, 418},
	{"committed", func(c *echo.Context) error {
		_ = c.String(http.StatusAccepted, "half")
		return echo.ErrForbidden
	}, 202},
	{"suggested", func(c *echo.Context) error {
		response, _ := echo.UnwrapResponse(c.Response())
		response.Status = http.StatusNotFound // which is sent with nothing
		return nil
	}, 200},
	{"early", func(c *echo.Context) error { // answers by itself, and returns the error for the log
		err := echo.ErrUnauthorized
		c.Echo().HTTPErrorHandler(c, err)
		return err
	}, 401},
	{"changed", func(c *echo.Context) error { // at the last moment
		response, _ := echo.UnwrapResponse(c.Response())
		response.Before(func() { response.Status = http.StatusCreated })
		return hello(c)
	}, 201},
	{"panic", func(*echo.Context) error { panic("on purpose") }, 500},
}

// TestErrors: the recorded status is what the client gets, however the request fails,
// whichever error handler answers, and wherever Recover stands. Everything answers as it does
// without us.
func TestErrors(t *testing.T) {
	handlers := map[string]struct {
		handle echo.HTTPErrorHandler
		known  bool // without Use: it sends what Echo's own sends
	}{
		"Echo's own": {nil, true},
		"another": {func(c *echo.Context, err error) {
			if response, _ := echo.UnwrapResponse(c.Response()); !response.Committed {
				_ = c.String(http.StatusUnprocessableEntity, err.Error())
			}
		}, false},
		"silent":  {func(*echo.Context, error) {}, false},
		"flushes": {func(c *echo.Context, err error) { _ = http.NewResponseController(c.Response()).Flush() }, false},
		"fails":   {func(c *echo.Context, err error) { panic("in the error handler") }, false},
	}
	setups := map[string]struct {
		set   func(*echo.Echo) *tacho.Meter
		exact bool
	}{
		"use":           {func(e *echo.Echo) *tacho.Meter { return tachoecho.Use(e, tacho.Options{}) }, true},
		"minimal":       {func(e *echo.Echo) *tacho.Meter { return tachoecho.Use(e, tacho.Options{Minimal: true}) }, true},
		"by hand":       {byHand, false},
		"behind others": {func(e *echo.Echo) *tacho.Meter { e.Pre(passOn); return tachoecho.Use(e, tacho.Options{}) }, false},
	}
	recover := func() echo.MiddlewareFunc {
		return middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true})
	}
	recovers := map[string]func(e *echo.Echo, set func()){
		"none":    func(_ *echo.Echo, set func()) { set() },
		"inside":  func(e *echo.Echo, set func()) { set(); e.Use(recover()) },
		"outside": func(e *echo.Echo, set func()) { e.Pre(recover()); set() },
	}
	for setup, s := range setups {
		for where, recovering := range recovers {
			for name, h := range handlers {
				if !s.exact && !h.known || s.exact && where == "outside" && !h.known {
					continue
				}
				t.Run(setup+", recover "+where+", "+name, func(t *testing.T) {
					bare, e := quiet(), quiet()
					var m *tacho.Meter
					recovering(bare, func() {})
					recovering(e, func() { m = s.set(e) })
					for _, to := range []*echo.Echo{bare, e} {
						if h.handle != nil {
							to.HTTPErrorHandler = h.handle
						}
						for _, f := range failures {
							to.GET("/"+f.name, f.do)
						}
					}
					for _, f := range failures {
						sameFailure(t, bare, e, m, f.name)
					}
				})
			}
		}
	}
}

func byHand(e *echo.Echo) *tacho.Meter {
	m := tacho.MustNew(tacho.Options{})
	e.Use(tachoecho.Middleware(m))
	return m
}

func passOn(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c *echo.Context) error { return next(c) }
}

// sameFailure sends a request to a bare service and to a measured one.
func sameFailure(t *testing.T, bare, e *echo.Echo, m *tacho.Meter, name string) {
	t.Helper()
	answer := func(e *echo.Echo) (w *httptest.ResponseRecorder, panicked any) {
		w = httptest.NewRecorder()
		defer func() { panicked = recover() }()
		e.ServeHTTP(w, httptest.NewRequest("GET", "/"+name, nil))
		return w, nil
	}
	want, wantPanic := answer(bare)
	got, gotPanic := answer(e)
	if got.Code != want.Code || got.Body.String() != want.Body.String() || fmt.Sprint(got.Header()) != fmt.Sprint(want.Header()) || gotPanic != wantPanic {
		t.Errorf("%s: answered %d %q %v, panicked with %v; without us %d %q %v, %v", name, got.Code, got.Body, got.Header(), gotPanic, want.Code, want.Body, want.Header(), wantPanic)
	}
	status := want.Code
	if wantPanic != nil {
		status = http.StatusInternalServerError
		if want.Body.Len() > 0 { // sent before that
			status = want.Code
		}
	}
	if line := fmt.Sprintf("{GET,/%s,%d} 1", name, status); !strings.Contains(recorded(t, m), line) {
		t.Errorf("%s: recorded %s, want %s", name, recorded(t, m), line)
	}
}

// TestOthers: middlewares outside and inside of Use work as they do without it.
func TestOthers(t *testing.T) {
	e := quiet()
	e.Use(middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 10}))
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc { // adds a header after the handler, which needs an open response
		return func(c *echo.Context) error {
			err := next(c)
			c.Response().Header().Set("X-After", fmt.Sprint(err != nil))
			return err
		}
	})
	m := tachoecho.Use(e, tacho.Options{})
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc { // answers in place of an error
		return func(c *echo.Context) error {
			err := next(c)
			if errors.Is(err, io.EOF) {
				return c.String(http.StatusGone, "no longer")
			}
			return err
		}
	})
	e.Use(echo.WrapMiddleware(func(next http.Handler) http.Handler { // of net/http, with another writer
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), teapot{}, "seen")))
		})
	}))
	e.GET("/eof", func(*echo.Context) error { return fmt.Errorf("reading: %w", io.EOF) })
	e.GET("/teapot", func(*echo.Context) error { return teapot{} })
	e.GET("/long", func(c *echo.Context) error { return c.String(http.StatusOK, strings.Repeat("long ", 1000)) })
	e.GET("/before", func(c *echo.Context) error {
		response, _ := echo.UnwrapResponse(c.Response())
		response.Before(func() { response.Status = http.StatusCreated })
		return hello(c)
	})
	e.GET("/context", func(c *echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint(c.Request().Context().Value(teapot{})))
	})
	for _, want := range []struct {
		path   string
		status int
		body   string
	}{
		{"/eof", 410, "no longer"}, {"/teapot", 418, `{"message":"I'm a teapot"}` + "\n"},
		{"/long", 200, strings.Repeat("long ", 1000)}, {"/before", 201, "hello"}, {"/context", 200, "seen"}, {"/nowhere", 404, `{"message":"Not Found"}` + "\n"},
	} {
		r := httptest.NewRequest("GET", want.path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		body := io.Reader(w.Body)
		if w.Header().Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(w.Body)
		}
		got, err := io.ReadAll(body)
		if w.Code != want.status || string(got) != want.body || err != nil {
			t.Errorf("%s is answered %d %.50q %v", want.path, w.Code, got, err)
		}
		if after := fmt.Sprint(want.path == "/teapot" || want.path == "/nowhere"); want.body[0] == '{' && w.Header().Get("X-After") != after {
			t.Errorf("%s: X-After is %q, want %s", want.path, w.Header().Get("X-After"), after)
		}
	}
	expectRecorded(t, m, "{GET,/before,201} 1 {GET,/context,200} 1 {GET,/eof,410} 1 {GET,/long,200} 1 {GET,/teapot,418} 1 {GET,unmatched,404} 1")
}

// TestOutside: a middleware outside of Middleware, or of Use by e.Pre, still sees errors before
// anything is sent.
func TestOutside(t *testing.T) {
	outside := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			err := next(c)
			c.Response().Header().Set("X-Error", fmt.Sprint(err != nil))
			if errors.Is(err, io.EOF) {
				return c.String(http.StatusGone, "no longer")
			}
			return err
		}
	}
	for name, set := range map[string]func(*echo.Echo){
		"by hand": func(e *echo.Echo) { e.Use(outside); byHand(e) },
		"pre":     func(e *echo.Echo) { e.Pre(outside); tachoecho.Use(e, tacho.Options{}) },
	} {
		e := quiet()
		set(e)
		e.GET("/eof", func(*echo.Context) error { return io.EOF })
		e.GET("/forbidden", func(*echo.Context) error { return echo.ErrForbidden })
		for path, status := range map[string]int{"/eof": 410, "/forbidden": 403} {
			if w := serve(e, "GET", path); w.Code != status || w.Header().Get("X-Error") != "true" {
				t.Errorf("%s: %s is answered %d, X-Error %q", name, path, w.Code, w.Header().Get("X-Error"))
			}
		}
	}
}

// TestRoutes: the label is the template of the route that answered, in groups as well, and
// "unmatched" where Echo found none, whoever answers then.
func TestRoutes(t *testing.T) {
	e := quiet()
	e.GET("/early/:id", hello)
	m := tachoecho.Use(e, tacho.Options{})
	api := e.Group("/api", passOn)
	v1 := api.Group("/v1", passOn)
	v1.GET("/users/:id", hello)
	v1.Any("/any", hello)
	api.GET("/*", hello) // besides the group's own RouteNotFound
	shop := e.Group("/shop", passOn)
	shop.GET("", hello)
	shop.RouteNotFound("/*", func(c *echo.Context) error { return c.String(http.StatusOK, "the page") })
	e.GET("noslash", hello)
	e.HEAD("/head", func(c *echo.Context) error { return c.NoContent(http.StatusNoContent) })
	e.StaticFS("/static", fstest.MapFS{"a/b.css": {Data: []byte("css")}})
	e.Match([]string{"PUT", "PATCH"}, "/match", hello)
	for _, r := range strings.Fields(`
		GET/early/1 GET/api/v1/users/1 POST/api/v1/any DELETE/api/v1/any GET/api/other POST/api/other GET/api/v1/nowhere
		GET/shop GET/shop/nowhere POST/shop GET/noslash HEAD/head GET/head GET/static/a/b.css GET/static/none PUT/match GET/match OPTIONS/match GET/`) {
		method, path, _ := strings.Cut(r, "/")
		serve(e, method, "/"+path)
	}
	expectRecorded(t, m, "{DELETE,/api/v1/any,200} 1 {GET,/api/*,200} 1 {GET,/api/v1/users/:id,200} 1 {GET,/early/:id,200} 1 {GET,/noslash,200} 1 "+
		"{GET,/shop,200} 1 {GET,/static*,200} 1 {GET,/static*,404} 1 {GET,unmatched,200} 1 {GET,unmatched,404} 2 {GET,unmatched,405} 2 "+
		"{HEAD,/head,204} 1 {OPTIONS,unmatched,204} 1 {POST,/api/v1/any,200} 1 {POST,unmatched,404} 2 {PUT,/match,200} 1")
	body := serve(m.Metrics(), "GET", "/metrics").Body.String()
	for _, zero := range []string{`"GET",path="/early/:id",status="500"`, `"PUT",path="/api/v1/any",status="200"`, `"GET",path="/noslash",status="400"`, `"PATCH",path="/match",status="200"`} {
		if !strings.Contains(body, "http_requests_total{method="+zero+"} 0\n") {
			t.Errorf("%s is not at zero", zero)
		}
	}
	for _, absent := range []string{"echo_route", `path="/shop/*"`, `path="/metrics"`, `path="/api/v1/*"`} {
		if strings.Contains(body, absent) {
			t.Errorf("%s is shown", absent)
		}
	}
}

// TestPre: what runs before the router can change the route, answer, and fail.
func TestPre(t *testing.T) {
	e := quiet()
	m := tachoecho.Use(e, tacho.Options{})
	e.Pre(middleware.Rewrite(map[string]string{"/old/*": "/users/$1"}), middleware.RemoveTrailingSlashWithConfig(middleware.RemoveTrailingSlashConfig{RedirectCode: http.StatusMovedPermanently}))
	e.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			if c.QueryParam("key") == "wrong" {
				return echo.ErrUnauthorized
			}
			return next(c)
		}
	})
	e.GET("/users/:id", hello)
	for _, path := range []string{"/old/1", "/users/2", "/users/3/", "/users/4?key=wrong"} {
		serve(e, "GET", path)
	}
	expectRecorded(t, m, "{GET,/users/:id,200} 2 {GET,unmatched,301} 1 {GET,unmatched,401} 1")
}

// TestAround: with Meter.Handler around the Echo, Middleware alone records the status that any
// error handler sends, and requests that e.Pre answered before Use.
func TestAround(t *testing.T) {
	for _, use := range []bool{true, false} {
		e := quiet()
		e.HTTPErrorHandler = func(c *echo.Context, err error) { _ = c.String(http.StatusTeapot, err.Error()) }
		e.Pre(middleware.RemoveTrailingSlashWithConfig(middleware.RemoveTrailingSlashConfig{RedirectCode: http.StatusMovedPermanently}))
		var m *tacho.Meter
		if use {
			m = tachoecho.Use(e, tacho.Options{})
		} else {
			m = byHand(e)
		}
		e.GET("/users/:id", func(*echo.Context) error { return io.EOF })
		around := m.Handler(e)
		for _, path := range []string{"/users/1", "/users/2/", "/nowhere"} {
			serve(around, "GET", path)
		}
		expectRecorded(t, m, "{GET,/users/:id,418} 1 {GET,unknown,301} 1 {GET,unmatched,418} 1")
	}
}

// TestDispatchedAgain: one request is one count, at the route that answered.
func TestDispatchedAgain(t *testing.T) {
	for name, opts := range map[string]tacho.Options{"everything": {}, "minimal": {Minimal: true}} {
		t.Run(name, func(t *testing.T) {
			e := quiet()
			m := tachoecho.Use(e, opts)
			e.GET("/within", func(c *echo.Context) error {
				c.Request().URL.Path = "/new/1"
				return e.Router().Route(c)(c)
			})
			e.GET("/new/:id", hello)
			e.GET("/fails", func(c *echo.Context) error {
				c.Request().URL.Path = "/error"
				return e.Router().Route(c)(c)
			})
			e.GET("/error", func(*echo.Context) error { return teapot{} })
			for range 3 {
				serve(e, "GET", "/within")
				serve(e, "GET", "/fails")
			}
			expectRecorded(t, m, "{GET,/error,418} 3 {GET,/new/:id,200} 3")
		})
	}
}

// TestMiddleware: on a group only the group's requests are recorded, and two of the same Meter
// count a request once.
func TestMiddleware(t *testing.T) {
	m, other := tacho.MustNew(tacho.Options{}), tacho.MustNew(tacho.Options{})
	e := quiet()
	api := e.Group("/api", tachoecho.Middleware(m), middleware.Recover(), tachoecho.Middleware(m))
	api.GET("/x", hello)
	api.GET("/panic", func(*echo.Context) error { panic("on purpose") })
	e.GET("/y", hello)
	e.Group("/blind", tachoecho.Middleware(m), blind, tachoecho.Middleware(m)).GET("/x", hello)
	e.Group("/mixed", tachoecho.Middleware(m), tachoecho.Middleware(other), tachoecho.Middleware(m), tachoecho.DoNotTrack(other)).GET("/x", hello)
	for _, path := range []string{"/api/x", "/api/panic", "/api/nowhere", "/y", "/blind/x", "/mixed/x", "/nowhere"} {
		serve(e, "GET", path)
	}
	expectRecorded(t, m, "{GET,/api/panic,500} 1 {GET,/api/x,200} 1 {GET,/blind/x,200} 1 {GET,/mixed/x,200} 1 {GET,unmatched,404} 1")
	expectRecorded(t, other, "")
}

// TestContextOfATest: users test handlers with a Context of their own.
func TestContextOfATest(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	c := echo.NewContext(httptest.NewRequest("GET", "/users/1", nil), httptest.NewRecorder())
	c.SetPath("/users/:id")
	if err := tachoecho.Middleware(m)(func(*echo.Context) error { return io.EOF })(c); err != io.EOF {
		t.Errorf("returned %v", err)
	}
	expectRecorded(t, m, "{GET,/users/:id,500} 1")
}

// TestHosts: one service for several hosts, with an Echo for each and one registry, or with one
// middleware for all.
func TestHosts(t *testing.T) {
	visit := func(e *echo.Echo) {
		for _, url := range []string{"http://a.example/users/1", "http://b.example/users/1", "http://b.example/b/1", "http://c.example/x", "http://a.example/b/1"} {
			serve(e, "GET", url)
		}
	}
	const want = "{GET,/b/:id,200} 1 {GET,/users/:id,200} 2 {GET,/x,200} 1 {GET,unmatched,404} 1"
	build := func(set func(*echo.Echo)) *echo.Echo {
		a, b := quiet(), quiet()
		e := echo.NewVirtualHostHandler(map[string]*echo.Echo{"a.example": a, "b.example": b})
		for _, each := range []*echo.Echo{a, b, e} {
			set(each)
		}
		a.GET("/users/:id", hello)
		b.GET("/users/:id", hello)
		b.GET("/b/:id", hello)
		e.GET("/x", hello)
		return e
	}
	t.Run("use", func(t *testing.T) {
		reg := prometheus.NewRegistry()
		var m *tacho.Meter
		visit(build(func(e *echo.Echo) { m = tachoecho.Use(e, tacho.Options{Registerer: reg, Gatherer: reg}) }))
		expectRecorded(t, m, want)
		if body := serve(m.Metrics(), "GET", "/metrics").Body.String(); !strings.Contains(body, `{method="GET",path="/x",status="500"} 0`) {
			t.Errorf("the routes are not at zero:\n%s", body)
		}
	})
	t.Run("middleware", func(t *testing.T) {
		m := tacho.MustNew(tacho.Options{})
		measure := tachoecho.Middleware(m)
		visit(build(func(e *echo.Echo) { e.Use(measure) }))
		expectRecorded(t, m, want)
	})
}

// TestUsePanics: wrong options, and a path that is taken, are programming mistakes.
func TestUsePanics(t *testing.T) {
	for want, use := range map[string]func(*echo.Echo){
		"Options.SeriesLimit":                   func(e *echo.Echo) { tachoecho.Use(e, tacho.Options{SeriesLimit: -1}) },
		"GET /metrics is there already; remove": func(e *echo.Echo) { e.GET("/metrics", hello); tachoecho.Use(e, tacho.Options{}) },
		"GET /m is there already; remove that route, r": func(e *echo.Echo) {
			e.Any("/m", hello)
			tachoecho.Use(e, tacho.Options{Endpoint: tacho.Endpoint{Path: "/m"}})
		},
	} {
		func() {
			defer func() {
				if v := fmt.Sprint(recover()); !strings.Contains(v, want) {
					t.Errorf("panicked with %q, want %q", v, want)
				}
			}()
			use(quiet())
		}()
	}
}

// TestEndpoint: the endpoint answers GET, HEAD and OPTIONS, also where a * would.
func TestEndpoint(t *testing.T) {
	e := quiet()
	e.Any("/*", func(c *echo.Context) error { return c.NoContent(http.StatusTeapot) })
	m := tachoecho.Use(e, tacho.Options{})
	for method, allow := range map[string]string{"GET": "", "HEAD": "", "OPTIONS": "GET, HEAD, OPTIONS"} {
		w := serve(e, method, "/metrics")
		if w.Code != http.StatusOK || w.Header().Get("Allow") != allow || (method == "GET") != strings.Contains(w.Body.String(), "http_requests_total") {
			t.Errorf("%s is answered %d, Allow %q, %d bytes", method, w.Code, w.Header().Get("Allow"), w.Body.Len())
		}
	}
	expectRecorded(t, m, "")
	serve(e, "GET", "/else")
	expectRecorded(t, m, "{GET,/*,418} 1")
}

// TestStream: an event stream is in flight as a stream.
func TestStream(t *testing.T) {
	e := quiet()
	m := tachoecho.Use(e, tacho.Options{})
	e.GET("/events", func(c *echo.Context) error {
		c.Response().Header().Set("Content-Type", "text/event-stream")
		if err := http.NewResponseController(c.Response()).Flush(); err != nil {
			t.Error(err)
		}
		if body := serve(m.Metrics(), "GET", "/metrics").Body.String(); !strings.Contains(body, "\nhttp_streams_in_flight 1\n") {
			t.Error("the stream is not in flight")
		}
		return nil
	})
	serve(e, "GET", "/events")
	expectRecorded(t, m, "{GET,/events,200} 1")
}

// sink is a ResponseWriter that costs nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

// TestAllocations: a measured request allocates nothing of its own, on a route with metrics either.
func TestAllocations(t *testing.T) {
	body := []byte("ok")
	answer := func(c *echo.Context) error {
		_, err := c.Response().Write(body)
		return err
	}
	build := func(measured bool) http.Handler {
		e := quiet()
		e.HTTPErrorHandler = func(c *echo.Context, _ error) { c.Response().WriteHeader(http.StatusNotFound) }
		var tracked []echo.MiddlewareFunc
		if measured {
			m := tachoecho.Use(e, tacho.Options{})
			tracked = append(tracked, tachoecho.Track(m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls."})))
		}
		e.GET("/users/:id", answer)
		e.GET("/tracked/:id", answer, tracked...)
		return e
	}
	bare, measured := build(false), build(true)
	for _, target := range []string{"/users/1", "/tracked/1", "/nowhere"} {
		w, r := &sink{http.Header{}}, httptest.NewRequest("GET", target, nil)
		adaptertest.Allocations(t, target, func() { bare.ServeHTTP(w, r) }, func() { measured.ServeHTTP(w, r) })
	}
}

// TestOnRoutes: metrics on routes, and routes that are left out, behind a middleware that hides our
// writer, on an Echo that is measured and on one that is not.
func TestOnRoutes(t *testing.T) {
	for name, c := range map[string]struct {
		measured bool
		hide     echo.MiddlewareFunc
	}{
		"measured":            {true, passOn},
		"measured and hidden": {true, blind},
		"measured by nobody":  {false, passOn},
		"hidden from nobody":  {false, blind},
	} {
		t.Run(name, func(t *testing.T) {
			e, m := quiet(), tacho.MustNew(tacho.Options{OmitRuntime: true})
			if c.measured {
				e.Use(tachoecho.Middleware(m))
			}
			e.Use(c.hide)
			calls := m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{
				{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }},
				{Name: "route", Func: tacho.Request.Route},
				{Name: "status", Func: tacho.Request.StatusText},
			}})
			created := func(c *echo.Context) error { return c.String(http.StatusCreated, "made") }
			e.GET("/tracked/:id", created, tachoecho.Track(calls))
			e.GET("/quiet/:id", created, tachoecho.DoNotTrack(m), tachoecho.Track(calls))
			e.GET("/nothing/:id", created, tachoecho.ExcludeAll(m), tachoecho.Track(calls))
			e.GET("/nothing-last/:id", created, tachoecho.Track(calls), tachoecho.ExcludeAll(m))
			for _, path := range []string{"/tracked/1", "/quiet/2", "/nothing/3", "/nothing-last/4"} {
				if w := serve(e, "GET", path); w.Code != http.StatusCreated || w.Body.String() != "made" {
					t.Errorf("%s is answered %d %q", path, w.Code, w.Body)
				}
			}
			if c.measured {
				expectRecorded(t, m, "{GET,/tracked/:id,201} 1")
			} else {
				expectRecorded(t, m, "")
			}
			text, _, err := m.Render(t.Context(), "", "calls_total")
			want := "# HELP calls_total Calls.\n# TYPE calls_total counter\n" +
				`calls_total{id="1",route="/tracked/:id",status="201"} 1` + "\n" +
				`calls_total{id="2",route="/quiet/:id",status="201"} 1` + "\n"
			if err != nil || string(text) != want {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

// TestTrackFails: an error and a panic go on, and are counted, whoever measures.
func TestTrackFails(t *testing.T) {
	e, m := quiet(), tacho.MustNew(tacho.Options{OmitRuntime: true})
	e.Use(middleware.Recover())
	calls := m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{{Name: "status", Func: tacho.Request.StatusText}}})
	e.GET("/panic", func(*echo.Context) error { panic("on purpose") }, tachoecho.Track(calls))
	e.GET("/error", func(*echo.Context) error { return teapot{} }, tachoecho.Track(calls))
	for path, status := range map[string]int{"/panic": 500, "/error": 418} {
		if w := serve(e, "GET", path); w.Code != status {
			t.Errorf("%s is answered %d", path, w.Code)
		}
		if text, _, _ := m.Render(t.Context(), "", "calls_total"); !strings.Contains(string(text), fmt.Sprintf("calls_total{status=\"%d\"} 1", status)) {
			t.Errorf("recorded %s", text)
		}
	}
}
