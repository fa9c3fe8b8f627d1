package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/cluster"
	"github.com/tacho-go/tacho/internal/programs"
	"github.com/tacho-go/tacho/verdict"
)

// A tally is a target that counts a hundred events per second, and how often each agent scrapes it.
type tally struct {
	began   time.Time
	mu      sync.Mutex
	ended   time.Time        // no event after it; zero while there are some
	scrapes map[string]int64 // by agent
}

const perSecond = 100

// events is how many there were until a moment.
func (y *tally) events(at time.Time) float64 {
	if !y.ended.IsZero() && at.After(y.ended) {
		at = y.ended
	}
	return math.Floor(at.Sub(y.began).Seconds() * perSecond)
}

func (y *tally) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	y.mu.Lock()
	defer y.mu.Unlock()
	agent := r.FormValue("agent")
	y.scrapes[agent]++
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprintf(w, "# TYPE pair_events_total counter\npair_events_total %v\n# TYPE pair_scrapes_total counter\npair_scrapes_total %d\n", y.events(time.Now()), y.scrapes[agent])
}

// of returns how often an agent has scraped.
func (y *tally) of(agent string) int64 {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.scrapes[agent]
}

// startTwin starts one of a pair of agents: only its replica label and its receiver are its own.
func startTwin(t *testing.T, target, replica, write string) (a *agentProcess, data string) {
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf(`global: {scrape_interval: 1s, scrape_timeout: 1s, external_labels: {cluster: test, %s: %s}}
remote_write: [{url: '%s', queue_config: {batch_send_deadline: 500ms, max_backoff: 1s}}]
scrape_configs: [{job_name: pair, params: {agent: [%[2]s]}, static_configs: [{targets: ['%[4]s']}]}]
`, cluster.AgentReplica, replica, write, target)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	data = filepath.Join(dir, "data")
	a = &agentProcess{args: []string{"agent", file, "--listen", "127.0.0.1:0", "--data-dir", data}}
	a.start(t)
	return a, data
}

// TestAgentPair: two agents scrape the same target. One is killed and loses its whole disk while the
// receivers are down, with all that it had not sent. The other one has it: deduplicated, the target's count
// is right at every second, and nothing of the other one's own series is missing.
func TestAgentPair(t *testing.T) {
	if os.Getenv(separate) == "" {
		t.Logf("not run: it starts Thanos; make cluster runs it")
		return
	}
	t.Parallel() // it mostly waits
	engine, err := cluster.Thanos(t.Context(), programs.File(t, "thanos"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Stop)
	y := &tally{began: time.Now(), scrapes: map[string]int64{}}
	target := newService(t, y.ServeHTTP)
	lost, disk := startTwin(t, target, "a", engine.Write[0])
	startTwin(t, target, "b", engine.Write[1])
	page := engineOf(spawn(t, nil, "serve", "--query-url", engine.Query, "--no-rules", "--listen", "127.0.0.1:0"))
	scraped := func(n int64) { awaitState(t, fmt.Sprint(n, " scrapes"), func() bool { return y.of("b") >= n }) }

	awaitState(t, "both replicas", func() bool { return len(undeduplicated(t, engine, "pair_events_total")) == 2 })
	start := y.of("b")
	t.Log("the receivers are down; meanwhile one agent loses its disk")
	for _, r := range engine.Stores {
		r.Kill()
	}
	scraped(start + 15)
	unsent := y.of("a")
	lost.kill()
	if err := os.RemoveAll(disk); err != nil {
		t.Fatal(err)
	}
	scraped(start + 30)
	startAll(t, engine.Stores)
	lost.start(t)
	scraped(start + 60)
	y.mu.Lock()
	y.ended = time.Now()
	y.mu.Unlock()
	if y.of("a") <= unsent {
		t.Error("the agent with the new disk scrapes nothing")
	}
	awaitState(t, "the last count, from both", func() bool {
		all := undeduplicated(t, engine, "pair_events_total")
		return all["a"] == y.events(y.ended) && all["b"] == y.events(y.ended)
	})
	checkPair(t, engine, page, y)
}

// undeduplicated is an instant query of which Thanos does not deduplicate the result: values by replica.
func undeduplicated(t *testing.T, e *cluster.Engine, expr string) map[string]float64 {
	t.Helper()
	_, body := get(t, http.DefaultClient, e.Query+"/api/v1/query?dedup=false&query="+url.QueryEscape("max by ("+cluster.AgentReplica+") ("+expr+")"))
	var answer struct{ Data struct{ Result []row } }
	_ = json.Unmarshal([]byte(body), &answer) // no answer is no result
	all := map[string]float64{}
	for _, r := range answer.Data.Result {
		all[r.Metric[cluster.AgentReplica]], _ = strconv.ParseFloat(fmt.Sprint(r.Value[1]), 64)
	}
	return all
}

// checkPair compares what the engine has with what the target has counted.
func checkPair(t *testing.T, e *cluster.Engine, page engine, y *tally) {
	t.Helper()
	for expr, want := range map[string]float64{
		"count by (" + cluster.AgentReplica + ") (pair_events_total)": 1,
		"max(pair_events_total)":             y.events(y.ended),
		"max(resets(pair_events_total[1h]))": 0,
	} {
		var got map[string]float64
		var err error
		if !reaches(10*time.Second, func() bool { // a query of this second does not have its last sample
			got, err = page.query(expr, time.Now())
			return err == nil && len(got) == 1 && got["map[]"] == want
		}) {
			t.Errorf("%s: %v, want %v (%v)", expr, got, want, err)
		}
	}
	var n float64
	var got [3]float64
	if !reaches(10*time.Second, func() bool { // it goes on, and half a second passes until a scrape is sent
		n = float64(y.of("b"))
		for i, what := range []string{"count", "max", "sum"} {
			got[i] = undeduplicated(t, e, what+"_over_time(pair_scrapes_total[1h])")["b"]
		}
		return got == [3]float64{n, n, n * (n + 1) / 2}
	}) {
		t.Errorf("count, max and sum of the agent that lost nothing: %v after %v scrapes", got, n)
	}
	seconds, oldest, apart := everySecond(t, page, y)
	t.Logf("%v events; %v scrapes by the agent that lost its disk, %v by the other; in %d seconds the count is at most %.1f s old and %.2f s apart",
		y.events(y.ended), y.of("a"), n, seconds, oldest, apart)
	if seconds < 60 || oldest > 10 || apart > 1 {
		t.Error("the deduplicated count has a gap, or is wrong")
	}
}

// everySecond compares the count of each second with what the target had counted when it was scraped. It
// returns the number of seconds, the largest age of a sample, and the largest difference in seconds of events.
func everySecond(t *testing.T, page engine, y *tally) (seconds int, oldest, apart float64) {
	t.Helper()
	from, to := y.began.Add(5*time.Second).Truncate(time.Second), y.ended.Truncate(time.Second)
	at := map[time.Time]float64{}
	for _, expr := range []string{"timestamp(pair_events_total)", "pair_events_total"} {
		all, err := verdict.API{URL: page.url}.QueryRange(t.Context(), expr, from, to, time.Second)
		if err != nil || len(all) != 1 {
			t.Fatalf("%s: %d series (%v)", expr, len(all), err)
		}
		for _, p := range all[0].Points {
			if scraped, known := at[p.At]; known {
				moment := time.UnixMilli(int64(scraped * 1000))
				seconds++
				oldest = max(oldest, p.At.Sub(moment).Seconds())
				apart = max(apart, math.Abs(p.Value-y.events(moment))/perSecond)
			} else {
				at[p.At] = p.Value
			}
		}
	}
	return seconds, oldest, apart
}
