package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"time"

	built "github.com/tacho-go/tacho/internal/programs"
	"github.com/tacho-go/tacho/server"
)

// agents returns the agents to compare: tacho's and Prometheus's.
func agents(s settings) ([]program, error) {
	files, err := find(s, "tacho", "prometheus")
	if err != nil {
		return nil, err
	}
	tacho, prometheus := files[0], files[1]
	return []program{
		{"tacho agent", tacho, func(config, data, address string) []string {
			return []string{"agent", config, "--data-dir", data, "--listen", address, "--log-level", "warn"}
		}, func(string) string { return "" }},
		{"Prometheus " + server.PrometheusVersion + " --agent", prometheus, func(config, data, address string) []string {
			return []string{"--agent", "--config.file=" + config, "--storage.agent.path=" + data, "--web.listen-address=" + address, "--log.level=error"}
		}, ownJob},
	}, nil
}

// find returns copies of programs, so that all were written in the same way: the kernel (Linux 6.18) maps a
// program file in the units in which its cache holds it. A file that the linker has just written counts
// 4 MB more than its copy, one that was written at once counts completely, and the copies count
// the same as files that are read from disk after a boot.
func find(s settings, names ...string) (files []string, err error) {
	for _, name := range names {
		file := s.tacho
		if name != "tacho" || file == "" {
			if file, err = built.Find(name); err != nil {
				return nil, err
			}
		}
		copied := filepath.Join(s.dir, name)
		if err := copyProgram(file, copied); err != nil {
			return nil, err
		}
		files = append(files, copied)
	}
	return files, nil
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// An agentRow is the resource usage of an agent.
type agentRow struct {
	name                   string
	series, perSecond      float64
	cpu, core, rss, peak   float64
	log, wire, perRequests float64 // bytes per sample, bytes per sample, samples per request
}

// measureAgents runs the agents at the same time against a receiver that accepts everything,
// and prints the table.
func measureAgents(ctx context.Context, s settings, out io.Writer) error {
	all, err := agents(s)
	if err != nil {
		return err
	}
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer sink.Close()
	for i := range all {
		own := all[i].scrapes
		all[i].scrapes = func(address string) string {
			return own(address) + "remote_write: [{url: '" + sink.URL + "', send_native_histograms: true, send_exemplars: true}]\n"
		}
	}
	counted := func(r *process) { r.appended = "prometheus_agent_samples_appended_total" }
	rows, err := sideBySide(ctx, s, all, counted, (*process).agentRow)
	if err != nil {
		return err
	}
	printAgents(out, s, rows)
	return nil
}

func (r *process) agentRow(before, after usage) (agentRow, error) {
	seconds := after.at.Sub(before.at).Seconds()
	row := agentRow{
		name: r.name, cpu: after.cpu - before.cpu, core: (after.cpu - before.cpu) / seconds * 100,
		rss: float64(after.rss) / mb, peak: float64(after.peak) / mb, perSecond: (after.appended - before.appended) / seconds,
	}
	var sent, bytes, requests float64
	for _, m := range []struct {
		name string
		to   *float64
	}{
		{"prometheus_agent_active_series", &row.series},
		{"prometheus_remote_storage_samples_total", &sent},
		{"prometheus_remote_storage_bytes_total", &bytes},
		{"prometheus_remote_storage_sent_batch_duration_seconds_count", &requests},
	} {
		var err error
		if *m.to, err = r.metric(m.name); err != nil {
			return row, err
		}
	}
	row.log = float64(size(filepath.Join(r.data, "wal"))) / after.appended
	row.wire, row.perRequests = bytes/sent, sent/requests
	return row, nil
}

// printAgents prints the rows and their ratio.
func printAgents(w io.Writer, s settings, rows []agentRow) {
	fmt.Fprintf(w, "%d targets × %s every %v, %v measured after %v; %d cores, %s/%s.\n\n",
		s.targets, s.each(), s.interval, s.span.Round(time.Second), s.warmUp, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintln(w, "| | series | samples/s | CPU s | % of a core | RSS MB | peak MB | log B/sample | wire B/sample | samples/request |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %.0f | %.0f | %.2f | %.1f | %.0f | %.0f | %.2f | %.2f | %.0f |\n",
			r.name, r.series, r.perSecond, r.cpu, r.core, r.rss, r.peak, r.log, r.wire, r.perRequests)
	}
	a, b := rows[0], rows[1]
	fmt.Fprintf(w, "| %s ÷ %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", a.name, b.name, a.series/b.series,
		a.perSecond/b.perSecond, a.cpu/b.cpu, a.core/b.core, a.rss/b.rss, a.peak/b.peak, a.log/b.log, a.wire/b.wire, a.perRequests/b.perRequests)
}
