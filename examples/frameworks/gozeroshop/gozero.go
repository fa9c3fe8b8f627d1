// Package gozeroshop is the shop on go-zero. Its router tells nobody which route it has found, so the
// server gets one that remembers it.
package gozeroshop

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/zeromicro/go-zero/core/conf"
	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeromicro/go-zero/rest"
	"github.com/zeromicro/go-zero/rest/httpx"
	"github.com/zeromicro/go-zero/rest/pathvar"
	"github.com/zeromicro/go-zero/rest/router"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

type routeKey struct{}

// A measured router is go-zero's own, measured around all of go-zero's middleware. Its handlers report
// their route; what none has reported is unmatched.
type measured struct {
	httpx.Router
	serve http.Handler
}

func measure(m *tacho.Meter, inner httpx.Router) httpx.Router {
	return measured{inner, adapter.Middleware(m, func(r *http.Request) string {
		if reported, ok := r.Context().Value(routeKey{}).(*string); ok && *reported != "" {
			return *reported
		}
		return tacho.Unmatched
	})(inner)}
}

// ServeHTTP implements httpx.Router.
func (m measured) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.serve.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), routeKey{}, new(string))))
}

// Handle implements httpx.Router.
func (m measured) Handle(method, path string, next http.Handler) error {
	return m.Router.Handle(method, path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reported, ok := r.Context().Value(routeKey{}).(*string); ok {
			*reported = path
		}
		next.ServeHTTP(w, r)
	}))
}

// Serve serves the shop on the address of ln; go-zero listens itself.
func Serve(ln net.Listener) error {
	m := tacho.MustNew(tacho.Options{})
	var c rest.RestConf
	if err := conf.FillDefault(&c); err != nil {
		return err
	}
	c.DevServer.Enabled = false // it listens on a fixed port
	c.Name, c.Host, c.Port = "shop", "127.0.0.1", ln.Addr().(*net.TCPAddr).Port
	if err := ln.Close(); err != nil {
		return err
	}
	server, err := rest.NewServer(c, rest.WithRouter(measure(m, router.NewRouter())))
	if err != nil {
		return err
	}
	logx.Disable()
	server.AddRoutes([]rest.Route{
		{Method: "GET", Path: "/items/:id", Handler: item},
		{Method: "POST", Path: "/orders", Handler: tacho.Track(http.HandlerFunc(shop.PlaceOrder), shop.Orders(m)).ServeHTTP},
		{Method: "GET", Path: "/broken", Handler: func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, shop.ErrBroken.Error(), http.StatusInternalServerError)
		}},
		{Method: "GET", Path: "/panic", Handler: func(http.ResponseWriter, *http.Request) { panic(shop.ErrBroken) }},
		{Method: "GET", Path: "/healthz", Handler: func(http.ResponseWriter, *http.Request) {}},
		{Method: "GET", Path: "/metrics", Handler: m.Metrics().ServeHTTP},
	})
	server.AddRoutes([]rest.Route{
		{Method: "GET", Path: "/stock", Handler: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, shop.Stock) }},
	}, rest.WithPrefix("/api/v1"))
	server.Start()
	return nil
}

func item(w http.ResponseWriter, r *http.Request) {
	shop.ShowItem(w, r, pathvar.Vars(r)["id"])
}
