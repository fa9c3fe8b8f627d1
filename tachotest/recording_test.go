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
	failed := try(func(ft testing.TB) {
		got := tachotest.Record(ft, m, func() {
			s.post(t, "/orders", "film")
			s.get(t, "/panic")
		})
		got.Patience = 20 * time.Millisecond
		got.Want(`http_requests_total{method="POST",path="/orders",status="201"} 1`)
		got.WantOnly(`http_requests_total{method="POST",path="/orders",status="400"} 1`)
		got.WantNone("http_request_panics_total")
	})
	failed.wantReports(t, here,
		`not recorded as wanted within 20ms:
want http_requests_total{method="POST",path="/orders",status="201"} 1
 got http_requests_total{method="POST",path="/orders",status="201"} 0 (still 1)
also http_requests_total{method="POST",path="/orders",status="400"} 1
     http_requests_total{method="GET",path="/panic",status="500"} 1`,
		`not recorded as wanted:
want nothing else of http_requests_total
 got http_requests_total{method="GET",path="/panic",status="500"} 1`,
		`not recorded as wanted:
want no change of http_request_panics_total
 got http_request_panics_total{method="GET",path="/panic"} 1`)
}

// TestWaitsForWhatComesLater: the response is with the client long before
// anything is recorded.
func TestWaitsForWhatComesLater(t *testing.T) {
	m := newMeter(t)
	s := newShop(t, m)
	got := tachotest.Record(t, m, func() { s.post(t, "/late", "") })
	if early := try(func(ft testing.TB) {
		now := tachotest.All(ft, m)
		now.Patience = 0
		now.Want("shop_orders_total 1")
	}); len(early.reports) != 1 {
		t.Fatal("it is recorded before the gate is opened, so that nothing here has to wait")
	}
	opener := time.AfterFunc(30*time.Millisecond, func() { close(s.gate) })
	defer opener.Stop()
	// A latency is there with its first request; a counter may be there at 0 before.
	if n := got.Value(`http_request_duration_seconds_count{method="POST",path="/late",status="200"}`); n != 1 {
		t.Errorf("the value is %v, want 1", n)
	}
	got.Want(`shop_orders_total{kind="late",paid="false"} 1`, `http_requests_total{method="POST",path="/late",status="200"} 1`)
}

// TestNothingIsCertainWhileARequestIsInFlight: the order is recorded only after
// the moment when WantNone has its first look.
func TestNothingIsCertainWhileARequestIsInFlight(t *testing.T) {
	for _, namespace := range []string{"", "shop"} {
		m := tachotest.New(t, tacho.Options{Namespace: namespace})
		s := newShop(t, m)
		failed := try(func(ft testing.TB) {
			got := tachotest.Record(ft, m, func() { s.post(t, "/late", "") })
			time.AfterFunc(50*time.Millisecond, func() { close(s.gate) })
			got.WantNone("shop_orders_total")
		})
		failed.wantReports(t, here, `not recorded as wanted:
want no change of shop_orders_total
 got shop_orders_total{kind="late",paid="false"} 1`)
	}
}

// TestOpenStreamsAreNotWaitedFor, nor are requests that were there before.
func TestOpenStreamsAreNotWaitedFor(t *testing.T) {
	m := newMeter(t)
	s := newShop(t, m)
	defer close(s.gate)
	s.post(t, "/late", "")
	got := tachotest.Record(t, m, func() { s.get(t, "/events") })
	got.Patience = time.Minute
	start := time.Now()
	got.Want("http_streams_in_flight 1")
	got.WantNone("shop_orders_total")
	if waited := time.Since(start); waited > 30*time.Second {
		t.Errorf("WantNone waited %v for a stream that stays open", waited)
	}
}

// TestJudgesWhenPatienceIsOver: a request that never ends must not make every
// WantNone fail.
func TestJudgesWhenPatienceIsOver(t *testing.T) {
	m := newMeter(t)
	s := newShop(t, m)
	defer close(s.gate)
	got := tachotest.Record(t, m, func() { s.post(t, "/late", "") })
	got.Patience = 30 * time.Millisecond
	start := time.Now()
	got.WantNone("shop_orders_total")
	if waited := time.Since(start); waited < got.Patience {
		t.Errorf("WantNone waited %v for the request, and has patience for %v", waited, got.Patience)
	}
}

// TestRequestsBeforeAreNotRecorded: the one before ends when Record has found it
// in flight.
func TestRequestsBeforeAreNotRecorded(t *testing.T) {
	var failed *fake
	for range 5 { // Record waits for a tenth of a second, in which a busy machine may not come to the request
		failed = try(func(ft testing.TB) {
			var s *shop
			m := foreign(ft, func(_ prometheus.Counter, read int) error {
				if read == 2 {
					close(s.gate)
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

// TestRecordDoesNotWaitForEver for a request that is open by intention.
func TestRecordDoesNotWaitForEver(t *testing.T) {
	m := newMeter(t)
	s := newShop(t, m)
	defer close(s.gate)
	s.post(t, "/late", "")
	got := tachotest.Record(t, m, func() { s.post(t, "/late", "") })
	got.Want("http_requests_in_flight 1")
}

// counting is a registry that does something before it is read.
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

// foreign is a Meter on a registry that is not its own, with one counter besides.
func foreign(t testing.TB, before func(n prometheus.Counter, read int) error) *tacho.Meter {
	t.Helper()
	registry := prometheus.NewRegistry()
	n := prometheus.NewCounter(prometheus.CounterOpts{Name: "n_total", Help: "N."})
	registry.MustRegister(n)
	gatherer := &counting{Gatherer: registry, before: func(read int) error { return before(n, read) }}
	return tachotest.New(t, tacho.Options{Registerer: registry, Gatherer: gatherer})
}

// TestLooksAgainBeforeItIsCertain: what comes between two looks is not missed.
func TestLooksAgainBeforeItIsCertain(t *testing.T) {
	late := func(n prometheus.Counter, read int) error {
		if read == 3 { // the first is Record's
			n.Inc()
		}
		return nil
	}
	want := map[string]string{
		"WantNone": "want no change of n_total\n got n_total 1",
		"WantOnly": "want n_total 0\n got n_total 1",
	}
	for name, line := range want {
		failed := try(func(ft testing.TB) {
			got := tachotest.Record(ft, foreign(ft, late), func() {})
			if name == "WantNone" {
				got.WantNone("n_total")
			} else {
				got.WantOnly("n_total 0")
			}
		})
		failed.wantReports(t, here, "not recorded as wanted:\n"+line)
	}
}

// TestCertaintyBeginsAnew whenever something is wrong: one good moment between bad
// ones is not enough.
func TestCertaintyBeginsAnew(t *testing.T) {
	failed := try(func(ft testing.TB) {
		m := tachotest.New(ft, tacho.Options{})
		looks := -1 // Record's is none
		m.Registerer().MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "busy", Help: "Busy."}, func() float64 {
			if looks++; looks == 0 || looks == 1 || looks == 8 {
				return 0
			}
			return 1
		}))
		got := tachotest.Record(ft, m, func() {})
		got.Patience = 300 * time.Millisecond
		got.WantNone("busy")
	})
	failed.wantReports(t, here, "not recorded as wanted within 300ms:\nwant no change of busy\n got busy 1")
}

// TestLooksOnlyAsOftenAsNeeded: Want is content with its first look.
func TestLooksOnlyAsOftenAsNeeded(t *testing.T) {
	reads := 0
	m := foreign(t, func(_ prometheus.Counter, read int) error { reads = read; return nil })
	tachotest.All(t, m).Want("n_total 0")
	if reads != 1 {
		t.Errorf("Want has read the registry %d times, want once", reads)
	}
	hasty := tachotest.All(t, m)
	hasty.Patience = 0
	hasty.WantOnly("n_total 0")
	if reads != 2 {
		t.Errorf("without patience WantOnly has read it %d times, want once", reads-1)
	}
}

// TestDoesNotWaitForWhatCannotCome: a counter that is too high stays so. A gauge
// may fall again.
func TestDoesNotWaitForWhatCannotCome(t *testing.T) {
	m := newMeter(t)
	jobs := prometheus.NewCounter(prometheus.CounterOpts{Name: "jobs_total", Help: "Jobs."})
	queue := prometheus.NewGauge(prometheus.GaugeOpts{Name: "queue_length", Help: "Queue."})
	m.Registerer().MustRegister(jobs, queue)
	start := time.Now()
	failed := try(func(ft testing.TB) {
		got := tachotest.Record(ft, m, func() { jobs.Add(2) })
		got.Patience = time.Minute
		got.Want("jobs_total 1")
		got.WantNone("jobs_total")
	})
	if waited := time.Since(start); waited > 30*time.Second {
		t.Errorf("it waited for %v", waited)
	}
	failed.wantReports(t, here,
		"not recorded as wanted:\nwant jobs_total 1\n got jobs_total 2",
		"not recorded as wanted:\nwant no change of jobs_total\n got jobs_total 2")

	got := tachotest.Record(t, m, func() { queue.Add(3) })
	time.AfterFunc(20*time.Millisecond, func() { queue.Add(-1) })
	got.Want("queue_length 2")
	time.AfterFunc(20*time.Millisecond, func() { queue.Add(-2) })
	got.WantNone("queue_length")
}

func TestRegistryThatFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	failed := try(func(ft testing.TB) {
		m := foreign(ft, func(_ prometheus.Counter, read int) error {
			if read > 1 {
				return broken
			}
			return nil
		})
		got := tachotest.Record(ft, m, func() {})
		got.Patience = 0
		got.Want("n_total 0")
		got.WantNone("n_total")
		tachotest.Record(ft, m, func() { t.Error("Record begins although there is nothing to compare with") })
	})
	failed.wantReports(t, here,
		"not recorded as wanted within 0s:\nreading the metrics: the disk is gone",
		"not recorded as wanted within 0s:\nreading the metrics: the disk is gone",
		"reading the metrics: the disk is gone")

	now := tachotest.All(t, foreign(t, func(_ prometheus.Counter, read int) error {
		if read == 1 {
			return broken
		}
		return nil
	}))
	now.Want("n_total 0") // it is read once more
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

// TestConcurrentUse: one recording, asked by many while requests are served.
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
	failed := try(func(ft testing.TB) {
		got := tachotest.All(ft, m)
		got.Patience = 0
		for i := range 8 {
			all.Go(func() { got.Want(fmt.Sprintf("shop_orders_total %d", i+10)) })
		}
		all.Wait()
	})
	if len(failed.reports) != 8 {
		t.Errorf("%d of 8 wrong values are reported", len(failed.reports))
	}
}
