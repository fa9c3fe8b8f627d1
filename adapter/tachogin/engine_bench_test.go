package tachogin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachogin"
)

func BenchmarkEngine(b *testing.B) {
	for _, of := range []struct {
		name string
		opts tacho.Options
		post bool
	}{{"everything on", tacho.Options{}, false}, {"minimal", tacho.Options{Minimal: true}, false}, {"with a body", tacho.Options{}, true}} {
		b.Run(of.name, func(b *testing.B) {
			r := gin.New()
			tachogin.Use(r, of.opts)
			body := []byte("ok")
			h := func(c *gin.Context) { _, _ = c.Writer.Write(body) }
			r.GET("/users/:id", h)
			r.POST("/users/:id", h)
			w, req := &sink{http.Header{}}, httptest.NewRequest("GET", "/users/1", nil)
			if of.post {
				req = httptest.NewRequest("POST", "/users/1", strings.NewReader("x"))
			}
			b.ReportAllocs()
			for b.Loop() {
				r.ServeHTTP(w, req)
			}
		})
	}
}
