package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/expiry"
	"github.com/tacho-go/tacho/internal/metertest"
)

// serve sends one request through a handler and returns the response.
func serve(h http.Handler, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w
}

// recorded lists the request counter's label sets that have requests.
func recorded(t *testing.T, m *tacho.Meter) string {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range families {
		if f.GetName() != "http_requests_total" {
			continue
		}
		for _, s := range f.GetMetric() {
			values := make([]string, 0, 3)
			for _, l := range s.GetLabel() {
				values = append(values, l.GetValue())
			}
			if n := s.GetCounter().GetValue(); n > 0 {
				lines = append(lines, fmt.Sprintf("%s %v", strings.Join(values, " "), n))
			}
		}
	}
	return strings.Join(lines, "; ")
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

type ctxKey string

// copying is a middleware that copies the request, as many do.
func copying(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), ctxKey("k"), "v")))
	})
}

// statusRecorder is the writer that everybody writes once: without Unwrap.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (w *statusRecorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func wrapping(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&statusRecorder{ResponseWriter: w}, r)
	})
}

// passing is a middleware that leaves everything as it is.
func passing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r) })
}

// rewriting takes the first segment off the path in place, and puts it back.
func rewriting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before := r.URL.Path
		r.URL.Path = before[strings.IndexByte(before[1:], '/')+1:]
		next.ServeHTTP(w, r)
		r.URL.Path = before
	})
}

// dispatching is a service of which one path is dispatched again under another.
func dispatching(measure func(http.Handler) http.Handler, path, again string, patterns ...string) http.Handler {
	mux := http.NewServeMux()
	root := measure(mux)
	for _, pattern := range patterns {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != path {
				ok(w, r)
				return
			}
			second, to := *r, *r.URL
			to.Path, second.URL = again, &to
			root.ServeHTTP(w, &second)
		})
	}
	return root
}

func TestRoutesOfNetHTTP(t *testing.T) {
	type build func(m *tacho.Meter) http.Handler
	mux := func(patterns ...string) *http.ServeMux {
		x := http.NewServeMux()
		for _, p := range patterns {
			x.HandleFunc(p, ok)
		}
		return x
	}
	mount := func(outer *http.ServeMux, pattern string, h http.Handler) *http.ServeMux {
		outer.Handle(pattern, h)
		return outer
	}
	users := func() *http.ServeMux { return mux("GET /users/{id}") }
	for _, test := range []struct {
		name, method, target, want string
		build                      build
	}{
		{"mux", "GET", "/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler { return m.Handler(users()) }},
		{"unmatched", "GET", "/nope", "GET unmatched 404 1", func(m *tacho.Meter) http.Handler { return m.Handler(users()) }},
		{"method not allowed", "POST", "/users/1", "POST unmatched 405 1", func(m *tacho.Meter) http.Handler { return m.Handler(users()) }},
		{"host pattern", "GET", "http://a.example/x/1", "GET /x/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(mux("GET a.example/x/{id}"))
		}},
		{"trailing slash redirect", "GET", "/tree", "GET /tree/ 307 1", func(m *tacho.Meter) http.Handler { return m.Handler(mux("/tree/")) }},
		{"cleaned path", "GET", "//users/./1", "GET /users/{id} 307 1", func(m *tacho.Meter) http.Handler { return m.Handler(users()) }},
		{"CONNECT redirect names no raw path", "CONNECT", "/secret", "CONNECT unmatched 307 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(mux("/{any}/"))
		}},
		{"CONNECT redirect behind a middleware", "CONNECT", "/secret", "CONNECT unmatched 307 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(wrapping(mux("/{any}/")))
		}},
		{"CONNECT redirect of a path that is not clean", "CONNECT", "//secret", "CONNECT unmatched 307 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(wrapping(mux("/{any...}", "//{x}/")))
		}},
		{"CONNECT redirect behind a middleware that rewrites the path", "CONNECT", "/x/secret", "CONNECT unmatched 307 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(rewriting(mux("/{any}/")))
		}},
		{"CONNECT behind a middleware", "CONNECT", "/t/1", "CONNECT /t/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(wrapping(mux("CONNECT /t/{id}")))
		}},
		{"CONNECT behind a middleware, any method", "CONNECT", "/t/1/", "CONNECT /t/{id}/ 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(wrapping(mux("/t/{id}/")))
		}},
		{"no router", "GET", "/users/1", "GET unknown 200 1", func(m *tacho.Meter) http.Handler { return m.Handler(http.HandlerFunc(ok)) }},
		{"handler below a mux", "GET", "/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return mount(http.NewServeMux(), "/users/{id}", m.Handler(http.HandlerFunc(ok)))
		}},
		{"copies outside", "GET", "/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return copying(wrapping(copying(copying(m.Handler(users())))))
		}},
		{"wrappers inside", "GET", "/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(wrapping(wrapping(users())))
		}},
		{"copies inside", "GET", "/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(copying(wrapping(copying(copying(m.Handler(users()))))))
		}},
		{"copies inside, unmatched", "GET", "/nope", "GET unmatched 404 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(copying(copying(copying(m.Handler(users())))))
		}},
		{"copies inside, refused before the mux", "GET", "/users/1", "GET unknown 401 1", func(m *tacho.Meter) http.Handler {
			m.Handler(users())
			return m.Handler(copying(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) })))
		}},
		{"StripPrefix outside", "GET", "/api/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return http.StripPrefix("/api", m.Handler(users()))
		}},
		{"StripPrefix inside", "GET", "/api/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(http.StripPrefix("/api", m.Handler(users())))
		}},
		{"nested mux, outer alone", "GET", "/api/users/1", "GET /api/ 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(mount(http.NewServeMux(), "/api/", http.StripPrefix("/api", users())))
		}},
		{"nested mux, both", "GET", "/api/users/1", "GET /api/users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(mount(http.NewServeMux(), "/api/", http.StripPrefix("/api", m.Handler(users()))))
		}},
		{"nested mux, inner alone", "GET", "/api/users/1", "GET /api/users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return mount(http.NewServeMux(), "/api/", http.StripPrefix("/api", m.Handler(users())))
		}},
		{"nested mux that sees the whole path", "GET", "/api/users/1", "GET /api/users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(mount(http.NewServeMux(), "/api/", m.Handler(mux("GET /api/users/{id}"))))
		}},
		{"nested mux, unmatched inside", "GET", "/api/nope", "GET unmatched 404 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(mount(http.NewServeMux(), "/api/", http.StripPrefix("/api", m.Handler(users()))))
		}},
		{"three levels", "GET", "/api/v1/users/1", "GET /api/v1/users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			inner := http.StripPrefix("/v1", m.Handler(users()))
			middle := http.StripPrefix("/api", m.Handler(mount(http.NewServeMux(), "/v1/", inner)))
			return m.Handler(mount(http.NewServeMux(), "/api/", middle))
		}},
		{"nested below a wildcard", "GET", "/t/7/users/1", "GET /t/{tenant}/users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(mount(http.NewServeMux(), "/t/{tenant}/{rest...}", http.StripPrefix("/t/7", m.Handler(users()))))
		}},
		{"TimeoutHandler inside", "GET", "/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(http.TimeoutHandler(m.Handler(users()), time.Minute, "late"))
		}},
		{"dispatched again, same route", "GET", "/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return dispatching(m.Handler, "/users/1", "/users/2", "GET /users/{id}")
		}},
		{"dispatched again, another route", "GET", "/old", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return dispatching(m.Handler, "/old", "/users/2", "GET /old", "GET /users/{id}")
		}},
		{"dispatched again, to the rest of the path", "GET", "/users/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return dispatching(m.Handler, "/users/users/1", "/users/1", "GET /users/users/", "GET /users/{id}")
		}},
		{"dispatched again, from a literal path", "GET", "/old/new", "GET /new 200 1", func(m *tacho.Meter) http.Handler {
			return dispatching(func(h http.Handler) http.Handler { return m.Handler(copying(m.Handler(h))) }, "/old/new", "/new", "GET /old/new", "GET /new")
		}},
		{"dispatched again, router out of sight", "GET", "/old", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return dispatching(func(h http.Handler) http.Handler { return m.Handler(passing(h)) }, "/old", "/users/2", "GET /old", "GET /users/{id}")
		}},
		{"dispatched again, unmatched", "GET", "/old", "GET unmatched 404 1", func(m *tacho.Meter) http.Handler {
			return dispatching(m.Handler, "/old", "/nope", "GET /old")
		}},
		{"a Meter twice with another one in between", "GET", "/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(tacho.MustNew(tacho.Options{}).Handler(m.Handler(users())))
		}},
		{"a Meter twice with two others in between", "GET", "/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			other, third := tacho.MustNew(tacho.Options{}), tacho.MustNew(tacho.Options{})
			return m.Handler(other.Handler(wrapping(third.Handler(other.Handler(m.Handler(users()))))))
		}},
		{"nested mux out of sight", "GET", "/api/users/1", "GET /api/users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(mount(http.NewServeMux(), "/api/", http.StripPrefix("/api", m.Handler(wrapping(users())))))
		}},
		{"twice by accident", "GET", "/users/1", "GET /users/{id} 200 1", func(m *tacho.Meter) http.Handler {
			return m.Handler(m.Handler(users()))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := tacho.MustNew(tacho.Options{})
			h := test.build(m)
			serve(h, test.method, test.target)
			if got := recorded(t, m); got != test.want {
				t.Errorf("recorded %q, want %q", got, test.want)
			}
		})
	}
}

// A lateContext runs out of time when the handler has said that it is at work:
// then http.TimeoutHandler gives up, and answers.
type lateContext struct {
	context.Context
	entered, answered chan struct{}
}

type lateKey struct{}

func newLateContext() *lateContext {
	c := &lateContext{entered: make(chan struct{}), answered: make(chan struct{})}
	c.Context = expiry.On(context.Background(), c.entered)
	return c
}

// answering says when it has been answered on.
type answering struct {
	*httptest.ResponseRecorder
	answered chan struct{}
}

func (a *answering) WriteHeader(status int) {
	a.ResponseRecorder.WriteHeader(status)
	close(a.answered)
}

func (c *lateContext) Value(key any) any {
	if key == (lateKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// TestTimeoutHandler: the 503 that http.TimeoutHandler sends is recorded, with
// the route, whether it stands inside or outside of us.
func TestTimeoutHandler(t *testing.T) {
	const want = "GET /slow/{id} 503 1"
	slow := func() (*http.ServeMux, chan struct{}) {
		mux, left := http.NewServeMux(), make(chan struct{})
		mux.HandleFunc("GET /slow/{id}", func(w http.ResponseWriter, r *http.Request) {
			defer close(left)
			late := r.Context().Value(lateKey{}).(*lateContext)
			close(late.entered)
			<-late.answered
		})
		return mux, left
	}
	serve := func(h http.Handler, method, target string) *httptest.ResponseRecorder {
		late := newLateContext()
		w := &answering{httptest.NewRecorder(), late.answered}
		h.ServeHTTP(w, httptest.NewRequest(method, target, nil).WithContext(late))
		return w.ResponseRecorder
	}
	t.Run("inside", func(t *testing.T) {
		m := tacho.MustNew(tacho.Options{})
		mux, left := slow()
		w := serve(m.Handler(http.TimeoutHandler(m.Handler(mux), time.Hour, "late")), "GET", "/slow/1")
		<-left
		if w.Code != 503 || recorded(t, m) != want {
			t.Errorf("answered %d, recorded %q, want %q", w.Code, recorded(t, m), want)
		}
	})
	t.Run("outside", func(t *testing.T) {
		m := tacho.MustNew(tacho.Options{})
		mux, left := slow()
		ended := make(chan struct{})
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			m.Handler(mux).ServeHTTP(w, r)
		})
		w := serve(http.TimeoutHandler(h, time.Hour, "late"), "GET", "/slow/1")
		<-left
		<-ended
		if w.Code != 503 || recorded(t, m) != want {
			t.Errorf("answered %d, recorded %q, want %q", w.Code, recorded(t, m), want)
		}
	})
	t.Run("outside, answer too late", func(t *testing.T) {
		m := tacho.MustNew(tacho.Options{})
		ended := make(chan struct{})
		mux := http.NewServeMux()
		mux.HandleFunc("GET /slow/{id}", func(w http.ResponseWriter, r *http.Request) {
			close(r.Context().Value(lateKey{}).(*lateContext).entered)
			<-r.Context().Done()
			// The deadline shows a moment before TimeoutHandler answers.
			for {
				if _, err := io.WriteString(w, "late"); err == http.ErrHandlerTimeout {
					return
				}
			}
		})
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			m.Handler(mux).ServeHTTP(w, r)
		})
		serve(http.TimeoutHandler(h, time.Hour, "late"), "GET", "/slow/1")
		<-ended
		if recorded(t, m) != want {
			t.Errorf("recorded %q, want %q", recorded(t, m), want)
		}
	})
}

func TestRouteFunc(t *testing.T) {
	for _, test := range []struct {
		name, want string
		fn         func(*http.Request) string
	}{
		{"names the route", "GET /by-func 200 1", func(*http.Request) string { return "/by-func" }},
		{"empty", "GET unknown 200 1", func(*http.Request) string { return "" }},
		{"panics", "GET unknown 200 1", func(*http.Request) string { panic("on purpose") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := tacho.MustNew(tacho.Options{RouteFunc: test.fn, Logger: discard})
			serve(m.Handler(http.HandlerFunc(ok)), "GET", "/x")
			if got := recorded(t, m); got != test.want {
				t.Errorf("recorded %q, want %q", got, test.want)
			}
		})
	}
}

// TestAbort: http.ErrAbortHandler is a panic like any other, unless the client
// has left: that is how ReverseProxy gives up.
func TestAbort(t *testing.T) {
	for _, test := range []struct {
		name, want string
		gone       bool
		panics     float64
	}{
		{"client there", "GET /abort 500 1", false, 1},
		{"client gone", "GET /abort 499 1", true, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := tacho.MustNew(tacho.Options{})
			mux := http.NewServeMux()
			mux.HandleFunc("GET /abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if test.gone {
				cancel()
			}
			func() {
				defer func() {
					if v := recover(); v != http.ErrAbortHandler {
						t.Errorf("the panic came out as %v", v)
					}
				}()
				m.Handler(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/abort", nil).WithContext(ctx))
			}()
			if got := recorded(t, m); got != test.want {
				t.Errorf("recorded %q, want %q", got, test.want)
			}
			if got := sample(t, m, "http_request_panics_total"); got != test.panics {
				t.Errorf("%v panics, want %v", got, test.panics)
			}
		})
	}
}

// TestFormsReachTheServer: handlers see a copy of a request that has a body; the
// server must still find the multipart form, to remove its temporary files.
func TestFormsReachTheServer(t *testing.T) {
	const body = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\nhello\r\n--b--\r\n"
	m := tacho.MustNew(tacho.Options{})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /up", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1); err != nil {
			t.Error(err)
		}
	})
	r := httptest.NewRequest("POST", "/up", strings.NewReader(body))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	original := r.Body
	m.Handler(mux).ServeHTTP(httptest.NewRecorder(), r)
	if r.MultipartForm != nil {
		defer func() { _ = r.MultipartForm.RemoveAll() }() // as the server does
	}
	if r.MultipartForm == nil || r.Pattern != "POST /up" || r.Body != original {
		t.Errorf("the server's request has form %v, pattern %q, own body %v", r.MultipartForm, r.Pattern, r.Body == original)
	}
	if got := sample(t, m, "http_request_size_bytes"); got != float64(len(body)) {
		t.Errorf("request size %v, want %d", got, len(body))
	}
}

// TestRequestComesBack: what the mux and the handlers leave in a request reaches
// those around, whether the request is measured, excluded, marked or found to be
// nested.
func TestRequestComesBack(t *testing.T) {
	for name, measure := range map[string]func(*tacho.Meter, http.Handler) http.Handler{
		"nobody":   func(_ *tacho.Meter, h http.Handler) http.Handler { return h },
		"measured": (*tacho.Meter).Handler,
		"nested":   func(m *tacho.Meter, h http.Handler) http.Handler { return m.Handler(passing(m.Handler(h))) },
		"marked":   (*tacho.Meter).DoNotTrack,
		"excluded": func(m *tacho.Meter, h http.Handler) http.Handler { return m.ExcludeAll(h) },
		"tracked": func(m *tacho.Meter, h http.Handler) http.Handler {
			return tacho.Track(h, m.Counter(tacho.MetricOptions{Name: "x", Help: "X."}))
		},
		"excluded by path": func(m *tacho.Meter, h http.Handler) http.Handler {
			metertest.Join(m)
			metertest.Join(m)
			return m.Handler(h)
		},
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+" "+method, func(t *testing.T) {
				m := tacho.MustNew(tacho.Options{Exclude: tacho.Exclude{Paths: []string{"/excluded by path/1"}}})
				mux := http.NewServeMux()
				mux.HandleFunc("/"+strings.ReplaceAll(name, " ", "%20")+"/{id}", func(_ http.ResponseWriter, r *http.Request) {
					_ = r.ParseForm()
					*r = *r.WithContext(context.WithValue(r.Context(), ctxKey("k"), "v"))
				})
				r := httptest.NewRequest(method, "/"+strings.ReplaceAll(name, " ", "%20")+"/1?a=b", strings.NewReader("body"))
				if method == "GET" {
					r.Body = http.NoBody
				}
				body := r.Body
				measure(m, mux).ServeHTTP(httptest.NewRecorder(), r)
				if r.PathValue("id") != "1" || r.Form.Get("a") != "b" || r.Context().Value(ctxKey("k")) != "v" || r.Pattern == "" || r.Body != body {
					t.Errorf("around it, the request has id %q, form %v, context value %v, pattern %q, its own body: %v",
						r.PathValue("id"), r.Form, r.Context().Value(ctxKey("k")), r.Pattern, r.Body == body)
				}
			})
		}
	}
}

// TestOwnContext: a context that a handler puts into the request in place, and
// cancels, is not the server's.
func TestOwnContext(t *testing.T) {
	for _, body := range []io.Reader{nil, strings.NewReader("body")} {
		m := tacho.MustNew(tacho.Options{})
		mux := http.NewServeMux()
		mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			*r = *r.WithContext(ctx)
		})
		m.Handler(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/silent", body))
		if got, want := recorded(t, m), "POST /silent 200 1"; got != want {
			t.Errorf("recorded %q, want %q", got, want)
		}
	}
}

// TestShutdownIsNotTheClient: a base context that signal.NotifyContext cancels
// at shutdown says nothing about the clients whose requests are being drained.
func TestShutdownIsNotTheClient(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /draining", ok)
	ctx, stop := context.WithCancelCause(context.Background())
	stop(errors.New("terminated signal received"))
	m.Handler(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/draining", nil).WithContext(ctx))
	if got, want := recorded(t, m), "GET /draining 200 1"; got != want {
		t.Errorf("recorded %q, want %q", got, want)
	}
}

// TestKeptWriter: a handler that keeps its writer beyond its return, which
// net/http forbids, reaches its own response only, and spoils no other
// request's record.
func TestKeptWriter(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	mux := http.NewServeMux()
	var kept http.ResponseWriter
	mux.HandleFunc("GET /keeps", func(w http.ResponseWriter, _ *http.Request) { kept = w })
	mux.HandleFunc("GET /other", func(w http.ResponseWriter, _ *http.Request) {
		kept.WriteHeader(500)
		_, _ = io.WriteString(kept, "late")
	})
	h := m.Handler(mux)
	first := serve(h, "GET", "/keeps")
	for range 100 { // whoever uses the memory again
		if second := serve(h, "GET", "/other"); second.Code != 200 || second.Body.Len() != 0 {
			t.Fatalf("another response got %d %q", second.Code, second.Body)
		}
	}
	if !strings.HasPrefix(first.Body.String(), "late") {
		t.Errorf("its own response has %q", first.Body)
	}
	if got, want := recorded(t, m), "GET /keeps 200 1; GET /other 200 100"; got != want {
		t.Errorf("recorded %q, want %q", got, want)
	}
}

// TestReadsOnAfterTimeout: a handler that outlives its time-out may go on to
// read the body and to name its route; the race detector watches.
func TestReadsOnAfterTimeout(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	late, left := make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /slow", func(_ http.ResponseWriter, r *http.Request) {
		defer close(left)
		<-late
		_, _ = io.Copy(io.Discard, r.Body)
	})
	r := httptest.NewRequest("POST", "/slow", strings.NewReader("body"))
	w := httptest.NewRecorder()
	m.Handler(http.TimeoutHandler(m.Handler(mux), time.Millisecond, "late")).ServeHTTP(w, r)
	close(late)
	<-left
	if w.Code != 503 {
		t.Errorf("answered %d", w.Code)
	}
	if got := recorded(t, m); got != "POST /slow 503 1" && got != "POST unknown 503 1" {
		t.Errorf("recorded %q", got)
	}
}

var discard = slog.New(slog.DiscardHandler)

// sample adds up a metric's label sets: values of counters and gauges, sums of
// histograms.
func sample(t *testing.T, m *tacho.Meter, name string) float64 {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, s := range f.GetMetric() {
			total += s.GetCounter().GetValue() + s.GetGauge().GetValue() + s.GetHistogram().GetSampleSum()
		}
	}
	return total
}
