package sidecar_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/sidecar"
	"github.com/tacho-go/tacho/sidecar/routes"
)

// respond responds with the status that the query names.
var respond = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	status, _ := strconv.Atoi(r.URL.RawQuery)
	w.WriteHeader(max(status, 200))
})

func withRoutes(list string) func(*sidecar.Options) {
	return func(o *sidecar.Options) {
		var err error
		if o.Routes, err = routes.ParseList([]byte(list)); err != nil {
			panic(err)
		}
	}
}

// TestRoutes: the label path, from a list, learned, or both.
func TestRoutes(t *testing.T) {
	list := withRoutes("GET /users/<int:id>\nPOST /orders\nGET /tags/\n")
	learn := func(o *sidecar.Options) { o.Learn = true }
	for _, c := range []struct {
		name    string
		options []func(*sidecar.Options)
		request string // method and path, with the status as query
		want    string
	}{
		{"listed", []func(*sidecar.Options){list}, "GET /users/7", "/users/<int:id>"},
		{"a missing user is of the route", []func(*sidecar.Options){list}, "GET /users/7?404", "/users/<int:id>"},
		{"HEAD is GET", []func(*sidecar.Options){list}, "HEAD /users/7", "/users/<int:id>"},
		{"a method that the service serves although it is not listed", []func(*sidecar.Options){list}, "OPTIONS /users/7", "/users/<int:id>"},
		{"a method that it does not serve", []func(*sidecar.Options){list}, "DELETE /users/7?405", "unmatched"},
		{"not listed, not served", []func(*sidecar.Options){list}, "GET /.env?404", "unmatched"},
		{"not listed, but served", []func(*sidecar.Options){list}, "GET /health2", "unknown"},
		{"redirected to the slash", []func(*sidecar.Options){list}, "GET /tags?308", "/tags/"},
		{"learned", nil, "GET /users/7", "/users/{id}"},
		{"learned from an error of the service", nil, "GET /users/7?500", "/users/{id}"},
		{"a scan is not learned", nil, "GET /wp-login.php?404", "unmatched"},
		{"a login wall teaches nothing", nil, "GET /wp-login.php?401", "unknown"},
		{"both: listed", []func(*sidecar.Options){list, learn}, "GET /users/7", "/users/<int:id>"},
		{"both: learned", []func(*sidecar.Options){list, learn}, "GET /health2", "/health2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, respond, c.options...)
			method, path, _ := strings.Cut(c.request, " ")
			r.raw(method + " " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			_, status, _ := strings.Cut(path, "?")
			if status == "" {
				status = "200"
			}
			r.await(fmt.Sprintf(`http_requests_total{method="%s",path="%s",status="%s"} 1`, method, c.want, status))
		})
	}
}

// TestServedBefore: a 404 of a learned route is of the route.
func TestServedBefore(t *testing.T) {
	r := start(t, respond)
	get(r, "/users/7")
	get(r, "/users/8?404")
	r.await(`http_requests_total{method="GET",path="/users/{id}",status="404"} 1`)
}

// TestListedRoutesStartAtZero.
func TestListedRoutesStartAtZero(t *testing.T) {
	r := start(t, respond, withRoutes("GET,POST /orders\n/any\n"), func(o *sidecar.Options) { o.Meter = tacho.Options{OmitRuntime: true} })
	r.await(`http_requests_total{method="POST",path="/orders",status="500"} 0`)
	if got := r.metrics(`http_requests_total{method="GET",path="/any"`); got != "" {
		t.Errorf("a route without methods: %s", got)
	}
}

// TestUpstreams: which service gets a request.
func TestUpstreams(t *testing.T) {
	named := func(name string) string {
		return start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s %s", name, r.URL.Path) })).upstream()
	}
	r := startFor(t, "", func(o *sidecar.Options) {
		o.Upstreams = []sidecar.Upstream{
			{Name: "rest", URL: named("rest")},
			{Name: "api", URL: named("api"), Path: "/api"},
			{Name: "v2", URL: named("v2"), Path: "/api/v2/"},
			{Name: "blog", URL: named("blog"), Host: "Blog.example"},
			{Name: "based", URL: named("based") + "/base/", Path: "/based"},
		}
	})
	for _, c := range []struct{ host, path, want string }{
		{"a", "/", "200 rest /"},
		{"a", "/apis", "200 rest /apis"},
		{"a", "/api", "200 api /api"},
		{"a", "/api/x", "200 api /api/x"},
		{"a", "/api/v2/x", "200 v2 /api/v2/x"},
		{"blog.example:8000", "/api", "200 blog /api"},
		{"a", "/based/x", "200 based /base/based/x"},
	} {
		if got := r.raw("GET " + c.path + " HTTP/1.1\r\nHost: " + c.host + "\r\nConnection: close\r\n\r\n"); got != c.want {
			t.Errorf("%s%s: %s, want %s", c.host, c.path, got, c.want)
		}
	}
	only := startFor(t, "", func(o *sidecar.Options) { o.Upstreams = []sidecar.Upstream{{URL: named("x"), Path: "/x"}} })
	if got := get(only, "/y"); got != "404 404 Not Found: no service is configured for this host and path\n" {
		t.Error(got)
	}
	only.await(`http_requests_total{method="GET",path="unmatched",status="404"} 1`)
}

// TestReload: requests go to the new service. What is wrong changes nothing.
func TestReload(t *testing.T) {
	old := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "old") }))
	changed := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "new") }))
	if err := old.Reload(sidecar.Options{}); err == nil || !strings.Contains(err.Error(), "Options.Upstreams") {
		t.Errorf("a wrong option: %v", err)
	}
	if got := get(old, "/"); got != "200 old" {
		t.Error(got)
	}
	if err := old.Reload(sidecar.Options{Upstreams: []sidecar.Upstream{{Name: "next", URL: changed.upstream()}}, Logger: discard}); err != nil {
		t.Fatal(err)
	}
	if got := get(old, "/"); got != "200 new" {
		t.Error(got)
	}
	old.await(`tacho_proxy_upstream_up{upstream="next"} 1`)
	if got := old.metrics(`tacho_proxy_upstream_up{upstream="app"}`); got != "" {
		t.Errorf("the previous upstream is still reported: %s", got)
	}
}

// TestBadOptions: every wrong option is named at once.
func TestBadOptions(t *testing.T) {
	_, err := sidecar.New(sidecar.Options{
		Upstreams: []sidecar.Upstream{
			{}, {URL: "ftp://a"}, {URL: "127.0.0.1:5000"}, {URL: "http://u:p@a"}, {URL: "unix://run/app.sock"}, {URL: "http://a?b", Path: "c", HealthPath: "d"}, {URL: "http://"},
		},
		MaxQueue: -1, Certificate: "a.pem",
		Meter:  tacho.Options{SeriesLimit: -1, RouteFunc: func(*http.Request) string { return "" }},
		Routes: []routes.Route{{Template: "/a/{b"}},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"Options.Upstreams[0].URL: is missing", `Options.Upstreams[1].URL: "ftp://a" does not begin with`, "Options.Upstreams[2].URL", "Options.Upstreams[3].URL: remove the user from http://u:xxxxx@a",
		"Options.Upstreams[4].URL", "Options.Upstreams[5].URL", "Options.Upstreams[5].Path", "Options.Upstreams[5].HealthPath", `Options.Upstreams[6].URL: "http://" has no host`,
		"Options.MaxQueue: -1ns is negative", "Options.Certificate: set both", "Options.Meter: RouteFunc", "Options.SeriesLimit", `Options.Routes: route "/a/{b": the parameter`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not contain %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "u:p@") {
		t.Error("the error has a password")
	}
}

// TestMaxConcurrent: requests beyond the limit wait, and get a 503 when that takes too long.
func TestMaxConcurrent(t *testing.T) {
	enter, leave := make(chan struct{}), make(chan struct{})
	r := start(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { enter <- struct{}{}; <-leave }), func(o *sidecar.Options) {
		o.MaxConcurrent, o.MaxQueue = 1, 100*time.Millisecond
	})
	first := make(chan string)
	go func() { first <- get(r, "/a") }()
	<-enter
	if got := get(r, "/b"); got != "503 503 Service Unavailable: too many requests are in progress\n" {
		t.Error(got)
	}
	leave <- struct{}{}
	if got := <-first; got != "200 " {
		t.Error(got)
	}
	r.await(`tacho_proxy_client_errors_total{cause="queue_timeout"} 1`)
	r.await(`tacho_proxy_queue_seconds_count 2`)
	r.await(`tacho_proxy_queued_requests 0`)
}

// TestHealth: the path decides whether the upstream is up, and readiness follows.
func TestHealth(t *testing.T) {
	var status atomic.Int32
	status.Store(200)
	r := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }), func(o *sidecar.Options) {
		o.Upstreams[0].HealthPath, o.Upstreams[0].HealthInterval = "/health", 10*time.Millisecond
	})
	for _, c := range []struct {
		status int32
		up     string
		ready  int
	}{{200, "1", 200}, {500, "0", 503}, {404, "1", 200}} {
		status.Store(c.status)
		r.await(`tacho_proxy_upstream_up{upstream="app"} ` + c.up)
		w := httptest.NewRecorder()
		r.Admin().ServeHTTP(w, httptest.NewRequest("GET", "/-/ready", nil))
		if w.Code != c.ready {
			t.Errorf("health %d: ready %d %s", c.status, w.Code, w.Body)
		}
	}
}
