package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/cluster"
	"github.com/tacho-go/tacho/internal/programs"
	"github.com/tacho-go/tacho/verdict"
)

// A mover is an engine that also has the samples of the server that was there before it.
type mover struct {
	name  string
	label string // of what is written; Thanos deduplicates what differs in it
	start func(t *testing.T, old string) *cluster.Engine
	// fill copies the old server's samples to an engine that cannot read it, and compares those of the job
	// until a moment after its last. What it returns tries the same with an overlap.
	fill func(t *testing.T, e *cluster.Engine, old, page engine, until time.Time) (overlap func())
}

// movers are the ways of docs/scale.md.
func movers() []mover {
	all := []mover{{name: "VictoriaMetrics with vmctl", label: "cluster: main", start: func(t *testing.T, _ string) *cluster.Engine {
		e, err := cluster.Victoria(t.Context(), programs.File(t, "victoria-metrics"), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return e
	}, fill: fillVictoria}, {name: "Prometheus with remote_read", label: "cluster: main", start: func(t *testing.T, old string) *cluster.Engine {
		dir := t.TempDir()
		e, err := cluster.Prometheus(t.Context(), programs.File(t, "prometheus"), dir)
		if err != nil {
			t.Fatal(err)
		}
		e.Stores[0].Stop()
		config := fmt.Sprintf("remote_read: [{url: '%sapi/v1/read', read_recent: true}]\n", old)
		if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := e.Stores[0].Start(); err != nil {
			t.Fatal(err)
		}
		return e
	}}}
	if os.Getenv(separate) != "" {
		all = append(all, mover{name: "Thanos with a sidecar", label: cluster.AgentReplica + ": %s", start: func(t *testing.T, old string) *cluster.Engine {
			e, err := cluster.ThanosBeside(context.Background(), programs.File(t, "thanos"), t.TempDir(), strings.TrimSuffix(old, "/"))
			if err != nil {
				t.Fatal(err)
			}
			return e
		}})
	}
	return all
}

// fillVictoria runs the commands of docs/scale.md. Afterwards VictoriaMetrics has the samples of the old
// server, each of them once. It has them twice after an overlap, until it removes duplicates.
func fillVictoria(t *testing.T, e *cluster.Engine, old, page engine, until time.Time) (overlap func()) {
	t.Helper()
	awaitState(t, "the first sample", func() bool { // VictoriaMetrics hides the last 30 seconds
		got, err := page.query("up{cluster='main'}", time.Now())
		return err == nil && len(got) > 0
	})
	commands := strings.NewReplacer("http://victoria:8428", e.Query, "http://old:9464", strings.TrimSuffix(old.url, "/")).
		Replace(commandsBelow(t, "../../docs/scale.md", "### Import into VictoriaMetrics"))
	run := func(commands string) {
		t.Helper()
		cmd := exec.Command("bash", "-euc", commands)
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(programs.File(t, "vmctl"))+":"+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s\n%s", err, commands, out)
		}
	}
	run(commands)
	want, err := samples(old, `{job="pair"}[10m]`, until)
	if err != nil || len(want["pair_scrapes_total"]) < 20 {
		t.Fatalf("the old server has %v (%v)", want, err)
	}
	has := func(what string, times int) {
		t.Helper()
		var got map[string][]string
		if !reaches(30*time.Second, func() bool {
			got, err = samples(page, `{job="pair"}[10m]`, until)
			return err == nil && reflect.DeepEqual(got, repeated(want, times))
		}) {
			t.Errorf("%s: the engine has (%v)\n%v\nthe old server has\n%v", what, err, got, want)
		}
	}
	has("after the import", 1)
	return func() {
		t.Helper()
		end := regexp.MustCompile(`(--remote-read-filter-time-end=).*`)
		run(end.ReplaceAllString(commands, `$1"$(date -u +%FT%TZ)"`))
		has("after an import until the present", 2)
		e.Stores[0].Stop()
		if err := e.Stores[0].StartWith("-dedup.minScrapeInterval=1ms"); err != nil {
			t.Fatal(err)
		}
		has("without duplicates", 1)
	}
}

// repeated returns all samples with each of them a number of times in a row.
func repeated(all map[string][]string, times int) map[string][]string {
	more := map[string][]string{}
	for name, samples := range all {
		for _, s := range samples {
			more[name] = append(more[name], slices.Repeat([]string{s}, times)...)
		}
	}
	return more
}

// samples returns the samples of a range selector, by the names of their series. All that this server or
// engine adds to the labels is left out.
func samples(e engine, selector string, at time.Time) (map[string][]string, error) {
	resp, err := http.PostForm(e.url+"api/v1/query", url.Values{"query": {selector}, "time": {fmt.Sprintf("%.3f", float64(at.UnixMilli())/1000)}})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var a struct {
		Error string
		Data  struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return nil, err
	}
	if a.Error != "" {
		return nil, errors.New(a.Error)
	}
	all := map[string][]string{}
	for _, s := range a.Data.Result {
		for _, v := range s.Values {
			all[s.Metric["__name__"]] = append(all[s.Metric["__name__"]], fmt.Sprint(v))
		}
	}
	return all, nil
}

// TestMoveToEngine: a server with samples of its own begins to write to an engine, and an agent takes over.
// Through serve --query-url, one range query shows the time before, during and after the change: one series,
// every second right.
func TestMoveToEngine(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, m := range movers() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			y := &tally{began: time.Now(), scrapes: map[string]int64{}}
			target := newService(t, y.ServeHTTP)
			file := filepath.Join(t.TempDir(), "prometheus.yml")
			configure := func(name, write, scrape string) {
				t.Helper()
				if write != "" {
					write = "remote_write: [{url: '" + write + "', queue_config: {batch_send_deadline: 500ms}}]\n"
				}
				text := "global: {scrape_interval: 1s, scrape_timeout: 1s, external_labels: {" + strings.Replace(m.label, "%s", name, 1) + "}}\n" + write + scrape
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			scrape := "scrape_configs: [{job_name: pair, params: {agent: [any]}, static_configs: [{targets: ['" + target + "']}]}]\n"
			scraped := func(more int64) {
				t.Helper()
				enough := y.of("any") + more
				awaitState(t, fmt.Sprint(enough, " scrapes"), func() bool { return y.of("any") >= enough })
			}
			configure("old", "", scrape)
			old := spawn(t, nil, "serve", file, "--no-rules", "--listen", "127.0.0.1:0")
			address := old.says(pageLine)
			scraped(15)
			before := time.Now()

			e := m.start(t, address)
			t.Cleanup(e.Stop)
			page := engineOf(spawn(t, nil, "serve", "--query-url", e.Query, "--no-rules", "--listen", "127.0.0.1:0"))
			reload := func() {
				t.Helper()
				if resp, err := http.Post(address+"-/reload", "", nil); err != nil || resp.StatusCode != http.StatusOK {
					t.Fatal(resp, err)
				}
			}
			configure("old", e.Write[0], scrape) // both are written
			reload()
			scraped(10)
			configure("old", e.Write[0], "") // the old one keeps what it has, for those who read it
			reload()
			handed := time.Now()
			agent := filepath.Join(t.TempDir(), "prometheus.yml")
			file = agent
			configure("new", e.Write[0], scrape)
			spawn(t, nil, "agent", file, "--listen", "127.0.0.1:0").says(`Agent +(http\S+)`)
			scraped(15)
			y.mu.Lock()
			y.ended = time.Now()
			y.mu.Unlock()
			overlap := func() {}
			if m.fill != nil {
				overlap = m.fill(t, e, engine{url: address}, page, handed)
			}
			awaitState(t, "the last count", func() bool {
				got, err := page.query("max(pair_events_total)", time.Now())
				return err == nil && got["map[]"] == y.events(y.ended)
			})
			alone, err := verdict.API{URL: page.url}.Query(t.Context(), "sum(count_over_time(pair_events_total[10m]))", before)
			if err != nil || len(alone) != 1 {
				t.Errorf("the time before: %v (%v)", alone, err)
			}
			seconds, oldest, apart := everySecond(t, page, y)
			t.Logf("in %d seconds the count is at most %.1f s old and %.2f s apart", seconds, oldest, apart)
			if seconds < 35 || oldest > 10 || apart > 1 {
				t.Error("there is a gap, or a wrong value")
			}
			overlap()
		})
	}
}
