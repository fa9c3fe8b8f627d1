package demo

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// TestDeployLosesNothing: both instances are replaced under load. No request
// fails, and what Prometheus saw, resets taken into account, is exactly what
// the customers sent.
func TestDeployLosesNothing(t *testing.T) {
	deploy := []Event{{At: time.Minute, Deploy: "1.1.0", Says: "deployed"}}
	h := &hand{}
	var trouble bytes.Buffer
	d := made(t, Options{
		NoFlask: true, NoTraffic: true, Rate: 120, Script: deploy, Elapsed: h.elapsed,
		Logger: slog.New(slog.NewTextHandler(&trouble, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	stop := run(t, d)
	w := watch(t, d, t.TempDir(), 250*time.Millisecond)
	eventually(t, "the first scrapes", func() bool { return len(w.at(time.Now(), `shop_build_info{version="1.0.0"}`)) == 2 })

	sending, enough := context.WithCancel(context.Background())
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		d.customers().send(sending)
	}()
	eventually(t, "hundreds of answers", func() bool { return answered(d) > 400 })
	h.set(time.Minute)
	eventually(t, "the new version on both instances", func() bool {
		return len(w.at(time.Now(), `shop_build_info{version="1.1.0"}`)) == 2
	})
	after := answered(d)
	eventually(t, "some more answers", func() bool { return answered(d) > after+200 })
	enough()
	<-sent
	end := time.Now()
	eventually(t, "a scrape of the end", func() bool {
		return w.now(`min(timestamp(up))*1000`) > float64(end.Add(250*time.Millisecond).UnixMilli())
	})

	counted := w.counted()
	for route, n := range d.Sent() {
		if n.Failed > 0 {
			t.Errorf("%s %s: %d requests had no answer", route.Method, route.Path, n.Failed)
		}
		for status, want := range n.Finished {
			// The others appear with their first request: where a new process
			// has come as far as the old one had, nobody can see the reset.
			if !slices.Contains(fromZero, status) {
				continue
			}
			// A request that the end has cut off may have been answered.
			cut := n.Started - n.Answered()
			if got := counted[counter{route.Method, route.Path, status}]; got < want || got > want+cut {
				t.Errorf("%s %s %d: Prometheus counts %d, sent were %d (and %d cut off)", route.Method, route.Path, status, got, want, cut)
			}
		}
	}
	if resets := w.now(`sum(resets(http_requests_total{path="/",status="200"}[1m]))`); resets != 2 {
		t.Errorf("%v counter resets, want one for each instance", resets)
	}
	stop()
	if trouble.Len() > 0 {
		t.Errorf("logged:\n%s", trouble.String())
	}
}

// TestRejoin: no request goes out on a connection to what served before.
func TestRejoin(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	b := newBackend("a", server.URL)
	reused := func() (was bool) {
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			GotConn: func(c httptrace.GotConnInfo) { was = c.Reused },
		})
		if status, err := b.do(ctx, "POST", errand{path: "/"}); status != http.StatusNotFound {
			t.Fatalf("answered %d, %v", status, err)
		}
		return was
	}
	reused()
	if !reused() {
		t.Error("connections are not kept")
	}
	b.leave()
	if b.take() {
		t.Error("a backend that is away takes a request")
	}
	b.join()
	if reused() {
		t.Error("a connection from before is used again")
	}
}

func answered(d *Demo) (n uint64) {
	for _, c := range d.Sent() {
		n += c.Answered()
	}
	return n
}

type counter struct {
	method, path string
	status       int
}

// counted adds up how much every request counter grew, over all resets.
func (w *watcher) counted() map[counter]uint64 {
	w.t.Helper()
	q, err := w.db.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		w.t.Fatal(err)
	}
	defer q.Close()
	all := map[counter]uint64{}
	found := q.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, "http_requests_total"))
	for found.Next() {
		s := found.At()
		var grown, last float64
		for it := s.Iterator(nil); it.Next() != chunkenc.ValNone; {
			_, v := it.At()
			switch {
			case value.IsStaleNaN(v):
				continue
			case v < last:
				last = 0
			}
			grown += v - last
			last = v
		}
		l := s.Labels()
		status, err := strconv.Atoi(l.Get("status"))
		if err != nil {
			w.t.Fatal(err)
		}
		all[counter{l.Get("method"), l.Get("path"), status}] += uint64(grown)
	}
	if err := found.Err(); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// TestRate: the rate by PromQL is what the generator reports for the same
// seconds, within 5%.
func TestRate(t *testing.T) {
	t.Parallel() // it mostly waits
	const rate, window = 100, 12 * time.Second
	d := made(t, Options{NoFlask: true, Rate: rate, Script: quiet})
	run(t, d)
	w := watch(t, d, t.TempDir(), 500*time.Millisecond)

	api := Route{ShopJob, "GET", apiPath}
	var answers []reading
	eventually(t, "a window full of scrapes", func() bool {
		answers = append(answers, reading{time.Now(), d.Sent()[api].Answered()})
		first := w.at(answers[0].at.Add(2*time.Second), `http_requests_total{path="/api",status="200"}`)
		return len(first) == 2 && time.Since(answers[0].at) > window+4*time.Second
	})
	end := time.Now()
	answers = append(answers, reading{end, d.Sent()[api].Answered()})
	reported := (countAt(answers, end) - countAt(answers, end.Add(-window))) / window.Seconds()
	got := w.one(end, `sum(rate(http_requests_total{method="GET",path="/api"}[`+model.Duration(window).String()+`]))`)
	t.Logf("PromQL says %.2f requests a second, the generator %.2f", got, reported)
	if !(math.Abs(got/reported-1) <= .05) {
		t.Errorf("PromQL says %.2f requests a second, the generator %.2f", got, reported)
	}
	if share := float64(d.Sent()[api].Answered()) / float64(answered(d)); share < .2 || share > .3 {
		t.Errorf("/api gets %.2f of the traffic, want about a quarter", share)
	}
	eventually(t, "clients that hang up, and scanners", func() bool {
		return w.now(`sum(http_requests_total{path="/api",status="499"})`) > 0 && w.now(`sum(http_requests_total{path="unmatched",status="404"})`) > 0
	})
}

// A reading is what the generator reported when.
type reading struct {
	at    time.Time
	count uint64
}

// countAt is the last reading up to a moment.
func countAt(all []reading, at time.Time) (count float64) {
	for _, r := range all {
		if !r.at.After(at) {
			count = float64(r.count)
		}
	}
	return count
}

// TestSeed: customers do the same for the same seed, and else something else.
func TestSeed(t *testing.T) {
	errands := func(seed uint64) (all []errand) {
		c := &crowd{menu: routes, dice: &dice{r: rand.New(rand.NewPCG(seed, 1))}}
		for range 100 {
			_, e := c.choose()
			all = append(all, e)
		}
		return all
	}
	same := func(a, b []errand) bool {
		for i := range a {
			if a[i] != b[i] {
				return false
			}
		}
		return true
	}
	if !same(errands(1), errands(1)) {
		t.Error("one seed, two courses")
	}
	if same(errands(1), errands(2)) {
		t.Error("two seeds, one course")
	}
}

// TestChance: the distributions are what the tables say.
func TestChance(t *testing.T) {
	by := &dice{r: rand.New(rand.NewPCG(7, 7))}
	takes := duration{100 * time.Millisecond, .3}
	const throws = 20000
	var seconds, below float64
	for range throws {
		s := takes.draw(by).Seconds()
		seconds += s
		if s <= .08 {
			below++
		}
	}
	if got, want := seconds/throws, takes.mean(); math.Abs(got/want-1) > .02 {
		t.Errorf("mean %.4f, want %.4f", got, want)
	}
	if got, want := below/throws, takes.below(.08); math.Abs(got-want) > .02 {
		t.Errorf("%.3f are below 80 ms, want %.3f", got, want)
	}
	for _, mean := range []float64{.05, 3, 200} {
		n := 0
		for range throws {
			n += by.count(mean)
		}
		if got := float64(n) / throws; math.Abs(got/mean-1) > .1 {
			t.Errorf("%.3f events on average, want %v", got, mean)
		}
	}
}
