package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/cluster"
	"github.com/tacho-go/tacho/internal/programs"
	"github.com/tacho-go/tacho/verdict"
)

// A mover is an engine that also reads the server that was there before it.
type mover struct {
	name  string
	label string // of what is written; Thanos deduplicates what differs in it
	start func(t *testing.T, old string) *cluster.Engine
}

// movers are the ways of docs/scale.md.
func movers() []mover {
	all := []mover{{"Prometheus with remote_read", "cluster: main", func(t *testing.T, old string) *cluster.Engine {
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
		all = append(all, mover{"Thanos with a sidecar", cluster.AgentReplica + ": %s", func(t *testing.T, old string) *cluster.Engine {
			e, err := cluster.ThanosBeside(context.Background(), programs.File(t, "thanos"), t.TempDir(), strings.TrimSuffix(old, "/"))
			if err != nil {
				t.Fatal(err)
			}
			return e
		}})
	}
	return all
}

// TestMoveToEngine: a server with samples of its own begins to write to an engine, and an agent takes over.
// Through serve --query-url, one range query shows the time before, during and after the change: one series,
// every second right.
func TestMoveToEngine(t *testing.T) {
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
			agent := filepath.Join(t.TempDir(), "prometheus.yml")
			file = agent
			configure("new", e.Write[0], scrape)
			spawn(t, nil, "agent", file, "--listen", "127.0.0.1:0").says(`Agent +(http\S+)`)
			scraped(15)
			y.mu.Lock()
			y.ended = time.Now()
			y.mu.Unlock()
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
		})
	}
}
