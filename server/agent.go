package server

import (
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb/agent"
	"github.com/prometheus/prometheus/util/compression"
)

// agentTruncation is how often the log of an agent is truncated. remotewrite keeps what a
// receiver still needs, so that the log itself can be short.
const agentTruncation = time.Hour

// openAgent opens the log of an agent.
func (s *Server) openAgent(c *config.Config, reg *prometheus.Registry) (database, error) {
	o := agent.DefaultOptions()
	o.WALCompression = compression.Snappy
	o.TruncateFrequency = agentTruncation
	o.MaxWALTime = agentTruncation.Milliseconds()
	o.OutOfOrderTimeWindow = max(0, c.StorageConfig.TSDBConfig.OutOfOrderTimeWindow)
	// A checkpoint of the series alone: by default, it would also copy all samples of the
	// last hour.
	o.CheckpointFromInMemorySeries, o.CheckpointBatchSize = true, 1000
	db, err := agent.Open(s.log.With("component", "agent"), reg, s.remote, s.opts.DataDir, o)
	if err != nil {
		return nil, err
	}
	db.SetWriteNotified(s.sender)
	return db, nil
}

// agentStatus serves the page of an agent: what it scrapes, and how far the receivers are.
func (s *Server) agentStatus(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	up, down := 0, 0
	for _, pool := range s.scraper.TargetsActive() {
		for _, t := range pool {
			switch t.Health() {
			case scrape.HealthGood:
				up++
			case scrape.HealthBad:
				down++
			}
		}
	}
	fmt.Fprintf(w, "tacho agent %s: scrapes targets and forwards their samples\n\n", s.opts.Version)
	fmt.Fprintf(w, "targets    %d up, %d down; api/v1/targets lists them\n", up, down)
	for _, r := range s.sender.Status() {
		fmt.Fprintf(w, "receiver   %s %s: backlog %v, %d bytes\n", r.Name, r.URL, r.Backlog.Round(time.Second), r.Bytes)
	}
	fmt.Fprintln(w, "\nmetrics are at metrics, the configuration at api/v1/status/config")
}
