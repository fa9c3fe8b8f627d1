package tachotest_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/tachotest"
)

const here = "recording_test.go"

func TestRecordsWhatRequestsDid(t *testing.T) {
	m := newMeter(t)
	s := newShop(t, m)
	s.post(t, "/orders", "book")

	got := tachotest.Record(t, m, func() {
		s.post(t, "/orders", "book")
		s.post(t, "/orders", "book")
		s.post(t, "/orders", "film")
	})
	got.Want(
		`http_requests_total{method="POST",path="/orders",status="201"} 2`,
		`http_requests_total{status="400",path="/orders",method="POST"} 1`,
		`http_requests_total{path="/orders",...} 3`,
		`http_requests_total 3`,
		`http_request_duration_seconds_count{method="POST",path="/orders",status="201"} 2`,
		`http_request_duration_seconds_bucket{method="POST",path="/orders",status="201",le="+Inf"} 2`,
		`http_request_size_bytes_sum{method="POST",path="/orders"} 12`,
		`http_request_size_bytes_bucket{method="POST",path="/orders",le="256.0"} 3`,
	)
	got.WantOnly(`shop_orders_total{paid="true",kind="book"} 2`)
	got.WantOnly(`
		http_requests_total{path="/orders",...} 3
		http_requests_total{status="201",...} 2
	`)
	got.WantNone("http_request_panics_total", `http_requests_total{status="500",...}`, "http_stream_duration_seconds")
	if n := got.Value(`shop_orders_total{kind="book",paid="true"}`); n != 2 {
		t.Errorf("the difference is %v, want 2", n)
	}

	all := tachotest.All(t, m)
	all.WantOnly(
		`http_requests_total{method="POST",path="/orders",status="201"} 3`,
		`http_requests_total{method="POST",path="/orders",status="400"} 1`,
		`http_requests_in_flight 0`,
	)
	if n := all.Value("shop_orders_total"); n != 3 {
		t.Errorf("the value is %v, want 3", n)
	}
}

func TestReportsWhatRequestsDidInstead(t *testing.T) {
	m := newMeter(t)
	s := newShop(t, m)
	s.post(t, "/orders", "book")
	tachotest.All(t, m).Want("http_requests_total 1")
	failed := runTest(func(ft testing.TB) {
		got := tachotest.Record(ft, m, func() {
			s.post(t, "/orders", "film")
			s.get(t, "/panic")
		})
		got.Timeout = 20 * time.Millisecond
		got.Want(`http_requests_total{method="POST",path="/orders",status="201"} 1`)
		got.WantOnly(`http_requests_total{method="POST",path="/orders",status="400"} 1`)
		got.WantNone("http_request_panics_total")
	})
	failed.wantReports(t, here,
		`metrics differ after 20ms:
want http_requests_total{method="POST",path="/orders",status="201"} 1
 got http_requests_total{method="POST",path="/orders",status="201"} 0 (still 1)
also http_requests_total{method="POST",path="/orders",status="400"} 1
     http_requests_total{method="GET",path="/panic",status="500"} 1`,
		`metrics differ:
want nothing else of http_requests_total
 got http_requests_total{method="GET",path="/panic",status="500"} 1`,
		`metrics differ:
want no change of http_request_panics_total
 got http_request_panics_total{method="GET",path="/panic"} 1`)
}

// TestWaitsForWhatComesLater: the client has the response long before it is recorded.
func TestWaitsForWhatComesLater(t *testing.T) {
	m := newMeter(t)
	s := newShop(t, m)
	got := tachotest.Record(t, m, func() { s.post(t, "/late", "") })
	if early := runTest(func(ft testing.TB) {
		now := tachotest.All(ft, m)
		now.Timeout = 0
		now.Want("shop_orders_total 1")
	}); len(early.reports) != 1 {
		t.Fatal("the order was recorded before the handler was released, so nothing here has to wait")
	}
	opener := time.AfterFunc(30*time.Millisecond, func() { close(s.release) })
	defer opener.Stop()
	// A latency series appears with its first request; a counter may exist at 0 before.
	if n := got.Value(`http_request_duration_seconds_count{method="POST",path="/late",status="200"}`); n != 1 {
		t.Errorf("the value is %v, want 1", n)
	}
	got.Want(`shop_orders_total{kind="late",paid="false"} 1`, `http_requests_total{method="POST",path="/late",status="200"} 1`)
}

// TestNothingIsCertainWhileARequestIsInFlight: the order is recorded only after WantNone has
// first checked.
func TestNothingIsCertainWhileARequestIsInFlight(t *testing.T) {
	for _, namespace := range []string{"", "shop"} {
		m := tachotest.New(t, tacho.Options{Namespace: namespace})
		s := newShop(t, m)
		failed := runTest(func(ft testing.TB) {
			got := tachotest.Record(ft, m, func() { s.post(t, "/late", "") })
			time.AfterFunc(50*time.Millisecond, func() { close(s.release) })
			got.WantNone("shop_orders_total")
		})
		failed.wantReports(t, here, `metrics differ:
want no change of shop_orders_total
 got shop_orders_total{kind="late",paid="false"} 1`)
	}
}

// TestOpenStreamsAreNotWaitedFor: nor are earlier requests.
func TestOpenStreamsAreNotWaitedFor(t *testing.T) {
	m := newMeter(t)
	s := newShop(t, m)
	defer close(s.release)
	s.post(t, "/late", "")
	got := tachotest.Record(t, m, func() { s.get(t, "/events") })
	got.Timeout = time.Minute
	start := time.Now()
	got.Want("http_streams_in_flight 1")
	got.WantNone("shop_orders_total")
	if waited := time.Since(start); waited > 30*time.Second {
		t.Errorf("WantNone waited %v for a stream that stays open", waited)
	}
}

// TestFailsAfterTimeout: a request that never ends must not make every WantNone fail.
func TestFailsAfterTimeout(t *testing.T) {
	m := newMeter(t)
	s := newShop(t, m)
	defer close(s.release)
	got := tachotest.Record(t, m, func() { s.post(t, "/late", "") })
	got.Timeout = 30 * time.Millisecond
	start := time.Now()
	got.WantNone("shop_orders_total")
	if waited := time.Since(start); waited < got.Timeout {
		t.Errorf("WantNone waited %v for the request, with a timeout of %v", waited, got.Timeout)
	}
}

// TestRequestsBeforeAreNotRecorded: the earlier request ends after Record has found it in
// flight.
func TestRequestsBeforeAreNotRecorded(t *testing.T) {
	var failed *fakeT
	for range 5 { // Record waits a tenth of a second, which may be too short on a busy machine
		failed = runTest(func(ft testing.TB) {
			var s *shop
			m := foreign(ft, func(_ prometheus.Counter, read int) error {
				if read == 2 {
					close(s.release)
				}
				return nil
			})
			s = newShop(ft, m)
			s.post(ft, "/late", "")
			got := tachotest.Record(ft, m, func() { s.post(ft, "/orders", "book") })
			got.WantOnly(`shop_orders_total{kind="book",paid="true"} 1`)
		})
		if len(failed.reports) == 0 {
			return
		}
	}
	failed.wantReports(t, here)
}

// TestRecordDoesNotWaitForEver: a request may stay open on purpose.
func TestRecordDoesNotWaitForEver(t *testing.T) {
	m := newMeter(t)
	s := newShop(t, m)
	defer close(s.release)
	s.post(t, "/late", "")
	got := tachotest.Record(t, m, func() { s.post(t, "/late", "") })
	got.Want("http_requests_in_flight 1")
}

// counting is a registry that runs a function before it is gathered.
type counting struct {
	prometheus.Gatherer
	mu     sync.Mutex
	reads  int
	before func(read int) error
}

func (c *counting) Gather() ([]*dto.MetricFamily, error) {
	c.mu.Lock()
	c.reads++
	err := c.before(c.reads)
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return c.Gatherer.Gather()
}

// foreign returns a Meter on another registry, with an additional counter.
func foreign(t testing.TB, before func(n prometheus.Counter, read int) error) *tacho.Meter {
	t.Helper()
	registry := prometheus.NewRegistry()
	n := prometheus.NewCounter(prometheus.CounterOpts{Name: "n_total", Help: "N."})
	registry.MustRegister(n)
	gatherer := &counting{Gatherer: registry, before: func(read int) error { return before(n, read) }}
	return tachotest.New(t, tacho.Options{Registerer: registry, Gatherer: gatherer})
}

// TestChecksAgainBeforeItIsFinal: a change between two checks is noticed.
func TestChecksAgainBeforeItIsFinal(t *testing.T) {
	late := func(n prometheus.Counter, read int) error {
		if read == 3 { // Record reads first
			n.Inc()
		}
		return nil
	}
	want := map[string]string{
		"WantNone": "want no change of n_total\n got n_total 1",
		"WantOnly": "want n_total 0\n got n_total 1",
	}
	for name, line := range want {
		failed := runTest(func(ft testing.TB) {
			got := tachotest.Record(ft, foreign(ft, late), func() {})
			if name == "WantNone" {
				got.WantNone("n_total")
			} else {
				got.WantOnly("n_total 0")
			}
		})
		failed.wantReports(t, here, "metrics differ:\n"+line)
	}
}

// TestQuietPeriodRestarts: after any mismatch, a single good check is not enough.
func TestQuietPeriodRestarts(t *testing.T) {
	failed := runTest(func(ft testing.TB) {
		m := tachotest.New(ft, tacho.Options{})
		looks := -1 // Record's read does not count
		m.Registerer().MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "busy", Help: "Busy."}, func() float64 {
			if looks++; looks == 0 || looks == 1 || looks == 8 {
				return 0
			}
			return 1
		}))
		got := tachotest.Record(ft, m, func() {})
		got.Timeout = 300 * time.Millisecond
		got.WantNone("busy")
	})
	failed.wantReports(t, here, "metrics differ after 300ms:\nwant no change of busy\n got busy 1")
}

// TestReadsOnlyAsOftenAsNeeded: Want passes with its first check.
func TestReadsOnlyAsOftenAsNeeded(t *testing.T) {
	reads := 0
	m := foreign(t, func(_ prometheus.Counter, read int) error { reads = read; return nil })
	tachotest.All(t, m).Want("n_total 0")
	if reads != 1 {
		t.Errorf("Want has read the registry %d times, want once", reads)
	}
	hasty := tachotest.All(t, m)
	hasty.Timeout = 0
	hasty.WantOnly("n_total 0")
	if reads != 2 {
		t.Errorf("without a timeout WantOnly read it %d times, want once", reads-1)
	}
}

// TestDoesNotWaitForWhatCannotCome: a counter that is too high stays too high. A gauge may fall
// again.
func TestDoesNotWaitForWhatCannotCome(t *testing.T) {
	m := newMeter(t)
	jobs := prometheus.NewCounter(prometheus.CounterOpts{Name: "jobs_total", Help: "Jobs."})
	queue := prometheus.NewGauge(prometheus.GaugeOpts{Name: "queue_length", Help: "Queue."})
	m.Registerer().MustRegister(jobs, queue)
	start := time.Now()
	failed := runTest(func(ft testing.TB) {
		got := tachotest.Record(ft, m, func() { jobs.Add(2) })
		got.Timeout = time.Minute
		got.Want("jobs_total 1")
		got.WantNone("jobs_total")
	})
	if waited := time.Since(start); waited > 30*time.Second {
		t.Errorf("it waited for %v", waited)
	}
	failed.wantReports(t, here,
		"metrics differ:\nwant jobs_total 1\n got jobs_total 2",
		"metrics differ:\nwant no change of jobs_total\n got jobs_total 2")

	got := tachotest.Record(t, m, func() { queue.Add(3) })
	time.AfterFunc(20*time.Millisecond, func() { queue.Add(-1) })
	got.Want("queue_length 2")
	time.AfterFunc(20*time.Millisecond, func() { queue.Add(-2) })
	got.WantNone("queue_length")
}

func TestRegistryThatFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	failed := runTest(func(ft testing.TB) {
		m := foreign(ft, func(_ prometheus.Counter, read int) error {
			if read > 1 {
				return broken
			}
			return nil
		})
		got := tachotest.Record(ft, m, func() {})
		got.Timeout = 0
		got.Want("n_total 0")
		got.WantNone("n_total")
		tachotest.Record(ft, m, func() { t.Error("Record started without a baseline") })
	})
	failed.wantReports(t, here,
		"metrics differ after 0s:\nreading the metrics: the disk is gone",
		"metrics differ after 0s:\nreading the metrics: the disk is gone",
		"reading the metrics: the disk is gone")

	now := tachotest.All(t, foreign(t, func(_ prometheus.Counter, read int) error {
		if read == 1 {
			return broken
		}
		return nil
	}))
	now.Want("n_total 0") // the registry is read once more
}

func TestForeignRegistry(t *testing.T) {
	registry := prometheus.NewRegistry()
	other := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "other_total", Help: "Others."}, []string{"kind"})
	registry.MustRegister(other)
	m := tacho.MustNew(tacho.Options{Registerer: registry, ConstLabels: map[string]string{"service": "shop"}})
	s := newShop(t, m)
	got := tachotest.Record(t, m, func() {
		s.post(t, "/orders", "book")
		other.WithLabelValues("x").Add(2)
	})
	got.WantOnly(
		`http_requests_total{method="POST",path="/orders",service="shop",status="201"} 1`,
		`shop_orders_total{kind="book",paid="true"} 1`,
		`other_total{kind="x"} 2`,
	)
}

// TestConcurrentUse: several goroutines use one recording while requests are served.
func TestConcurrentUse(t *testing.T) {
	m := newMeter(t)
	s := newShop(t, m)
	got := tachotest.Record(t, m, func() {})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { s.post(t, "/orders", "book") })
		all.Go(func() { got.Want(`http_requests_total{method="POST",path="/orders",status="201"} 8`) })
		all.Go(func() { got.WantOnly(`shop_orders_total{kind="book",paid="true"} 8`) })
		all.Go(func() { got.WantNone("http_request_panics_total") })
	}
	all.Wait()
	failed := runTest(func(ft testing.TB) {
		got := tachotest.All(ft, m)
		got.Timeout = 0
		for i := range 8 {
			all.Go(func() { got.Want(fmt.Sprintf("shop_orders_total %d", i+10)) })
		}
		all.Wait()
	})
	if len(failed.reports) != 8 {
		t.Errorf("%d of 8 wrong values were reported", len(failed.reports))
	}
}
