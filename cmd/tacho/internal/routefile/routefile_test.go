package routefile_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/cmd/tacho/internal/routefile"
)

const openAPI = `
openapi: 3.1.0
info: {title: Shop, version: "1"}
servers:
  - url: https://shop.example.org/api/
paths:
  /orders:
    summary: Orders
    get: {}
    post: {}
  /orders/{id}:
    $ref: "#/components/pathItems/order"
  /any: {}
  x-note: none
components:
  pathItems:
    order:
      parameters: []
      delete: {}
`

func TestOpenAPI(t *testing.T) {
	for name, text := range map[string]string{
		"yaml": openAPI,
		"json": `{"openapi": "3.0.3", "servers": [{"url": "/api"}], "paths": {"/orders": {"get": {}, "post": {}}, "/orders/{id}": {"delete": {}}, "/any": {}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			list, err := routefile.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range list {
				got = append(got, strings.TrimSpace(strings.Join(r.Methods, ",")+" "+r.Template))
			}
			if want := []string{"GET,POST /api/orders", "DELETE /api/orders/{id}", "/api/any"}; !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"version 2", "swagger: '2.0'\npaths: {}\n", "only OpenAPI 3 is supported: the key openapi must be 3.x"},
		{"no paths", "openapi: 3.0.0\n", "it has no paths"},
		{"empty paths", "openapi: 3.0.0\npaths: {}\n", "it has no paths"},
		{"bad path", "openapi: 3.0.0\npaths:\n  /a/{b:\n    get: {}\n", `line 3: route "/a/{b": the parameter in "{b" is not closed`},
		{"bad list", "/a\nb\n", `line 2: "b" has no path: a route is a path such as /users/{id}, with its methods before or after it`},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "routes")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := routefile.Read(file); err == nil || err.Error() != file+": "+c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// FuzzParse: no file makes it panic, or hang because of aliases.
func FuzzParse(f *testing.F) {
	f.Add([]byte(openAPI))
	f.Add([]byte("openapi: 3.0.0\na: &a [*a]\npaths: {/x: *a}\n"))
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = routefile.Parse(text) })
}
