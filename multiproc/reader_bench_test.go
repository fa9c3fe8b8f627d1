//go:build unix

package multiproc

import (
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/common/expfmt"
)

// cpuSeconds returns the CPU time of this process.
func cpuSeconds() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(u.Utime) + seconds(u.Stime)
}

type discardText struct{ n int }

func (d *discardText) Write(p []byte) (int, error) { d.n += len(p); return len(p), nil }

// render gathers and writes text, which Python's time also includes.
func render(b *testing.B, r *Reader) {
	families, err := r.Gather()
	if err != nil {
		b.Fatal(err)
	}
	out := &discardText{}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(out, f); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReader reads 10,000 samples of each of 64 workers, cold and warm, and reports
// Python's CPU time on the same directory as a multiple of ours.
func BenchmarkReader(b *testing.B) {
	dir := b.TempDir()
	runPython(b, "write", dir, 64, 556)
	theirs, err := strconv.ParseFloat(strings.TrimSpace(runPython(b, "time", dir, 3)), 64)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("cold", func(b *testing.B) {
		begin := cpuSeconds()
		for b.Loop() {
			r, _ := NewReader(ReaderOptions{Dir: dir})
			render(b, r)
		}
		b.ReportMetric(theirs/((cpuSeconds()-begin)/float64(b.N)), "×faster")
	})
	b.Run("warm", func(b *testing.B) {
		r, _ := NewReader(ReaderOptions{Dir: dir})
		render(b, r)
		begin := cpuSeconds()
		for b.Loop() {
			render(b, r)
		}
		b.ReportMetric(theirs/((cpuSeconds()-begin)/float64(b.N)), "×faster")
	})
}
