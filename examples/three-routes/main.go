// Three-routes is the service of the Flask and Prometheus tutorials, on net/http: three routes
// of different speed. It also has business metrics, ordinary client_golang metrics on the same
// /metrics.
//
//	go run ./examples/three-routes
//	curl http://127.0.0.1:5000/second_route
//	curl http://127.0.0.1:5000/metrics
package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/examples/internal/serve"
)

func main() {
	m := tacho.MustNew(tacho.Options{})
	s := newShop(m.Registerer())

	mux := http.NewServeMux()
	mux.HandleFunc("/first_route", s.sell("book", 200*time.Millisecond))
	mux.HandleFunc("/second_route", s.sell("pen", 400*time.Millisecond))
	mux.HandleFunc("/three_route", s.sell("lamp", 600*time.Millisecond))
	mux.Handle("GET /metrics", m.Metrics())

	serve.Main("127.0.0.1:5000", m.Handler(mux))
}

// A shop counts its sales. Its goods are a short, fixed list: every label value is a separate
// time series, so never use an order number.
type shop struct {
	orders *prometheus.CounterVec
	items  prometheus.Histogram
}

// newShop registers the metrics in tacho's registry, so that they appear on the same endpoint as
// those of the requests.
func newShop(reg prometheus.Registerer) *shop {
	auto := promauto.With(reg)
	return &shop{
		orders: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "shop_orders_total",
			Help: "Orders taken, by kind of goods.",
		}, []string{"kind"}),
		items: auto.NewHistogram(prometheus.HistogramOpts{
			Name:    "shop_order_items",
			Help:    "Items in an order.",
			Buckets: []float64{1, 2, 3, 5, 10},
		}),
	}
}

// sell returns a handler that takes up to slowest to sell one kind of goods.
func (s *shop) sell(kind string, slowest time.Duration) http.HandlerFunc {
	// Created at zero: rate() and increase() need the zero to see the first order.
	orders := s.orders.WithLabelValues(kind)
	return func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(rand.N(slowest))
		orders.Inc()
		s.items.Observe(float64(1 + rand.IntN(10)))
		fmt.Fprintf(w, "sold: %s\n", kind)
	}
}
