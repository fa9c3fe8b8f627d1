package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// A startRow holds the measured starts of one program.
type startRow struct {
	name       string
	ready, cpu []float64 // seconds
	peak       []float64 // MB
}

// measureStart starts the programs in turn on copies of the same data, kills each with
// SIGKILL, and prints the table.
func measureStart(ctx context.Context, s settings, out io.Writer) error {
	all, err := programs(s)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	made, err := fill(ctx, data, s.size)
	if err != nil {
		return err
	}
	rows := make([]startRow, len(all))
	for i, p := range all {
		rows[i].name = p.name
		if err := os.CopyFS(fmt.Sprint(data, i), os.DirFS(data)); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	for range s.rounds {
		for i, p := range all {
			if err := rows[i].start(ctx, s, p, fmt.Sprint(data, i)); err != nil {
				return err
			}
		}
	}
	printStart(out, s, made, rows)
	return nil
}

func (row *startRow) start(ctx context.Context, s settings, p program, data string) error {
	p.scrapes = func(string) string { return "" }
	r, err := p.start(ctx, s, data, "- {job_name: tacho}\n") // no targets, so the data does not change
	if err != nil {
		return err
	}
	defer r.kill()
	cpu, err := cpuSeconds(r.cmd.Process.Pid)
	if err != nil {
		return err
	}
	used, err := memoryOf(r.cmd.Process.Pid)
	row.ready, row.cpu, row.peak = append(row.ready, r.ready.Seconds()), append(row.cpu, cpu), append(row.peak, float64(used.peak)/mb)
	return err
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

func printStart(w io.Writer, s settings, made filled, rows []startRow) {
	fmt.Fprintf(w, "%.2f GB of data (%.0f MB log, %.0f MB chunks of the head, %.0f MB blocks): %d series, %.1f million samples of %v; median of %d starts in turn, %d cores, %s/%s.\n\n",
		float64(made.bytes)/1e9, float64(made.wal)/mb, float64(made.chunks)/mb, float64(made.bytes-made.wal-made.chunks)/mb,
		made.series, float64(made.samples)/1e6, made.span.Round(time.Minute), s.rounds, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintln(w, "| | ready after s | CPU s | peak RSS MB |")
	fmt.Fprintln(w, "|---|---:|---:|---:|")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %.2f (%.2f–%.2f) | %.2f | %.0f |\n", r.name, median(r.ready), slices.Min(r.ready), slices.Max(r.ready), median(r.cpu), median(r.peak))
	}
	base := rows[len(rows)-1]
	for _, r := range rows[:len(rows)-1] {
		fmt.Fprintf(w, "| %s ÷ %s | %.2f | %.2f | %.2f |\n", r.name, base.name, median(r.ready)/median(base.ready), median(r.cpu)/median(base.cpu), median(r.peak)/median(base.peak))
	}
}
