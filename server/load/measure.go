package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"time"
)

// A row holds the resource usage of one program.
type row struct {
	name        string
	cpu         float64 // seconds, during the measurement
	core        float64 // CPU usage in percent of one core
	rss, peak   float64 // MB
	perSecond   float64 // samples
	wal, blocks float64 // bytes per sample
	series      float64
}

// measureLoad runs all programs at the same time and prints the table.
func measureLoad(ctx context.Context, s settings, out io.Writer) error {
	all, err := programs(s)
	if err != nil {
		return err
	}
	rows, err := sideBySide(ctx, s, all, func(*process) {}, (*process).row)
	if err != nil {
		return err
	}
	printLoad(out, s, rows)
	return nil
}

// sideBySide runs programs at the same time on the same targets, and returns the row of each for the
// measurement. started is called with each program that runs.
func sideBySide[R any](ctx context.Context, s settings, all []program, started func(*process), row func(r *process, before, after usage) (R, error)) ([]R, error) {
	addresses, stopTargets := startTargets(s)
	defer stopTargets()
	return onTargets(ctx, s, all, jobs(addresses), started, row)
}

// onTargets is sideBySide for targets that run already and their scrape configuration.
func onTargets[R any](ctx context.Context, s settings, all []program, jobs string, started func(*process), row func(r *process, before, after usage) (R, error)) ([]R, error) {
	var running []*process
	defer func() {
		for _, r := range running {
			r.stop()
		}
	}()
	for i, p := range all {
		r, err := p.start(ctx, s, filepath.Join(s.dir, fmt.Sprint("data", i)), jobs)
		if err != nil {
			return nil, err
		}
		started(r)
		running = append(running, r)
	}
	if err := wait(ctx, s.warmUp); err != nil {
		return nil, err
	}
	before, err := usages(running)
	if err != nil {
		return nil, err
	}
	if err := wait(ctx, s.span); err != nil {
		return nil, err
	}
	after, err := usages(running)
	if err != nil {
		return nil, err
	}
	var rows []R
	for i, r := range running {
		one, err := row(r, before[i], after[i])
		if err != nil {
			return nil, err
		}
		rows = append(rows, one)
	}
	return rows, nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return errors.New("interrupted")
	}
}

func usages(running []*process) (all []usage, err error) {
	for _, r := range running {
		u, err := r.usage()
		if err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, nil
}

const mb = 1e6

// row returns the usage between two points in time. Bytes per sample cover everything
// since the start, because the WAL cannot be limited to a time range.
func (r *process) row(before, after usage) (row, error) {
	seconds := after.at.Sub(before.at).Seconds()
	out := row{
		name: r.name, cpu: after.cpu - before.cpu, core: (after.cpu - before.cpu) / seconds * 100,
		rss: float64(after.rss) / mb, peak: float64(after.peak) / mb,
		perSecond: (after.appended - before.appended) / seconds,
	}
	var err error
	if out.series, err = r.metric("prometheus_tsdb_head_series"); err != nil {
		return out, err
	}
	appended, err := r.metric("prometheus_tsdb_head_samples_appended_total")
	if err != nil {
		return out, err
	}
	out.wal = float64(size(filepath.Join(r.data, "wal"))) / appended
	blocks, err := r.snapshot()
	out.blocks = float64(blocks) / appended
	return out, err
}

// printLoad prints the rows and the ratio of each to the last one, Prometheus.
func printLoad(w io.Writer, s settings, rows []row) {
	fmt.Fprintf(w, "%d targets × %s every %v, %v measured after %v; %d cores, %s/%s.\n\n",
		s.targets, s.each(), s.interval, s.span, s.warmUp, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintln(w, "| | series | samples/s | CPU s | % of a core | RSS MB | peak MB | WAL B/sample | blocks B/sample |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %.0f | %.0f | %.2f | %.1f | %.0f | %.0f | %.2f | %.2f |\n", r.name, r.series, r.perSecond, r.cpu, r.core, r.rss, r.peak, r.wal, r.blocks)
	}
	base := rows[len(rows)-1]
	for _, r := range rows[:len(rows)-1] {
		fmt.Fprintf(w, "| %s ÷ %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", r.name, base.name, r.series/base.series,
			r.perSecond/base.perSecond, r.cpu/base.cpu, r.core/base.core, r.rss/base.rss, r.peak/base.peak, r.wal/base.wal, r.blocks/base.blocks)
	}
}
