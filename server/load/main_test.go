package main

import (
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
