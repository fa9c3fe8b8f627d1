package tachotest_test

import (
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/tachotest"
)

// TestMessages: each failure shows the actual samples.
func TestMessages(t *testing.T) {
	m := newMeter(t)
	orders := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "orders_total", Help: "O."}, []string{"kind", "paid"})
	stock := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "stock", Help: "S."}, []string{"kind"})
	wait := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "wait_seconds", Help: "W.", Buckets: []float64{1}})
	many := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "many", Help: "M."}, []string{"n"})
	m.Registerer().MustRegister(orders, stock, wait, many)
	orders.WithLabelValues("book", "true").Add(3)
	orders.WithLabelValues("toy", "true").Inc() // does not change afterwards
	stock.WithLabelValues("a \"b\"\n\\").Set(2)
	act := func() {
		orders.WithLabelValues("book", "true").Add(2)
		orders.WithLabelValues("film", "false").Inc()
		orders.WithLabelValues("film", "true").Inc()
		wait.Observe(.5)
		for i := range 10 {
			many.WithLabelValues(strconv.Itoa(i)).Set(1000000.5)
		}
	}
	failed := runTest(func(ft testing.TB) {
		got := tachotest.Record(ft, m, act)
		got.Timeout = 0
		got.Want(`orders_total{paid="true",kind="book"} 3`, `wait_seconds_count 1`, `stock 1`)
		got.Want(`orders_total{kind="game",paid="true"} 1`)
		got.Want(`orders_total{paid="true",...} 4`)
		got.Want(`orders_total{} 4`)
		got.Want(`stock{kind="c"} 1`)
		got.Want(`many{n="10"} 1`)
		got.Want(`wait_seconds 1`)
		got.Want(`order_total{kind="book"} 1`)
		got.WantOnly(`orders_total{kind="book",...} 2`, `stock 0`, `orders_total{kind="film",paid="true"} 1`)
		got.WantNone(`stock`, `orders_total{kind="film",...}`, `wait_seconds`, `wait_seconds_sum`)
		got.Value(`stock{kind="c"}`)
	})
	failed.wantReports(t, "mismatch_test.go",
		`metrics differ after 0s:
want orders_total{kind="book",paid="true"} 3
 got orders_total{kind="book",paid="true"} 2 (from 3 to 5)
also orders_total{kind="film",paid="true"} 1
     orders_total{kind="film",paid="false"} 1
want stock 1
 got stock{kind="a \"b\"\n\\"} 0 (still 2)`,
		`metrics differ after 0s:
want orders_total{kind="game",paid="true"} 1
 got no such sample, but:
     orders_total{kind="book",paid="true"} 2 (from 3 to 5)
     orders_total{kind="film",paid="true"} 1
     orders_total{kind="film",paid="false"} 1`,
		`metrics differ after 0s:
want orders_total{paid="true",...} 4
 got orders_total{paid="true",...} 3
  of orders_total{kind="book",paid="true"} 2 (from 3 to 5)
     orders_total{kind="film",paid="true"} 1
also orders_total{kind="film",paid="false"} 1`,
		`metrics differ after 0s:
want orders_total{} 4
 got no such sample, but:
     orders_total{kind="book",paid="true"} 2 (from 3 to 5)
     orders_total{kind="film",paid="false"} 1
     orders_total{kind="film",paid="true"} 1`,
		`metrics differ after 0s:
want stock{kind="c"} 1
 got no such sample; these have not changed:
     stock{kind="a \"b\"\n\\"} 0 (still 2)`,
		`metrics differ after 0s:
want many{n="10"} 1
 got no such sample, but:
     many{n="0"} 1000000.5
     many{n="1"} 1000000.5
     many{n="2"} 1000000.5
     many{n="3"} 1000000.5
     many{n="4"} 1000000.5
     many{n="5"} 1000000.5
     many{n="6"} 1000000.5
     many{n="7"} 1000000.5
     and 2 more`,
		`metrics differ after 0s:
want wait_seconds 1
 no sample has that name; the metric consists of wait_seconds_bucket, wait_seconds_count, wait_seconds_sum`,
		`metrics differ after 0s:
want order_total{kind="book"} 1
 no metric has that name; similar names: orders_total, tacho_function_errors_total, tacho_overflow_total`,
		`metrics differ:
want nothing else of orders_total
 got orders_total{kind="film",paid="false"} 1`,
		`metrics differ after 0s:
want no change of orders_total{kind="film",...}
 got orders_total{kind="film",paid="false"} 1
     orders_total{kind="film",paid="true"} 1
want no change of wait_seconds
 got wait_seconds_count 1
want no change of wait_seconds_sum
 got wait_seconds_sum 0.5`,
		`metrics differ after 0s:
want stock{kind="c"}
 got no such sample; these have not changed:
     stock{kind="a \"b\"\n\\"} 0 (still 2)`)
	if !failed.fatal {
		t.Error("Value did not end the test")
	}
}

func TestMessageOfAnEmptyRegistry(t *testing.T) {
	m := foreign(t, func(prometheus.Counter, int) error { return nil })
	_ = m.Registerer().Unregister(m)
	failed := runTest(func(ft testing.TB) {
		registry := prometheus.NewRegistry()
		empty := tacho.MustNew(tacho.Options{Registerer: registry, OmitRuntime: true})
		registry.Unregister(empty)
		all := tachotest.All(ft, empty)
		all.Timeout = 0
		all.Want("a 1")
	})
	failed.wantReports(t, "mismatch_test.go", "metrics differ after 0s:\nwant a 1\n got no metrics")
}
