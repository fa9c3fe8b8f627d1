package ogenshop

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ogen-go/ogen/middleware"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/examples/frameworks/ogenshop/oas"
)

// TestRoute: the function reports the route of just those requests that the server passes to an
// operation, and of no others.
func TestRoute(t *testing.T) {
	for _, c := range []struct{ prefix, request, want string }{
		{"", "GET /items/7", "/items/{id}"},
		{"", "GET /items/a%2Fb", "/items/{id}"},
		{"", "GET /items/a%20b", "/items/{id}"},
		{"", "GET /items/\xff", "/items/{id}"},
		{"", "GET /items/a/b", tacho.Unmatched},
		{"", "GET /items", tacho.Unmatched},
		{"", "HEAD /items/7", tacho.Unmatched},
		{"", "DELETE /items/7", tacho.Unmatched},
		{"", "OPTIONS /orders", tacho.Unmatched},
		{"", "GET //items/7", tacho.Unmatched},
		{"", "GET /stock", tacho.Unmatched},
		{"/shop", "GET /shop/items/7", "/items/{id}"},
		{"/shop", "GET /items/7", tacho.Unmatched},
	} {
		served := false
		server, err := oas.NewServer(operations{}, oas.WithPathPrefix(c.prefix), oas.WithMiddleware(func(r middleware.Request, next middleware.Next) (middleware.Response, error) {
			served = true
			return next(r)
		}))
		if err != nil {
			t.Fatal(err)
		}
		method, path, _ := strings.Cut(c.request, " ")
		r := httptest.NewRequest(method, "http://shop", http.NoBody)
		if r.URL, err = r.URL.Parse("http://shop" + path); err != nil {
			t.Fatal(err)
		}
		if got := route(server)(r); got != c.want {
			t.Errorf("%s %s: the route is %s, want %s", c.prefix, c.request, got, c.want)
		}
		server.ServeHTTP(httptest.NewRecorder(), r)
		if matched := c.want != tacho.Unmatched; served != matched {
			t.Errorf("%s %s: the server found an operation: %t, want %t", c.prefix, c.request, served, matched)
		}
	}
}
