//go:build unix

package server_test

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/record"
	"github.com/prometheus/prometheus/tsdb/wlog"

	"github.com/tacho-go/tacho/server"
)

// A point is a sample of a series; the bits of the value also tell staleness markers apart.
type point struct {
	t    int64
	bits uint64
}

// points are samples by series.
type points map[string][]point

// A receiving is a real server behind a proxy that remembers every request that has reached
// it. It can be down: nothing listens on its address.
type receiving struct {
	t       *testing.T
	server  *running
	address string
	proxy   *http.Server

	mu       sync.Mutex
	got      points // in the order of arrival
	rejected int    // requests
}

func newReceiving(t *testing.T) *receiving {
	o := options(t)
	o.RemoteWriteReceiver = true
	r := &receiving{t: t, server: start(t, o), address: freeAddress(t), got: points{}}
	t.Cleanup(r.down)
	return r
}

func (r *receiving) up() {
	r.t.Helper()
	ln, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.proxy = &http.Server{Handler: r}
	go func() { _ = r.proxy.Serve(ln) }()
}

func (r *receiving) down() {
	if r.proxy != nil {
		_ = r.proxy.Close()
	}
}

// ServeHTTP passes a request on and remembers its samples if it was accepted. Of a request with samples that are out
// of order, the server responds 400 and stores the others.
func (r *receiving) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	forward, _ := http.NewRequest(req.Method, strings.TrimSuffix(r.server.URL(), "/")+req.URL.Path, strings.NewReader(string(body)))
	forward.Header = req.Header.Clone()
	resp, err := http.DefaultClient.Do(forward)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 == 2 || resp.StatusCode == http.StatusBadRequest {
		r.remember(body)
	}
	if resp.StatusCode/100 != 2 {
		r.mu.Lock()
		r.rejected++
		r.mu.Unlock()
	}
	w.WriteHeader(resp.StatusCode)
}

func (r *receiving) remember(body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	plain, err := snappy.Decode(nil, body)
	var m prompb.WriteRequest
	if err == nil {
		err = m.Unmarshal(plain)
	}
	if err != nil {
		r.t.Error(err)
	}
	for _, s := range m.Timeseries {
		b := labels.NewScratchBuilder(len(s.Labels))
		l := s.ToLabels(&b, nil).String()
		for _, p := range s.Samples {
			r.got[l] = append(r.got[l], point{p.Timestamp, math.Float64bits(p.Value)})
		}
	}
}

// arrived are the samples so far, in the order of arrival.
func (r *receiving) arrived() points {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := points{}
	for l, p := range r.got {
		all[l] = slices.Clone(p)
	}
	return all
}

// stored returns how many samples of a series the server has.
func (r *receiving) stored(l string) string { return r.server.one("count_over_time(" + l + "[1h])") }

// logged returns the float samples of the WAL below a data directory.
func logged(t *testing.T, dir string) points {
	t.Helper()
	series, all := map[chunks.HeadSeriesRef]string{}, points{}
	dec := record.NewDecoder(nil, nil)
	files, err := filepath.Glob(filepath.Join(dir, "wal", "0*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no log in %s: %v", dir, err)
	}
	for _, f := range files {
		s, err := wlog.OpenReadSegment(f)
		if err != nil {
			t.Fatal(err)
		}
		r := wlog.NewLiveReader(nil, wlog.NewLiveReaderMetrics(nil), s)
		for r.Next() {
			switch dec.Type(r.Record()) {
			case record.Series:
				found, err := dec.Series(r.Record(), nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range found {
					series[x.Ref] = x.Labels.String()
				}
			case record.Samples, record.SamplesV2:
				found, err := dec.Samples(r.Record(), nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range found {
					all[series[x.Ref]] = append(all[series[x.Ref]], point{x.T, math.Float64bits(x.V)})
				}
			}
		}
		if err := r.Err(); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		_ = s.Close()
	}
	return all
}

// A counting target counts its scrapes.
type counting struct {
	address string
	scrapes atomic.Int64
}

// newCounting returns a target with n more series.
func newCounting(t *testing.T, n int) *counting {
	c := &counting{}
	var more strings.Builder
	for i := range n {
		fmt.Fprintf(&more, "more{n=\"%d\"} %d\n", i, i)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprintf(w, "scrapes_total %d\n%s", c.scrapes.Add(1), more.String())
	}))
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	c.address = u.Host
	return c
}

// await waits for more scrapes.
func (c *counting) await(t *testing.T, n int64) {
	t.Helper()
	until := c.scrapes.Load() + n
	awaitThat(t, "more scrapes", func() bool { return c.scrapes.Load() >= until })
}

// sendingConfig scrapes a target and sends to receivers.
func sendingConfig(interval, target string, receivers ...string) string {
	text := fmt.Sprintf("global: {scrape_interval: %s, scrape_timeout: %s}\n", interval, interval) +
		"scrape_configs: [{job_name: counting, static_configs: [{targets: ['" + target + "']}]}]\nremote_write:\n"
	for _, r := range receivers {
		text += "- {url: 'http://" + r + "/api/v1/write', queue_config: {batch_send_deadline: 50ms, max_samples_per_send: 100, max_backoff: 100ms}}\n"
	}
	return text
}

// spawnSender runs a server or an agent in a process of its own.
func spawnSender(t *testing.T, dir, config string, agent bool) *child {
	return spawnWith(t, dir, "TACHO_TEST_SERVER_CONFIG="+config, fmt.Sprintf("TACHO_TEST_SERVER_AGENT=%t", agent))
}

// end ends a child in order.
func (c *child) end(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, c.err)
	}
}

// senders are the kinds of servers that send.
var senders = map[string]bool{"agent": true, "serve": false}

// TestKilledWhileReceiverIsDown: a sender is killed with kill -9 while its receiver is down, and
// again before everything was sent. What it had stored arrives once, in order, without a gap.
func TestKilledWhileReceiverIsDown(t *testing.T) {
	t.Parallel()
	for name, agent := range senders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, target, r := t.TempDir(), newCounting(t, 20), newReceiving(t)
			config := sendingConfig("100ms", target.address, r.address)
			for range 2 {
				c := spawnSender(t, dir, config, agent)
				target.await(t, 10)
				c.kill()
			}
			if n := len(r.arrived()); n > 0 {
				t.Fatalf("%d series arrived at a receiver that is down", n)
			}
			c := spawnSender(t, dir, config, agent)
			target.await(t, 5)
			r.up()
			target.await(t, 10)
			c.end(t)
			sameSamples(t, logged(t, dir), r.arrived(), c)
			if r.rejected > 0 {
				t.Errorf("%d requests were rejected", r.rejected)
			}
			scrapes := seriesNamed(t, r.arrived(), "scrapes_total")
			if n := len(r.arrived()[scrapes]); n < 30 || r.stored(scrapes) != fmt.Sprint(n-stale(r.arrived()[scrapes])) {
				t.Errorf("%d samples of %s arrived, %s are stored", n, scrapes, r.stored(scrapes))
			}
		})
	}
}

// TestKilledUnderLoad: a sender is killed at random moments while it sends. Nothing is missing
// afterwards. Requests that were in flight are sent twice: the receiver, a real Prometheus
// receiver, takes samples that it has for duplicates, or rejects the request as a whole.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	for name, agent := range senders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, target, r := t.TempDir(), newCounting(t, 300), newReceiving(t)
			config := sendingConfig("20ms", target.address, r.address)
			r.up()
			for range 5 {
				c := spawnSender(t, dir, config, agent)
				target.await(t, 10)
				time.Sleep(rand.N(200 * time.Millisecond)) // the random moment
				c.kill()
			}
			c := spawnSender(t, dir, config, agent)
			target.await(t, 10)
			c.end(t)
			got, twice := points{}, 0
			for l, p := range r.arrived() {
				slices.SortStableFunc(p, func(a, b point) int { return cmp.Compare(a.t, b.t) })
				got[l] = slices.Compact(p)
				twice += len(p) - len(got[l])
			}
			sameSamples(t, logged(t, dir), got, c)
			want := 0
			for l, p := range got {
				if strings.Contains(l, `__name__="more"`) {
					want += len(p) - stale(p)
				}
			}
			if stored := r.server.one(`sum(count_over_time(more[1h]))`); stored != fmt.Sprint(want) {
				t.Errorf("%s samples are stored, want %d", stored, want)
			}
			t.Logf("%d series; %d samples arrived twice, %d requests were rejected", len(got), twice, r.rejected)
		})
	}
}

// TestDamagedLogOfSender: a log with a flipped byte is repaired at the start. What is before the
// damage and what is stored afterwards arrives.
func TestDamagedLogOfSender(t *testing.T) {
	t.Parallel()
	for name, agent := range senders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, target, r := t.TempDir(), newCounting(t, 5), newReceiving(t)
			config := sendingConfig("100ms", target.address, r.address)
			c := spawnSender(t, dir, config, agent)
			target.await(t, 20)
			c.kill()
			before := len(logged(t, dir)[seriesNamed(t, logged(t, dir), "scrapes_total")])
			flip(t, filepath.Join(dir, "wal", "00000000"))
			r.up()
			c = spawnSender(t, dir, config, agent)
			target.await(t, 10)
			c.end(t)
			sameSamples(t, logged(t, dir), r.arrived(), c)
			if !strings.Contains(c.err.String(), "the WAL was damaged") {
				t.Errorf("the log says nothing of the damage:\n%s", c.err)
			}
			if kept, err := filepath.Glob(filepath.Join(dir, "wal-before-repair-*", "00000000")); err != nil || len(kept) != 1 {
				t.Errorf("the log as it was is kept as %v (%v)", kept, err)
			}
			if n := len(r.arrived()[seriesNamed(t, r.arrived(), "scrapes_total")]); n < 10 || before < 10 {
				t.Errorf("%d samples arrived, %d were stored before: the test tests little", n, before)
			}
		})
	}
}

// sameSamples fails unless exactly the samples that a sender had stored have arrived.
func sameSamples(t *testing.T, want, got points, c *child) {
	t.Helper()
	failed := t.Failed()
	if len(got) != len(want) || len(want) == 0 {
		t.Errorf("%d series arrived, want %d", len(got), len(want))
	}
	for l, p := range want {
		if !slices.Equal(got[l], p) && !t.Failed() {
			t.Errorf("%s: %d samples arrived, want %d:\n%v\n%v", l, len(got[l]), len(p), got[l], p)
		}
	}
	if t.Failed() && !failed {
		t.Logf("the log of the sender:\n%s", c.err)
	}
}

func seriesNamed(t *testing.T, all points, name string) string {
	t.Helper()
	for l := range all {
		if strings.Contains(l, `__name__="`+name+`"`) {
			return l
		}
	}
	t.Fatalf("no %s among %d series", name, len(all))
	return ""
}

// stale counts the staleness markers.
func stale(all []point) (n int) {
	for _, p := range all {
		if p.bits == value.StaleNaN {
			n++
		}
	}
	return n
}

// TestOneOfTwoReceiversIsDown: one receiver is not delayed by another that is down, which receives
// everything once it is back, also after a restart.
func TestOneOfTwoReceiversIsDown(t *testing.T) {
	t.Parallel()
	dir, target, a, b := t.TempDir(), newCounting(t, 5), newReceiving(t), newReceiving(t)
	config := sendingConfig("100ms", target.address, a.address, b.address)
	a.up()
	c := spawnSender(t, dir, config, true)
	target.await(t, 10)
	awaitThat(t, "the samples at the first receiver", func() bool {
		all := a.arrived()
		return len(all) > 0 && len(all[seriesNamed(t, all, "scrapes_total")]) >= 10
	})
	c.end(t)
	c = spawnSender(t, dir, config, true)
	b.up()
	target.await(t, 10)
	c.end(t)
	sameSamples(t, logged(t, dir), a.arrived(), c)
	sameSamples(t, logged(t, dir), b.arrived(), c)
}

// TestAgentHasNoQueries: an agent is small. Its API is that of Prometheus's agent mode, and it
// has a page with its state.
func TestAgentHasNoQueries(t *testing.T) {
	t.Parallel()
	target, r := newCounting(t, 0), newReceiving(t)
	r.up()
	o := options(t)
	o.Agent, o.Config = true, sendingConfig("100ms", target.address, r.address)
	a := start(t, o)
	target.await(t, 3)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/":                          {200, "0 down"},
		"/-/healthy":                 {200, "healthy"},
		"/-/ready":                   {200, "ready"},
		"/metrics":                   {200, "prometheus_agent_active_series"},
		"/api/v1/targets":            {200, target.address},
		"/api/v1/status/config":      {200, "remote_write"},
		"/api/v1/status/flags":       {200, "storage.agent.path"},
		"/api/v1/query?query=up":     {422, "unavailable with Prometheus Agent"},
		"/api/v1/rules":              {422, "unavailable with Prometheus Agent"},
		"/api/v1/status/tsdb":        {422, "unavailable with Prometheus Agent"},
		"/federate?match[]=up":       {404, ""},
		"/api/tacho/verdict":         {404, ""},
		"/api/v1/alertmanagers":      {422, "unavailable with Prometheus Agent"},
		"/api/v1/status/buildinfo":   {200, "3.16.0"},
		"/api/v1/status/walreplay":   {200, ""},
		"/api/v1/label/job/values":   {422, "unavailable with Prometheus Agent"},
		"/api/v1/scrape_pools":       {200, "counting"},
		"/api/v1/targets/metadata":   {200, ""},
		"/api/v1/status/runtimeinfo": {200, "storageRetention"},
	} {
		if code, body := a.get(path); code != want.status || !strings.Contains(body, want.text) {
			t.Errorf("%s: %d %.300s, want %d %s", path, code, body, want.status, want.text)
		}
	}
	if code, body := a.post("/-/reload"); code != http.StatusOK {
		t.Errorf("reload: %d %s", code, body)
	}
	target.await(t, 3)
	if _, err := os.Stat(filepath.Join(o.DataDir, "chunks_head")); err == nil {
		t.Error("an agent has no TSDB")
	}
}

// TestAgentRefuses: what an agent cannot do is an error at the start, with the fix.
func TestAgentRefuses(t *testing.T) {
	remote := "remote_write: [{url: 'http://127.0.0.1:1/'}]\n"
	for name, tt := range map[string]struct {
		file string
		data string
		want string
	}{
		"no receiver":      {quick, "", "remote_write is missing"},
		"rules":            {remote + "rule_files: [a.yml]\n", "", "rule_files is not allowed in agent mode"},
		"alerts":           {remote + "alerting: {alertmanagers: [{static_configs: [{targets: ['a:1']}]}]}\n", "", "alerting is not allowed in agent mode"},
		"data of a server": {remote, "chunks_head", "has the samples of a server: choose another directory"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			o.Agent, o.Config, o.ConfigFile = true, "", filepath.Join(t.TempDir(), "prometheus.yml")
			write(t, o.ConfigFile, tt.file)
			if tt.data != "" {
				if err := os.Mkdir(filepath.Join(o.DataDir, tt.data), 0o750); err != nil {
					t.Fatal(err)
				}
			}
			s, err := server.New(o)
			if err == nil {
				_ = s.Close()
			}
			if !errors.Is(err, server.ErrConfig) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
