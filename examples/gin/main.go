// Gin is the well-known Gin and Prometheus service: two routes, one of them slow, with their
// rate, errors and duration on /metrics. The tutorials write middleware by hand for this; here
// it is one line.
//
//	go run ./examples/gin
//	curl http://127.0.0.1:8080/api
//	curl http://127.0.0.1:8080/metrics
package main

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachogin"
	"github.com/tacho-go/tacho/examples/internal/serve"
)

func main() {
	r := gin.Default()

	// Before the routes: Gin applies middleware only to routes added later.
	tachogin.Use(r, tacho.Options{Buckets: tacho.Buckets{Latency: []float64{0.1, 0.3, 0.5, 0.7, 1, 1.5, 2, 3}}})

	r.GET("/", hello)
	r.GET("/api", api)
	serve.Main("127.0.0.1:8080", r)
}

func hello(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"message": "hello"})
}

// api is slow, to show a latency.
func api(c *gin.Context) {
	time.Sleep(100 * time.Millisecond)
	c.JSON(http.StatusOK, gin.H{"message": "done"})
}
