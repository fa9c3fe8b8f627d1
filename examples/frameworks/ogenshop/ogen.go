// Package ogenshop is the shop on ogen, which generates a server with a router from an OpenAPI file. It
// needs no adapter: one function asks the generated server for the route.
package ogenshop

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/examples/frameworks/ogenshop/oas"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

//go:generate go tool ogen -config ogen.yml -target oas -package oas -clean shop.yml

// route reports the route of a server that ogen has generated, for adapter.Middleware. FindPath decides
// as the server does. A prefix of oas.WithPathPrefix is not part of the pattern: add it here.
func route(server *oas.Server) func(*http.Request) string {
	return func(r *http.Request) string {
		found, ok := server.FindPath(r.Method, r.URL)
		if !ok {
			return tacho.Unmatched
		}
		return found.PathPattern()
	}
}

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	m := tacho.MustNew(tacho.Options{})
	server, err := oas.NewServer(operations{})
	if err != nil {
		return err
	}
	measure := adapter.Middleware(m, route(server))
	mux := http.NewServeMux()
	// An operation has no place for a net/http middleware, so Only stands around all of them.
	mux.Handle("/", measure(shop.Recovering(shop.Only("/orders", shop.Orders(m), server))))
	mux.Handle("GET /metrics", m.Metrics())
	return http.Serve(ln, mux)
}

// operations implement oas.Handler.
type operations struct{}

func text(s string) oas.Text { return oas.Text{Data: strings.NewReader(s)} }

func (operations) Item(_ context.Context, in oas.ItemParams) (oas.ItemRes, error) {
	s, found := shop.Item(in.ID)
	if !found {
		return &oas.ItemNotFound{}, nil
	}
	out := text(s)
	return &out, nil
}

func (operations) Order(_ context.Context, in oas.OrderReq) (oas.Text, error) {
	body, err := io.ReadAll(in)
	return text(shop.Order(string(body))), err
}

func (operations) Stock(context.Context) (oas.Text, error) { return text(shop.Stock), nil }

func (operations) Broken(context.Context) (oas.Text, error) { return oas.Text{}, shop.ErrBroken }

func (operations) Panic(context.Context) (oas.Text, error) { panic(shop.ErrBroken) }

func (operations) Health(context.Context) (oas.Text, error) { return text(""), nil }
