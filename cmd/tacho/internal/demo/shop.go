package demo

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachogin"
)

// A shop is the service of one generation, with its business metrics.
type shop struct {
	in       *instance
	orders   *prometheus.CounterVec
	items    prometheus.Histogram
	payments prometheus.Observer
	bank     *http.Client // for the payment service
	db       *database
}

// fromZero are the statuses that every route exports from the start, so that rates are
// complete after a restart.
var fromZero = []int{200, 201, 500, 503}

// newShop returns the service of one generation. tachogin.Use is its complete
// instrumentation.
func newShop(in *instance, g *generation, version string) http.Handler {
	gin.SetMode(gin.ReleaseMode) // no startup lines of Gin
	r := gin.New()
	r.Use(traceparent, countScrapes(&g.scrapes))

	m := tachogin.Use(r, tacho.Options{
		Multiproc:        tacho.Multiproc{Off: true}, // two separate instances in one process
		Buckets:          tacho.Buckets{Latency: latencyBuckets},
		NativeHistograms: true,
		TraceFunc:        traceIDs,
		Status:           tacho.Status{Initial: fromZero},
		// Both instances live in tacho's own process, whose memory and
		// goroutines say nothing about a shop.
		OmitRuntime: true,
		Logger:      in.world.opts.Logger,
	})

	s := newBusiness(in, m.Registerer(), version)
	s.bank, s.db = in.world.payments.client(m), g.db
	g.db.register(m.Registerer())
	for _, route := range routes {
		switch {
		case route.path == ordersPath:
			r.POST(route.path, s.order(route))
		case route.path == orderPath:
			r.GET(route.path, s.show(route))
		case route.path != tacho.Unmatched:
			r.Handle(route.method, route.path, s.answer(route))
		}
	}
	return r
}

// Names of the shop's own metrics that are also in the history.
const (
	ordersMetric = "shop_orders_total"
	buildMetric  = "shop_build_info"
	startMetric  = "process_start_time_seconds"
)

func newBusiness(in *instance, reg prometheus.Registerer, version string) *shop {
	auto := promauto.With(reg)
	s := &shop{
		in: in,
		orders: auto.NewCounterVec(prometheus.CounterOpts{
			Name: ordersMetric, Help: "Orders taken, by kind of goods.",
		}, []string{"kind"}),
		items: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "shop_order_items", Help: "Items in an order.", Buckets: []float64{1, 2, 3, 5, 10},
		}),
		payments: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "shop_payment_duration_seconds", Help: "Time that the payment service took, in seconds.", Buckets: latencyBuckets,
		}),
	}
	for _, kind := range kinds {
		s.orders.WithLabelValues(kind) // export 0 from the start
	}
	auto.NewGauge(prometheus.GaugeOpts{
		Name: buildMetric, Help: "The version of the shop that runs.", ConstLabels: prometheus.Labels{"version": version},
	}).Set(1)
	auto.NewGauge(prometheus.GaugeOpts{
		Name: startMetric, Help: "Start time of the process since unix epoch in seconds.",
	}).Set(float64(in.world.opts.Now().UnixMilli()) / 1000)
	return s
}

// answer serves a route that only simulates latency.
func (s *shop) answer(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		fault := s.in.world.faults.on(s.in.name, r)
		if !s.db.query(c.Request.Context(), r.takes.draw(s.in.dice)+fault.Slower) {
			return // the client is gone
		}
		if s.in.dice.float() < r.fails+fault.Fails {
			c.JSON(r.failure, gin.H{"error": "the price list is broken"})
			return
		}
		if r.sells != "" {
			s.sell(r.sells)
		}
		c.JSON(r.ok, gin.H{"message": "done"})
	}
}

func (s *shop) sell(kind string) {
	s.orders.WithLabelValues(kind).Inc()
	s.items.Observe(float64(1 + s.in.dice.below(10)))
}

// order takes an order after its payment.
func (s *shop) order(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		kind := c.Query("kind")
		if !sold(kind) {
			c.JSON(http.StatusBadRequest, gin.H{"error": "unknown kind; use one of: " + strings.Join(kinds, ", ")})
			return
		}
		start := time.Now()
		id, err := s.in.world.payments.pay(c.Request.Context(), s.bank)
		s.payments.Observe(time.Since(start).Seconds())
		switch {
		case c.Request.Context().Err() != nil: // the client is gone
		case err != nil:
			c.JSON(r.failure, gin.H{"error": err.Error()})
		default:
			s.sell(kind)
			c.JSON(r.ok, gin.H{"id": id})
		}
	}
}

func sold(kind string) bool {
	for _, k := range kinds {
		if k == kind {
			return true
		}
	}
	return false
}

// show returns a paid order.
func (s *shop) show(r route) gin.HandlerFunc {
	return func(c *gin.Context) {
		if !s.db.query(c.Request.Context(), r.takes.draw(s.in.dice)+s.in.world.faults.on(s.in.name, r).Slower) {
			return
		}
		id, err := strconv.ParseInt(c.Param("id"), 10, 64)
		if err != nil || id < 1 || id > s.in.world.payments.last.Load() {
			c.JSON(http.StatusNotFound, gin.H{"error": "no such order"})
			return
		}
		c.JSON(r.ok, gin.H{"id": id, "state": "paid"})
	}
}

// countScrapes counts answered scrapes: a restart waits for the next one.
func countScrapes(n *atomic.Int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Next()
		if c.FullPath() == "/metrics" && c.Request.Context().Err() == nil {
			n.Add(1)
		}
	}
}

type traceKey struct{}

// traceparent simulates a tracing middleware: it stores the IDs of the client's W3C Trace
// Context header.
func traceparent(c *gin.Context) {
	var trace [2]string
	if parts := strings.Split(c.GetHeader("Traceparent"), "-"); len(parts) == 4 {
		trace = [2]string{parts[1], parts[2]}
		c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), traceKey{}, trace))
	}
}

func traceIDs(ctx context.Context) (traceID, spanID string) {
	trace, _ := ctx.Value(traceKey{}).([2]string)
	return trace[0], trace[1]
}

// formatTraceparent returns the header that traceparent parses.
func formatTraceparent(hi, lo, span uint64) string {
	return fmt.Sprintf("00-%016x%016x-%016x-01", hi, lo, span|1)
}
