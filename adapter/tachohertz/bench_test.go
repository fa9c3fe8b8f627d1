package tachohertz_test

import (
	"context"
	"testing"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/test/mock"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachohertz"
)

// BenchmarkRequest: what a request costs with and without measuring it.
func BenchmarkRequest(b *testing.B) {
	for name, opts := range map[string]*tacho.Options{"bare": nil, "minimal": {Minimal: true}, "everything": {}} {
		b.Run(name, func(b *testing.B) {
			h := server.New(server.WithDisablePrintRoute(true))
			if opts != nil {
				tachohertz.Use(h, *opts)
			}
			body := []byte("ok")
			h.GET("/users/:id", func(_ context.Context, c *app.RequestContext) { c.Response.SetBodyRaw(body) })
			c := app.NewContext(1)
			c.SetConn(mock.NewConn(""))
			b.ReportAllocs()
			for b.Loop() {
				c.Request.Header.SetMethod("GET")
				c.Request.SetRequestURI("http://x/users/1")
				h.ServeHTTP(context.Background(), c)
				c.ResetWithoutConn()
			}
		})
	}
}
