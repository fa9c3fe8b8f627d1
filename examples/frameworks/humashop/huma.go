// Package humashop is the shop on huma. Its operations are routes of the router below, here a ServeMux:
// measuring that router is all that is needed.
package humashop

import (
	"context"
	"net"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// An output is a response of plain text.
type output struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func text(s string) *output { return &output{"text/plain", []byte(s)} }

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	m := tacho.MustNew(tacho.Options{})
	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("shop", "1.0.0"))
	huma.Get(api, "/items/{id}", item)
	huma.Register(api, huma.Operation{Method: "POST", Path: "/orders", DefaultStatus: http.StatusCreated}, order)
	huma.Get(huma.NewGroup(api, "/api/v1"), "/stock", func(context.Context, *struct{}) (*output, error) { return text(shop.Stock), nil })
	huma.Get(api, "/broken", func(context.Context, *struct{}) (*output, error) { return nil, shop.ErrBroken })
	huma.Get(api, "/panic", func(context.Context, *struct{}) (*output, error) { panic(shop.ErrBroken) })
	huma.Get(api, "/healthz", func(context.Context, *struct{}) (*output, error) { return text(""), nil })
	mux.Handle("GET /metrics", m.Metrics())

	// An operation has no place for a net/http middleware, so Only stands around all of them.
	orders := shop.Orders(m)
	return http.Serve(ln, m.Handler(shop.Recovering(shop.Only("/orders", orders, m.Handler(mux)))))
}

func item(_ context.Context, in *struct {
	ID string `path:"id"`
}) (*output, error) {
	s, found := shop.Item(in.ID)
	if !found {
		return nil, huma.Error404NotFound("there is no such item")
	}
	return text(s), nil
}

func order(_ context.Context, in *struct{ RawBody []byte }) (*output, error) {
	return text(shop.Order(string(in.RawBody))), nil
}
