package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tacho-go/tacho/dash"
	"github.com/tacho-go/tacho/server"
)

// sampledRoutes is smaller than routes, so that a day of every instance's own metrics fits in memory.
// Both ways read in proportion to the routes.
const (
	sampledRoutes    = 4
	sampledInstances = 50
)

// samples counts what the engine reads for one load of a service's page over 24 h: from recorded
// series, and from the instances' own metrics.
func samples(ctx context.Context, out io.Writer) error {
	var read [2]int64
	for i, rules := range []bool{true, false} {
		d := newDay(time.Now())
		d.routes, d.instances, d.rules, d.rawTimes = sampledRoutes, sampledInstances, rules, d.times[len(d.times)/2:]
		var err error
		if read[i], err = samplesOf(ctx, d); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%d routes × %d instances, a page of 24 h:\n\n| | samples |\n|---|---:|\n| with recording rules | %d |\n| without | %d |\n| without, divided by with | **%.0f** |\n",
		sampledRoutes, sampledInstances, read[0], read[1], float64(read[1])/float64(read[0]))
	return means(ctx, out)
}

// longRoutes and longDays are the history for the list of changes over 30 days, which compares them
// with the 30 days before.
const (
	longRoutes = 20
	longDays   = 60
)

// means measures the queries of this list, from what the rules record each 15 s and from its means over
// five minutes.
func means(ctx context.Context, out io.Writer) error {
	d := &day{end: time.Now().Unix()/every*every - 60, dice: rand.New(rand.NewPCG(1, 2))}
	steps := map[string]int64{"": every, "_mean5m": 300}
	for suffix, step := range steps {
		var times []int64
		for at := d.end - longDays*24*3600; at <= d.end; at += step {
			times = append(times, at*1000)
		}
		for r := range longRoutes {
			path := fmt.Sprintf("/api/v1/resource%d/:id", r)
			d.gauge(times, "tacho:http_request_duration_seconds_sum:rate"+suffix, .1, "method", "GET", "path", path)
			for _, status := range []string{"200", "404", "500"} {
				d.gauge(times, "tacho:http_requests:rate"+suffix, 1, "method", "GET", "path", path, "status", status)
			}
		}
	}
	fmt.Fprintf(out, "\nThe list of changes over 30 days, %d routes, without the network, median of 5:\n\n| | samples | s |\n|---|---:|---:|\n", longRoutes)
	dir, err := os.MkdirTemp("", "tacho-bench-page-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := server.WriteBlock(dir, d.all); err != nil {
		return err
	}
	srv, err := server.New(server.Options{
		DataDir: dir, Listen: "127.0.0.1:0", Config: "global: {scrape_interval: 15s}\n", Retention: 365 * 24 * time.Hour, Logger: slog.New(slog.DiscardHandler), QueryMaxSamples: 1e9,
	})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(serving) }()
	for !isReady(srv.URL()) {
		time.Sleep(100 * time.Millisecond)
	}
	for _, suffix := range []string{"", "_mean5m"} {
		c := &counting{api: srv.URL()}
		took, err := c.changes(ctx, suffix, d.end)
		if err != nil {
			stop()
			return errors.Join(err, <-ended)
		}
		fmt.Fprintf(out, "| %s | %d | **%.2f** |\n", map[string]string{"": "each 15 s", "_mean5m": "means over 5 min"}[suffix], c.read.Load(), took)
	}
	stop()
	return <-ended
}

func isReady(address string) bool {
	res, err := http.Get(address + "-/ready")
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// changes runs the list's queries, for now and for before, and returns the seconds that they take.
func (c *counting) changes(ctx context.Context, suffix string, at int64) (float64, error) {
	var took []float64
	for range 5 {
		c.read.Store(0)
		begin := time.Now()
		for _, offset := range []string{"", " offset 30d"} {
			expr := fmt.Sprintf(`sum by (method, path, status) (avg_over_time(tacho:http_requests:rate%[1]s{job="%[2]s"}[30d]%[3]s)) or sum by (method, path) (avg_over_time(tacho:http_request_duration_seconds_sum:rate%[1]s{job="%[2]s"}[30d]%[3]s))`, suffix, job, offset)
			values := url.Values{"query": {expr}, "time": {strconv.FormatInt(at, 10)}, "stats": {"all"}}
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.api+"api/v1/query?"+values.Encode(), nil)
			if err != nil {
				return 0, err
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				return 0, err
			}
			body, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err != nil || res.StatusCode != http.StatusOK {
				return 0, fmt.Errorf("status %d: %s %w", res.StatusCode, body, err)
			}
			c.count(body)
		}
		took = append(took, time.Since(begin).Seconds())
	}
	return median(took), nil
}

func samplesOf(ctx context.Context, d *day) (int64, error) {
	dir, err := os.MkdirTemp("", "tacho-bench-page-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := d.write(dir); err != nil {
		return 0, err
	}
	c := &counting{}
	srv, err := server.New(server.Options{
		DataDir: dir, Listen: "127.0.0.1:0", Config: "global: {scrape_interval: 15s}\n", Retention: 30 * 24 * time.Hour, Logger: slog.New(slog.DiscardHandler), QueryMaxSamples: 1e9, QueryTimeout: 5 * time.Minute,
	})
	if err != nil {
		return 0, err
	}
	c.api = srv.URL()
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(serving) }()
	page, l, err := newServer(c.handler())
	if err != nil {
		stop()
		return 0, errors.Join(err, <-ended)
	}
	go func() { _ = page.Serve(l) }()
	err = c.load(ctx, fmt.Sprintf("http://%s/#open=%s&span=%d-%d", l.Addr(), url.QueryEscape(job), d.end-24*3600, d.end))
	_ = page.Close()
	stop()
	return c.read.Load(), errors.Join(err, <-ended)
}

// counting forwards the page's queries to a server, and adds up the samples that it has read.
type counting struct {
	api     string
	read    atomic.Int64
	queries atomic.Int64
	open    atomic.Int64
}

func (c *counting) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", dash.Handler(dash.Options{APIPath: "/api/v1"}))
	mux.HandleFunc("/api/v1/", c.forward)
	return mux
}

func (c *counting) forward(w http.ResponseWriter, r *http.Request) {
	c.open.Add(1)
	defer c.open.Add(-1)
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Form.Set("stats", "all")
	to, err := http.NewRequestWithContext(r.Context(), r.Method, strings.TrimSuffix(c.api, "/")+r.URL.Path, strings.NewReader(r.Form.Encode()))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if r.Method == http.MethodGet {
		to.Body, to.ContentLength, to.URL.RawQuery = http.NoBody, 0, r.Form.Encode()
	}
	to.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(to)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	c.count(body)
	w.Header().Set("Content-Type", res.Header.Get("Content-Type"))
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, bytes.NewReader(body))
}

func (c *counting) count(body []byte) {
	var answer struct {
		Data struct {
			Stats struct {
				Samples struct {
					Total int64 `json:"totalQueryableSamples"`
				}
			}
		}
	}
	if json.Unmarshal(body, &answer) == nil && answer.Data.Stats.Samples.Total > 0 {
		c.read.Add(answer.Data.Stats.Samples.Total)
		c.queries.Add(1)
	}
}

// load opens the page, and waits until it is complete and asks for nothing more.
func (c *counting) load(ctx context.Context, address string) error {
	page, end, err := browser(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := chromedp.Do(page, chromedp.Navigate(address)); err != nil {
		return err
	}
	if err := await(page, strings.ReplaceAll(complete, "> 10", "> "+strconv.Itoa(sampledRoutes-1))); err != nil {
		return err
	}
	for quiet, last := 0, c.queries.Load(); quiet < 10; {
		time.Sleep(200 * time.Millisecond)
		if now := c.queries.Load(); now != last || c.open.Load() > 0 {
			quiet, last = 0, now
			continue
		}
		quiet++
	}
	return nil
}
