// Package routers shows that routers of net/http need no adapter of their own: chi and
// gorilla/mux, measured through adapter.Middleware, pass the suite. Its tests are the
// recipe. It is a module so that nobody else gets these routers.
package routers
