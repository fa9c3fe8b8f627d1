package tachogin_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachogin"
)

func hello(c *gin.Context) { c.String(http.StatusOK, "hello") }

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

// TestRedirects: Gin answers a slash redirect before any middleware runs.
// Meter.Handler around the engine sees it; the request it leads to is counted
// once, with Gin's template.
func TestRedirects(t *testing.T) {
	r := gin.New()
	m := tachogin.Use(r, tacho.Options{})
	r.GET("/tree/:id", hello)
	around := m.Handler(r)
	if w := serve(around, "GET", "/tree/1/"); w.Code != http.StatusMovedPermanently {
		t.Fatalf("answered %d", w.Code)
	}
	serve(around, "GET", "/tree/1")
	expectRecorded(t, m, "{GET,/tree/:id,200} 1 {GET,unknown,301} 1")
}

// TestNoRouteAndNoMethod: custom handlers for them do not make a route.
func TestNoRouteAndNoMethod(t *testing.T) {
	r := gin.New()
	r.HandleMethodNotAllowed = true
	m := tachogin.Use(r, tacho.Options{})
	r.GET("/only-get", hello)
	r.NoRoute(func(c *gin.Context) { c.String(http.StatusNotFound, "nothing at "+c.Request.URL.Path) })
	r.NoMethod(func(c *gin.Context) { c.String(http.StatusMethodNotAllowed, "no") })
	serve(r, "GET", "/a")
	serve(r, "GET", "/b")
	serve(r, "POST", "/only-get")
	expectRecorded(t, m, "{GET,unmatched,404} 2 {POST,unmatched,405} 1")
}

// TestHandleContext: a request that a handler dispatches again is counted once,
// under the route that answered.
func TestHandleContext(t *testing.T) {
	r := gin.New()
	m := tachogin.Use(r, tacho.Options{})
	r.GET("/old", func(c *gin.Context) {
		c.Request.URL.Path = "/new/1"
		r.HandleContext(c)
	})
	r.GET("/new/:id", hello)
	if w := serve(r, "GET", "/old"); w.Body.String() != "hello" {
		t.Fatalf("answered %q", w.Body)
	}
	expectRecorded(t, m, "{GET,/new/:id,200} 1")
}

// TestDispatchedAgain: one request is one count, at the route that answered,
// whatever way it went.
func TestDispatchedAgain(t *testing.T) {
	for name, opts := range map[string]tacho.Options{"everything": {}, "minimal": {Minimal: true}} {
		for _, around := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", around: ", around), func(t *testing.T) { dispatchedAgain(t, opts, around) })
		}
	}
}

func dispatchedAgain(t *testing.T, opts tacho.Options, around bool) {
	r, m := gin.New(), tacho.MustNew(opts)
	to := func(path string) gin.HandlerFunc {
		return func(c *gin.Context) {
			c.Request.URL.Path = path
			r.HandleContext(c)
		}
	}
	measured := r.Group("/", tachogin.Middleware(m), func(c *gin.Context) { c.Writer = replacedWriter{c.Writer} })
	measured.GET("/same/:n", func(c *gin.Context) {
		if c.Param("n") != "3" {
			to("/same/" + string(c.Param("n")[0]+1))(c)
			return
		}
		hello(c)
	})
	measured.GET("/outside", to("/unmeasured"))
	measured.GET("/served", func(c *gin.Context) {
		c.Request.URL.Path = "/same/3"
		r.ServeHTTP(c.Writer.(replacedWriter).ResponseWriter, c.Request)
	})
	measured.GET("/many-errors", func(c *gin.Context) {
		for range 31 {
			_ = c.Error(io.EOF)
		}
		to("/same/3")(c)
	})
	measured.GET("/nowhere", to("/really/nowhere"))
	measured.GET("/late", func(c *gin.Context) {
		to("/silent")(c)
		c.String(http.StatusAccepted, "late")
	})
	measured.GET("/silent", func(c *gin.Context) {
		if len(c.Errors) != 0 {
			t.Errorf("errors of an earlier request: %v", c.Errors)
		}
	})
	r.GET("/unmeasured", hello)
	var h http.Handler = r
	if around {
		h = m.Handler(r)
	}
	for range 3 { // Contexts are used again
		for _, path := range []string{"/same/1", "/outside", "/many-errors", "/nowhere", "/late", "/same/3"} {
			serve(h, "GET", path)
		}
	}
	expectRecorded(t, m, "{GET,/same/:n,200} 9 {GET,/silent,200} 3 {GET,/unmeasured,200} 3 {GET,unmatched,404} 3")
	if !opts.Minimal || around { // Minimal leaves Gin's writer in its place, by which ours is found
		serve(h, "GET", "/served")
		expectRecorded(t, m, "{GET,/same/:n,200} 10 {GET,/silent,200} 3 {GET,/unmeasured,200} 3 {GET,unmatched,404} 3")
	}
}

// TestDispatchedAgainStream: what comes after a second dispatch is watched as
// well: streams, and clients that leave.
func TestDispatchedAgainStream(t *testing.T) {
	r := gin.New()
	m := tachogin.Use(r, tacho.Options{})
	r.GET("/old", func(c *gin.Context) {
		c.Request.URL.Path = "/events"
		r.HandleContext(c)
	})
	r.GET("/events", func(c *gin.Context) {
		c.Header("Content-Type", "text/event-stream")
		c.Writer.Flush()
		body := serve(m.Metrics(), "GET", "/metrics").Body.String()
		if !strings.Contains(body, "\nhttp_streams_in_flight 1\n") {
			t.Error("the stream is not in flight")
		}
	})
	serve(r, "GET", "/old")
	expectRecorded(t, m, "{GET,/events,200} 1")
}

// TestMinimal: fewer families, and the same truth about outcomes.
func TestMinimal(t *testing.T) {
	r := gin.New()
	r.Use(gin.RecoveryWithWriter(io.Discard))
	m := tachogin.Use(r, tacho.Options{Minimal: true})
	r.GET("/old", func(c *gin.Context) {
		c.Request.URL.Path = "/new/1"
		r.HandleContext(c)
	})
	r.GET("/new/:id", hello)
	r.GET("/panic", func(*gin.Context) { panic("on purpose") })
	r.GET("/half", func(c *gin.Context) {
		c.String(http.StatusAccepted, "half")
		panic("on purpose")
	})
	r.GET("/gone", func(c *gin.Context) {})
	r.GET("/answered", hello)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for _, path := range []string{"/old", "/panic", "/half", "/nowhere"} {
		serve(r, "GET", path)
	}
	for _, path := range []string{"/gone", "/answered"} {
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil).WithContext(gone))
	}
	expectRecorded(t, m, "{GET,/answered,200} 1 {GET,/gone,499} 1 {GET,/half,202} 1 {GET,/new/:id,200} 1 {GET,/panic,500} 1 {GET,unmatched,404} 1")
	body := serve(m.Metrics(), "GET", "/metrics").Body.String()
	for _, name := range []string{"http_requests_in_flight", "http_response_size_bytes", "http_stream_duration_seconds"} {
		if strings.Contains(body, name) {
			t.Errorf("%s is there", name)
		}
	}
}

// replacedWriter stands for the writers that compression middlewares leave in
// the context.
type replacedWriter struct{ gin.ResponseWriter }

// TestReplacedWriter: a middleware inside that replaces the writer for good,
// and middlewares outside that write afterwards.
func TestReplacedWriter(t *testing.T) {
	r := gin.New()
	r.Use(func(c *gin.Context) {
		c.Next()
		if c.Writer.Status() != http.StatusOK || c.Writer.Size() != 5 {
			t.Errorf("outside: status %d, size %d", c.Writer.Status(), c.Writer.Size())
		}
	})
	m := tachogin.Use(r, tacho.Options{})
	r.Use(func(c *gin.Context) { c.Writer = replacedWriter{c.Writer} })
	r.GET("/x", hello)
	for range 40 { // more than one slab
		if w := serve(r, "GET", "/x"); w.Body.String() != "hello" {
			t.Fatalf("answered %q", w.Body)
		}
	}
	expectRecorded(t, m, "{GET,/x,200} 40")
}

// TestStreamInHandler: Gin's Context.Stream needs the server's CloseNotify, also
// with Meter.Handler around the engine.
func TestStreamInHandler(t *testing.T) {
	r := gin.New()
	m := tachogin.Use(r, tacho.Options{})
	r.GET("/stream", func(c *gin.Context) {
		c.Stream(func(w io.Writer) bool {
			_, _ = io.WriteString(w, "piece")
			return false
		})
	})
	server := httptest.NewServer(m.Handler(r))
	resp, err := http.Get(server.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if string(body) != "piece" || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
	server.Close() // waits for the handler
	expectRecorded(t, m, "{GET,/stream,200} 1")
}

// TestAborts: every way to abort gives the status that was sent.
func TestAborts(t *testing.T) {
	r := gin.New()
	m := tachogin.Use(r, tacho.Options{})
	r.GET("/status", func(c *gin.Context) { c.AbortWithStatus(http.StatusConflict) })
	r.GET("/json", func(c *gin.Context) { c.AbortWithStatusJSON(http.StatusBadRequest, gin.H{"e": 1}) })
	r.GET("/error", func(c *gin.Context) { _ = c.AbortWithError(http.StatusBadGateway, io.EOF) })
	r.GET("/plain", func(c *gin.Context) { c.Abort() })
	for _, path := range []string{"/status", "/json", "/error", "/plain"} {
		serve(r, "GET", path)
	}
	expectRecorded(t, m, "{GET,/error,502} 1 {GET,/json,400} 1 {GET,/plain,200} 1 {GET,/status,409} 1")
}

// TestMiddleware: on a group only the group's requests are recorded, and two
// of the same Meter count a request once.
func TestMiddleware(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	r := gin.New()
	api := r.Group("/api", tachogin.Middleware(m), gin.Recovery(), tachogin.Middleware(m))
	api.GET("/x", hello)
	r.GET("/y", hello)
	replaced := r.Group("/replaced", tachogin.Middleware(m), func(c *gin.Context) { c.Writer = replacedWriter{c.Writer} }, tachogin.Middleware(m))
	replaced.GET("/x", hello)
	other := tacho.MustNew(tacho.Options{})
	mixed := r.Group("/mixed", tachogin.Middleware(m), tachogin.Middleware(other), tachogin.Middleware(m), tachogin.DoNotTrack(other))
	mixed.GET("/x", hello)
	for _, path := range []string{"/api/x", "/y", "/replaced/x", "/mixed/x"} {
		serve(r, "GET", path)
	}
	expectRecorded(t, m, "{GET,/api/x,200} 1 {GET,/mixed/x,200} 1 {GET,/replaced/x,200} 1")
	expectRecorded(t, other, "")
}

// TestUsePanics: wrong options are a programming mistake, as wrong routes are.
func TestUsePanics(t *testing.T) {
	defer func() {
		if v := recover(); v == nil || !strings.Contains(fmt.Sprint(v), "Options.SeriesLimit") {
			t.Errorf("panicked with %v", v)
		}
	}()
	tachogin.Use(gin.New(), tacho.Options{SeriesLimit: -1})
}

// TestUseNeedsItsPath: when the endpoint's path is taken, the panic says by whom
// and what to do.
func TestUseNeedsItsPath(t *testing.T) {
	for path, opts := range map[string]tacho.Options{"/metrics": {}, "/*any": {}, "/own/*rest": {Endpoint: tacho.Endpoint{Path: "/own/metrics"}}} {
		r := gin.New()
		r.GET(path, hello)
		func() {
			defer func() {
				v := fmt.Sprint(recover())
				for _, want := range []string{"GET " + path + " is there already", "tachogin_test.hello", "remove that route", "Options.Endpoint.Path"} {
					if !strings.Contains(v, want) {
						t.Errorf("%s: panicked with %q, which lacks %q", path, v, want)
					}
				}
			}()
			tachogin.Use(r, opts)
		}()
	}
}

// TestUseLeavesOtherMethods: the endpoint answers HEAD and OPTIONS without routes
// that would be in the way of the service's.
func TestUseLeavesOtherMethods(t *testing.T) {
	for _, notAllowed := range []bool{false, true} {
		r := gin.New()
		r.HandleMethodNotAllowed = notAllowed
		m := tachogin.Use(r, tacho.Options{})
		r.GET("/x", hello)
		for method, allow := range map[string]string{"GET": "", "HEAD": "", "OPTIONS": "GET, HEAD, OPTIONS"} {
			w := serve(r, method, "/metrics")
			if w.Code != http.StatusOK || w.Header().Get("Allow") != allow || method == "HEAD" && w.Body.Len() != 0 {
				t.Errorf("%s is answered %d, Allow %q, %d bytes", method, w.Code, w.Header().Get("Allow"), w.Body.Len())
			}
		}
		expectRecorded(t, m, "")
		r.OPTIONS("/*any", func(c *gin.Context) { c.String(http.StatusAccepted, "cors") })
		r.HEAD("/*any", func(c *gin.Context) { c.Status(http.StatusAccepted) })
		for _, method := range []string{"OPTIONS", "HEAD"} {
			if w := serve(r, method, "/metrics"); w.Code != http.StatusAccepted {
				t.Errorf("the service's own %s is answered %d", method, w.Code)
			}
		}
		if w := serve(r, "POST", "/metrics"); w.Code == http.StatusOK {
			t.Error("POST is answered 200")
		}
	}
}

// TestEarlyRoutes: routes that were there before Use are named once in the log,
// and not shown at zero.
func TestEarlyRoutes(t *testing.T) {
	var log strings.Builder
	r := gin.New()
	r.GET("/early/:id", hello)
	r.POST("/early/:id", hello)
	r.GET("/both", hello)
	r.GET("/healthz", hello)
	m := tachogin.Use(r, tacho.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	r.POST("/both", hello)
	for range 3 {
		for _, path := range []string{"/early/1", "/both", "/healthz"} {
			serve(r, "GET", path)
		}
		serve(r, "POST", "/both")
	}
	expectRecorded(t, m, "{POST,/both,200} 3")
	body := serve(m.Metrics(), "GET", "/metrics").Body.String()
	for _, absent := range []string{`path="/early/:id"`, `method="GET",path="/both"`} {
		if strings.Contains(body, absent) {
			t.Errorf("%s is shown", absent)
		}
	}
	if !strings.Contains(body, "\nhttp_requests_in_flight 0\n") || !strings.Contains(body, `method="POST",path="/both",status="500"} 0`) {
		t.Errorf("exposed is\n%s", body)
	}
	const routes = `routes="GET /early/:id, GET /both, POST /early/:id"`
	if strings.Count(log.String(), "level=WARN") != 1 || !strings.Contains(log.String(), routes) {
		t.Errorf("the log says %q, want one warning with %s", log.String(), routes)
	}
}

// sink is a ResponseWriter that costs nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

// TestAllocations: a measured request allocates nothing of its own.
func TestAllocations(t *testing.T) {
	build := func(measured bool) http.Handler {
		r := gin.New()
		if measured {
			tachogin.Use(r, tacho.Options{})
		}
		body := []byte("ok")
		r.GET("/users/:id", func(c *gin.Context) { _, _ = c.Writer.Write(body) })
		return r
	}
	plain, measured := build(false), build(true)
	for _, target := range []string{"/users/1", "/nowhere"} {
		w, r := &sink{http.Header{}}, httptest.NewRequest("GET", target, nil)
		adaptertest.Allocations(t, target, func() { plain.ServeHTTP(w, r) }, func() { measured.ServeHTTP(w, r) })
	}
}

// TestOnRoutes: metrics on routes, and routes that are left out, behind a
// middleware that hides our writer, on an engine that is measured and on one
// that is not.
func TestOnRoutes(t *testing.T) {
	for name, c := range map[string]struct {
		measured bool
		hide     gin.HandlerFunc
	}{
		"measured":            {true, func(*gin.Context) {}},
		"measured and hidden": {true, func(c *gin.Context) { c.Writer = replacedWriter{c.Writer} }},
		"measured by nobody":  {false, func(*gin.Context) {}},
		"hidden from nobody":  {false, func(c *gin.Context) { c.Writer = replacedWriter{c.Writer} }},
	} {
		t.Run(name, func(t *testing.T) {
			r, m := gin.New(), tacho.MustNew(tacho.Options{OmitRuntime: true})
			if c.measured {
				r.Use(tachogin.Middleware(m))
			}
			r.Use(c.hide)
			calls := m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{
				{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }},
				{Name: "route", Func: tacho.Request.Route},
				{Name: "status", Func: tacho.Request.StatusText},
			}})
			created := func(c *gin.Context) { c.String(http.StatusCreated, "made") }
			r.GET("/tracked/:id", tachogin.Track(calls), created)
			r.GET("/quiet/:id", tachogin.DoNotTrack(m), tachogin.Track(calls), created)
			r.GET("/nothing/:id", tachogin.ExcludeAll(m), tachogin.Track(calls), created)
			r.GET("/nothing-last/:id", tachogin.Track(calls), tachogin.ExcludeAll(m), created)
			for _, path := range []string{"/tracked/1", "/quiet/2", "/nothing/3", "/nothing-last/4"} {
				if w := serve(r, "GET", path); w.Code != http.StatusCreated || w.Body.String() != "made" {
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

// TestTrackPanics: a panic goes on with its value, and is counted, whoever
// measures.
func TestTrackPanics(t *testing.T) {
	r, m := gin.New(), tacho.MustNew(tacho.Options{OmitRuntime: true})
	r.Use(gin.RecoveryWithWriter(io.Discard))
	calls := m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{{Name: "status", Func: tacho.Request.StatusText}}})
	r.GET("/fail", tachogin.Track(calls), func(*gin.Context) { panic("on purpose") })
	if w := serve(r, "GET", "/fail"); w.Code != http.StatusInternalServerError {
		t.Errorf("answered %d", w.Code)
	}
	if text, _, _ := m.Render(t.Context(), "", "calls_total"); !strings.Contains(string(text), `calls_total{status="500"} 1`) {
		t.Errorf("recorded %s", text)
	}
}
