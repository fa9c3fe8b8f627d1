package plan_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/plan"
)

// rows are the rows of a table of docs/scale.md whose heading line is given, with the numbers of
// their cells.
func rows(t *testing.T, heading string) (all [][]float64) {
	t.Helper()
	page, err := os.ReadFile("../../docs/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(heading) + ` .*\n\|[-:| ]+\|\n((?:\|.*\n)+)`).FindSubmatch(page)
	if table == nil {
		t.Fatalf("docs/scale.md has no table that starts with %s", heading)
	}
	for _, line := range regexp.MustCompile(`(?m)^.+$`).FindAll(table[1], -1) {
		var row []float64
		for _, cell := range regexp.MustCompile(`[|]\s*([0-9][0-9,.]*)`).FindAllSubmatch(line, -1) {
			n, err := strconv.ParseFloat(regexp.MustCompile(`,`).ReplaceAllString(string(cell[1]), ""), 64)
			if err != nil {
				t.Fatal(err)
			}
			row = append(row, n)
		}
		all = append(all, row)
	}
	return all
}

// TestServeMemory: the plan's memory of tacho serve is within 25% of every measurement that
// docs/scale.md records.
func TestServeMemory(t *testing.T) {
	all := rows(t, "targets of tacho serve")
	if len(all) < 4 {
		t.Fatalf("%d measurements", len(all))
	}
	for _, r := range all { // targets, scraped series, recorded series, MB
		p, err := plan.New(plan.Load{Measured: plan.Series{Classic: int(r[1]/r[0]) - 5}, Instances: int(r[0])})
		if err != nil {
			t.Fatal(err)
		}
		// The simulated targets have other routes than the plan's, so that their rules record another number of series.
		recorded := float64(p.Recorded) * 1700
		got := (engine(t, p, "tacho serve").Memory.Value - recorded + r[2]*1700) / 1e6
		t.Logf("%v: planned %.0f MB, ratio %.2f", r, got, got/r[3])
		if math.Abs(got/r[3]-1) > .25 {
			t.Errorf("%.0f targets with %.0f series: planned %.0f MB, measured %.0f", r[0], r[1], got, r[3])
		}
	}
}

// TestAgentCost: the plan's memory of tacho agent is within 25% of the recorded cost curve, and so is
// its CPU where the agent has a tenth of the largest load or more. With less, the same work costs up
// to twice as much, for every agent alike.
func TestAgentCost(t *testing.T) {
	all := rows(t, "targets of an agent")
	if len(all) < 4 {
		t.Fatalf("%d points", len(all))
	}
	for _, r := range all { // targets, tacho's CPU ms/s, its MB, …
		n := int(r[0])
		l := plan.Load{Measured: plan.Series{Classic: 95, Native: 95}, Instances: n, Interval: 10 * time.Second, Available: true, Machine: plan.Machine{Cores: 100, Memory: 1e12}}
		p, err := plan.New(l)
		if err != nil {
			t.Fatal(err)
		}
		memory, cpu := p.Topology.AgentRAM/1e6, p.Topology.AgentCPU*1000
		t.Logf("%d targets: planned %.0f MB, measured %.0f; planned %.1f ms of CPU per second, measured %.1f", n, memory, r[2], cpu, r[1])
		if math.Abs(memory/r[2]-1) > .25 {
			t.Errorf("%d targets: planned %.0f MB, measured %.0f", n, memory, r[2])
		}
		if n >= 1000 && math.Abs(cpu/r[1]-1) > .25 {
			t.Errorf("%d targets: planned %.1f ms of CPU per second, measured %.1f", n, cpu, r[1])
		}
	}
}
