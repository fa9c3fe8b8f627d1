package main

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/server"
)

// TestMeasures: small runs of both measurements print plausible figures for each program.
func TestMeasures(t *testing.T) {
	small := settings{span: 4 * time.Second, warmUp: 8 * time.Second, targets: 2, series: 1000, interval: time.Second}
	start := settings{start: true, size: 4 << 20, rounds: 1}
	agents := small
	agents.agent = true
	servers := []string{"tacho serve --no-rules", "Prometheus " + server.PrometheusVersion}
	for _, tt := range []struct {
		name     string
		settings settings
		rows     []string
		columns  int
		column   int // with a known range
		min, max float64
	}{
		{"load", small, servers, 8, 2, 2000, 6000}, // samples per second, of the targets and of the program itself
		{"start", start, servers, 3, 3, 20, 500},   // MB
		{"agent", agents, []string{"tacho agent", "Prometheus " + server.PrometheusVersion + " --agent"}, 9, 2, 2000, 6000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.settings.dir = t.TempDir()
			var out strings.Builder
			if err := run(t.Context(), tt.settings, &out); err != nil {
				t.Fatal(err)
			}
			for _, name := range tt.rows {
				row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(name) + ` \|(.*)\|$`).FindStringSubmatch(out.String())
				if row == nil {
					t.Fatalf("no row for %s:\n%s", name, &out)
				}
				cells := strings.Split(row[1], "|")
				if len(cells) != tt.columns {
					t.Fatalf("%d columns:\n%s", len(cells), &out)
				}
				for i, cell := range cells {
					v, err := strconv.ParseFloat(strings.Fields(cell)[0], 64)
					if err != nil || v <= 0 || i+1 == tt.column && (v < tt.min || v > tt.max) {
						t.Errorf("%s: column %d is %s:\n%s", name, i+1, cell, &out)
					}
				}
			}
		})
	}
}

// TestCurve: a small run of the cost curve prints a plausible row for each agent and number of
// targets, and the ratio to Prometheus's agent.
func TestCurve(t *testing.T) {
	s := settings{agent: true, span: 3 * time.Second, warmUp: 8 * time.Second, series: 100, interval: time.Second, dir: t.TempDir()}
	if err := s.setCounts("1,4"); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(t.Context(), s, &out); err != nil {
		t.Fatal(err)
	}
	prometheus := "Prometheus " + server.PrometheusVersion + " --agent"
	for _, targets := range []float64{1, 4} {
		for _, name := range []string{"tacho agent", prometheus, "vmagent"} {
			row := regexp.MustCompile(fmt.Sprintf(`(?m)^\| %.0f \| %s \|(.*)\|$`, targets, regexp.QuoteMeta(name))).FindStringSubmatch(out.String())
			if row == nil {
				t.Fatalf("no row for %v targets of %s:\n%s", targets, name, &out)
			}
			cells := strings.Split(row[1], "|")
			for _, c := range []struct {
				column   int
				min, max float64
			}{{0, 50 * targets, 150 * targets}, {3, 5, 500}, {4, 2, 250}, {5, 2, 250}, {7, 1, 50}} { // samples/s, MB, of them heap and file, bytes per sample
				if v, err := strconv.ParseFloat(strings.TrimSpace(cells[c.column]), 64); err != nil || v < c.min || v > c.max {
					t.Errorf("%v targets of %s: column %d is %s:\n%s", targets, name, c.column, cells[c.column], &out)
				}
			}
		}
		if want := fmt.Sprintf("\n| %.0f | tacho agent ÷ %s |", targets, prometheus); !strings.Contains(out.String(), want) {
			t.Errorf("the ratio is missing: %s", &out)
		}
	}
}

// TestCounts: numbers of targets are checked, and need --agent.
func TestCounts(t *testing.T) {
	var s settings
	for _, wrong := range []string{"", "0", "1,,2", "-1", "1 2", "many"} {
		if err := s.setCounts(wrong); err == nil || !strings.Contains(err.Error(), "such as 1,10,100") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if err := run(t.Context(), settings{counts: []int{1}, dir: t.TempDir()}, io.Discard); err == nil || !strings.Contains(err.Error(), "--agent") {
		t.Errorf("without --agent: %v", err)
	}
}

// TestOffLine: on a line, the difference is 0; next to it, it is a percentage.
func TestOffLine(t *testing.T) {
	points := []curveRow{{perSecond: 1, cpu: 2}, {perSecond: 2, cpu: 6}, {perSecond: 3, cpu: 6}}
	cpu := func(r curveRow) float64 { return r.cpu }
	for i, want := range []float64{0, 50, 0} {
		if got := offLine(points[i], points, cpu); got != want {
			t.Errorf("point %d: %v, want %v", i, got, want)
		}
	}
}
