package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/cluster"
	"github.com/tacho-go/tacho/internal/programs"
)

// A crowd is many targets in one process. Each counts how often it was scraped, in every series.
type crowd struct {
	series  int
	address string
	scrapes []atomic.Int64 // by target
	paused  atomic.Bool    // what is not counted is not scraped: it responds with 503
}

func newCrowd(t *testing.T, targets, series int) *crowd {
	c := &crowd{series: series, scrapes: make([]atomic.Int64, targets)}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.address = strings.TrimPrefix(s.URL, "http://")
	return c
}

// ServeHTTP serves the metrics of the target /N.
func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil || i >= len(c.scrapes) || c.paused.Load() {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	n := c.scrapes[i].Add(1)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "# TYPE crowd_scrapes_total counter")
	for s := range c.series {
		fmt.Fprintf(out, "crowd_scrapes_total{series=\"%d\"} %d\n", s, n)
	}
	_ = out.Flush()
}

// config is a prometheus.yml for one of several agents, which share the targets by hash.
func (c *crowd) config(agent, agents int, write string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "global: {scrape_interval: 1s, scrape_timeout: 1s}\nremote_write: [{url: '%s', queue_config: {batch_send_deadline: 500ms, max_backoff: 1s}}]\nscrape_configs:\n", write)
	for i := range c.scrapes {
		fmt.Fprintf(&b, "- {job_name: crowd-%d, metrics_path: /%d, static_configs: [{targets: ['%s'], labels: {job: crowd, target: '%[1]d'}}], relabel_configs: [{source_labels: [target], modulus: %[4]d, target_label: __tmp_shard, action: hashmod}, {source_labels: [__tmp_shard], regex: '%[5]d', action: keep}]}\n",
			i, i, c.address, agents, agent)
	}
	return b.String()
}

// total is how many samples the targets have given.
func (c *crowd) total() (n int64) {
	for i := range c.scrapes {
		n += c.scrapes[i].Load() * int64(c.series)
	}
	return n
}

// rest ends scraping, so that the counts stand still.
func (c *crowd) rest() {
	c.paused.Store(true)
	for last := int64(-1); last != c.total(); time.Sleep(1500 * time.Millisecond) {
		last = c.total()
	}
}

// whilePaused calls f while nothing is scraped.
func (c *crowd) whilePaused(f func()) {
	c.rest()
	f()
	c.paused.Store(false)
}

// An agentProcess is tacho agent, which can be killed and started again.
type agentProcess struct {
	args []string
	now  *process
}

func startAgent(t *testing.T, c *crowd, i, of int, write string) *agentProcess {
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(c.config(i, of, write)), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &agentProcess{args: []string{"agent", file, "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(dir, "data")}}
	a.start(t)
	return a
}

func (a *agentProcess) start(t *testing.T) {
	a.now = spawn(t, nil, a.args...)
	a.now.says(`Agent +(http://\S+)`)
}

func (a *agentProcess) kill() {
	_ = a.now.cmd.Process.Signal(syscall.SIGKILL)
	_ = a.now.cmd.Wait()
}

// TestCluster: two agents share the targets and write to three Thanos receivers with replication 3, while
// a receiver is killed, all are down, and an agent is killed meanwhile. Every count that is queried through
// tacho serve --query-url is what the target has counted: no sample is missing, and none is there twice.
func TestCluster(t *testing.T) {
	if os.Getenv(separate) == "" {
		t.Logf("not run: it starts Thanos, and takes minutes; make cluster runs it")
		return
	}
	down := 30 * time.Second
	if text := os.Getenv("TACHO_TEST_CLUSTER_DOWN"); text != "" {
		var err error
		if down, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	engine, err := cluster.Thanos(t.Context(), programs.File(t, "thanos"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Stop)
	c := newCrowd(t, 40, 250)
	agents := []*agentProcess{startAgent(t, c, 0, 2, engine.Write[0]), startAgent(t, c, 1, 2, engine.Write[1])}
	front := spawn(t, nil, "serve", "--query-url", engine.Query, "--no-rules", "--listen", "127.0.0.1:0")
	page := engineOf(front)

	until := func(samples int64) {
		t.Helper()
		awaitState(t, fmt.Sprint(samples, " samples"), func() bool { return c.total() >= samples })
	}
	until(200_000)
	t.Log("a receiver is killed, and comes back")
	engine.Stores[0].Kill()
	until(350_000)
	if err := engine.Stores[0].Start(); err != nil {
		t.Fatal(err)
	}
	until(500_000)
	t.Logf("all receivers are down for %v; an agent is killed meanwhile", down)
	for _, r := range engine.Stores {
		r.Kill()
	}
	time.Sleep(down / 2)   // how long they are down, not a wait for a state
	c.whilePaused(func() { // a scrape that the kill interrupts is counted by its target only
		agents[0].kill()
		agents[0].start(t)
	})
	time.Sleep(down / 2)
	startAll(t, engine.Stores)
	until(1_000_000)
	c.rest()
	t.Logf("%d samples", c.total())
	verifyCounts(t, page, c)
}

func startAll(t *testing.T, all []*cluster.Process) {
	failed := make([]error, len(all))
	var wait sync.WaitGroup
	for i, p := range all {
		wait.Go(func() { failed[i] = p.Start() })
	}
	wait.Wait()
	for _, err := range failed {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func engineOf(p *process) engine { return engine{name: "serve", url: p.says(pageLine)} }

// verifyCounts waits until each series has as many samples as its target has given, and checks that these
// are all the numbers up to the count.
func verifyCounts(t *testing.T, page engine, c *crowd) {
	t.Helper()
	var wrong string
	right := func() bool {
		wrong = ""
		for i := range c.scrapes {
			of := fmt.Sprintf(`crowd_scrapes_total{target="%d"}[1h]`, i)
			n := float64(c.scrapes[i].Load())
			for what, want := range map[string]float64{
				"count(count_over_time(" + of + fmt.Sprintf(") == %v)", n):       float64(c.series),
				"count(max_over_time(" + of + fmt.Sprintf(") == %v)", n):         float64(c.series),
				"count(sum_over_time(" + of + fmt.Sprintf(") == %v)", n*(n+1)/2): float64(c.series),
			} {
				got, err := page.query(what, time.Now())
				if err != nil || got["map[]"] != want {
					wrong = fmt.Sprintf("%s: %v, want %v series (%v)", what, got, want, err)
					return false
				}
			}
		}
		return true
	}
	if !reaches(4*time.Minute, right) {
		t.Errorf("after four minutes, not all samples are there: %s", wrong)
	}
}
