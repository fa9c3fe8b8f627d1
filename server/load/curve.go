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
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A curveAgent is an agent with what it counts itself and what its receiver counts.
type curveAgent struct {
	program
	appended string // the metric that counts scraped samples
	wire     *atomic.Int64
}

// curveAgents returns the agents of the cost curve, and the receiver that accepts everything
// from them and counts bytes.
func curveAgents(s settings) ([]curveAgent, *httptest.Server, error) {
	two, err := agents(s)
	if err != nil {
		return nil, nil, err
	}
	files, err := find(s, "vmagent")
	if err != nil {
		return nil, nil, err
	}
	const appended = "prometheus_agent_samples_appended_total"
	all := []curveAgent{{two[0], appended, new(atomic.Int64)}, {two[1], appended, new(atomic.Int64)}, {
		program{name: "vmagent", file: files[0]}, "vm_promscrape_scraped_samples_sum", new(atomic.Int64),
	}}
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		if i, err := strconv.Atoi(strings.Trim(r.URL.Path, "/")); err == nil && i < len(all) {
			all[i].wire.Add(n)
		}
	}))
	for i := range all[:2] {
		all[i].scrapes = func(string) string { return fmt.Sprintf("remote_write: [{url: '%s/%d'}]\n", sink.URL, i) }
	}
	all[2].scrapes = func(string) string { return "" }
	all[2].args = func(config, data, address string) []string {
		return []string{"-promscrape.config=" + config, "-remoteWrite.tmpDataPath=" + data, "-httpListenAddr=" + address, "-loggerLevel=ERROR",
			"-remoteWrite.url=" + sink.URL + "/2", "-remoteWrite.forcePromProto=true", "-promscrape.config.strictParse=false"}
	}
	return all, sink, nil
}

// A curveRow is the cost of one agent with one number of targets.
type curveRow struct {
	name         string
	targets      int
	perSecond    float64 // samples
	samples, cpu float64 // during the measurement
	rss, peak    float64 // MB
	anon, file   float64 // MB, the parts of rss
	wire, log    float64 // bytes per sample; vmagent has no log while its receiver responds
}

// measureCurve runs the agents at the same time with each number of targets in turn.
func measureCurve(ctx context.Context, s settings, out io.Writer) error {
	var all []curveRow
	for i, n := range s.counts {
		one := s
		one.targets, one.dir = n, filepath.Join(s.dir, fmt.Sprint("run", i))
		rows, err := measurePoint(ctx, one)
		if err != nil {
			return err
		}
		all = append(all, rows...)
	}
	return printCurve(out, s, all)
}

// measurePoint is measureCurve for one number of targets.
func measurePoint(ctx context.Context, s settings) ([]curveRow, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	agents, sink, err := curveAgents(s)
	if err != nil {
		return nil, err
	}
	defer sink.Close()
	addresses, stop := startTargets(s)
	defer stop()
	var programs []program
	byName := map[string]curveAgent{}
	for _, a := range agents {
		programs = append(programs, a.program)
		byName[a.name] = a
	}
	started := func(r *process) { r.appended, r.sent = byName[r.name].appended, byName[r.name].wire }
	return onTargets(ctx, s, programs, onlyJobs(addresses), started, func(r *process, before, after usage) (curveRow, error) {
		samples := after.appended - before.appended
		if samples <= 0 {
			return curveRow{}, fmt.Errorf("%s has scraped nothing", r.name)
		}
		return curveRow{
			name: r.name, targets: s.targets, samples: samples, perSecond: samples / after.at.Sub(before.at).Seconds(), cpu: after.cpu - before.cpu,
			rss: float64(after.rss) / mb, peak: float64(after.peak) / mb, anon: float64(after.anon) / mb, file: float64(after.file) / mb,
			wire: float64(after.wire-before.wire) / samples,
			log:  float64(size(filepath.Join(r.data, "wal"))) / after.appended,
		}, nil
	})
}

// printCurve prints the points, the ratios to Prometheus's agent, and how far each agent is
// from a straight line through its first and its last point.
func printCurve(w io.Writer, s settings, all []curveRow) error {
	fmt.Fprintf(w, "%s per target every %v, %v measured after %v; %d cores, %s/%s.\n\n", s.each(), s.interval, s.span.Round(time.Second), s.warmUp, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintln(w, "| targets | | samples/s | CPU s | CPU µs/sample | RSS MB | heap MB | file MB | peak MB | wire B/sample | log B/sample | CPU off the line | RSS off the line |")
	fmt.Fprintln(w, "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
	by := map[string][]curveRow{}
	for _, r := range all {
		by[r.name] = append(by[r.name], r)
	}
	for _, r := range all {
		fmt.Fprintf(w, "| %d | %s | %.0f | %.2f | %.1f | %.1f | %.1f | %.1f | %.0f | %.1f | %.1f | %+.0f%% | %+.0f%% |\n", r.targets, r.name, r.perSecond, r.cpu,
			r.cpu/r.samples*1e6, r.rss, r.anon, r.file, r.peak, r.wire, r.log,
			offLine(r, by[r.name], func(r curveRow) float64 { return r.cpu }), offLine(r, by[r.name], func(r curveRow) float64 { return r.rss }))
	}
	if len(all)%3 != 0 {
		return errors.New("an agent lacks a point")
	}
	for i := 0; i < len(all); i += 3 {
		a, b := all[i], all[i+1]
		fmt.Fprintf(w, "| %d | %s ÷ %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | | |\n", a.targets, a.name, b.name,
			a.perSecond/b.perSecond, a.cpu/b.cpu, a.cpu/a.samples/(b.cpu/b.samples), a.rss/b.rss, a.anon/b.anon, a.file/b.file, a.peak/b.peak, a.wire/b.wire, a.log/b.log)
	}
	return nil
}

// offLine returns the difference in percent of a value to the straight line between the first
// and the last point, by samples per second.
func offLine(r curveRow, points []curveRow, value func(curveRow) float64) float64 {
	first, last := points[0], points[len(points)-1]
	if first.perSecond == last.perSecond {
		return 0
	}
	share := (r.perSecond - first.perSecond) / (last.perSecond - first.perSecond)
	on := value(first) + share*(value(last)-value(first))
	return (value(r)/on - 1) * 100
}
