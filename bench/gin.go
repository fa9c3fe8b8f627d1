package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	slokprom "github.com/slok/go-http-metrics/metrics/prometheus"
	slok "github.com/slok/go-http-metrics/middleware"
	slokgin "github.com/slok/go-http-metrics/middleware/gin"
	ginprometheus "github.com/zsais/go-gin-prometheus"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachogin"
)

func ginRows() []row {
	const framework = "gin"
	return []row{
		{framework, bare, func(w workload) service { return service{handler: newEngine(w, nil)} }},
		{framework, "tachogin, everything on", tachoginRow()},
		{framework, "tachogin, minimal", tachoginRow(minimal)},
		{framework, "tachogin, native histograms too", tachoginRow(native)},
		{framework, "tachogin, two schemas", tachoginRow(flaskToo)},
		{framework, "tachogin, shared with other processes", tachoginRow(shared)},
		{framework, "tachogin, two labels of its own", tachoginRow(ownLabels)},
		{framework, "the tutorials' own middleware", handWritten},
		{framework, "zsais/go-gin-prometheus", zsais},
		{framework, "slok/go-http-metrics", slokEngine},
		{framework, "otelgin + SDK + exporter", otelEngine},
	}
}

// newEngine returns the measured service: an engine whose handlers set a status and write two
// bytes.
func newEngine(w workload, use func(*gin.Engine)) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	if use != nil {
		use(e)
	}
	for i := range w.routes {
		e.GET(fmt.Sprintf("/r%d/:id", i), func(c *gin.Context) {
			c.Status(statusOf(c.Request.URL.Path))
			_, _ = c.Writer.Write(body)
		})
	}
	return e
}

func tachoginRow(on ...func(*tacho.Options)) func(workload) service {
	return func(w workload) service {
		var m *tacho.Meter
		e := newEngine(w, func(e *gin.Engine) { m = tachogin.Use(e, optionsWith(on)) })
		return service{handler: e, metrics: m.Metrics(), counter: "http_requests_total"}
	}
}

// handWritten is the middleware in most tutorials for Gin.
func handWritten(w workload) service {
	reg := prometheus.NewRegistry()
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total"}, []string{"method", "path", "status"})
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "http_request_duration_seconds"}, []string{"method", "path"})
	reg.MustRegister(requests, duration)
	e := newEngine(w, func(e *gin.Engine) {
		e.Use(func(c *gin.Context) {
			start := time.Now()
			c.Next()
			requests.WithLabelValues(c.Request.Method, c.FullPath(), strconv.Itoa(c.Writer.Status())).Inc()
			duration.WithLabelValues(c.Request.Method, c.FullPath()).Observe(time.Since(start).Seconds())
		})
	})
	return service{handler: e, metrics: exposed(reg), counter: "http_requests_total"}
}

// zsais labels by raw path by default; here it gets the template, which is cheaper. It supports
// client_golang's default registry only.
func zsais(w workload) service {
	reg := prometheus.NewRegistry()
	prometheus.DefaultRegisterer = reg
	p := ginprometheus.NewPrometheus("gin")
	p.ReqCntURLLabelMappingFn = func(c *gin.Context) string { return c.FullPath() }
	return service{handler: newEngine(w, p.Use), metrics: exposed(reg), counter: "gin_requests_total"}
}

func slokEngine(w workload) service {
	reg := prometheus.NewRegistry()
	m := slok.New(slok.Config{Recorder: slokprom.NewRecorder(slokprom.Config{Registry: reg})})
	e := newEngine(w, func(e *gin.Engine) { e.Use(slokgin.Handler("", m)) })
	return service{handler: e, metrics: exposed(reg), counter: "http_request_duration_seconds_count"}
}

// otelEngine has no tracer: only its metrics are measured.
func otelEngine(w workload) service {
	provider, metrics := otelProvider()
	e := newEngine(w, func(e *gin.Engine) { e.Use(otelgin.Middleware("bench", otelgin.WithMeterProvider(provider))) })
	return service{handler: e, metrics: metrics, counter: "http_server_request_duration_seconds_count"}
}
