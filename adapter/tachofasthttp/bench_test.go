package tachofasthttp_test

import (
	"testing"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachofasthttp"
)

// BenchmarkRequest: what a request costs with and without measuring it.
func BenchmarkRequest(b *testing.B) {
	for name, opts := range map[string]*tacho.Options{"bare": nil, "minimal": {Minimal: true}, "everything": {}} {
		b.Run(name, func(b *testing.B) {
			r := router.New()
			s := &fasthttp.Server{Handler: r.Handler}
			if opts != nil {
				tachofasthttp.Use(s, r, *opts)
			}
			r.GET("/users/{id}", hello)
			var raw fasthttp.RequestCtx
			raw.Init(new(fasthttp.Request), nil, nil)
			raw.Request.SetRequestURI("/users/1")
			b.ReportAllocs()
			for b.Loop() {
				s.Handler(&raw)
				raw.Response.Reset()
			}
		})
	}
}
