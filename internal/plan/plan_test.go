package plan_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/plan"
)

// TestErrors: every invalid field is named, in one error.
func TestErrors(t *testing.T) {
	_, err := plan.New(plan.Load{Routes: -1, Methods: 101, Statuses: 501, Own: -2, SeriesLimit: -3, Instances: 1e8, Interval: time.Microsecond, Retention: time.Hour, Histograms: "new", Queries: -1, Machine: plan.Machine{Cores: -1}})
	for _, want := range []string{"routes must be between 1 and 1000000, not -1", "methods", "statuses", "own series", "series limit", "instances must be between 1 and 10000000", "at least 1ms", "at least 2h", "classic, native or both", "queries", "memory, disk and cores"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %q", err, want)
		}
	}
}

// measured is a load of so many series per instance, none of them native.
func measured(series, instances int) plan.Load {
	return plan.Load{Measured: plan.Series{Classic: series - 5, Native: series - 5}, Instances: instances, Interval: 15 * time.Second}
}

func engine(t *testing.T, p *plan.Plan, name string) plan.Engine {
	t.Helper()
	i := slices.IndexFunc(p.Engines, func(e plan.Engine) bool { return e.Name == name })
	if i < 0 {
		t.Fatalf("no engine %s", name)
	}
	return p.Engines[i]
}

// TestPublishedRules: the engines' own rules, for a million series every 15 seconds: 66,667 samples
// a second.
func TestPublishedRules(t *testing.T) {
	p, err := plan.New(measured(1000, 1000))
	if err != nil {
		t.Fatal(err)
	}
	thanos, vm, mimir := engine(t, p, "Thanos Receive"), engine(t, p, "VictoriaMetrics"), engine(t, p, "Mimir")
	part := func(i int) plan.Part { return mimir.Parts[i] }
	for _, tt := range []struct {
		what      string
		got, want float64
	}{
		{"Thanos Receive: 3 kB per series, three copies", thanos.Memory.Value, 9e9},
		{"VictoriaMetrics: 1 kB per series", vm.Memory.Value, 1e9},
		{"VictoriaMetrics: a core per 300,000 samples/s", vm.Cores.Value, 1e6 / 15 / 300_000},
		{"VictoriaMetrics: 1 B, a day more, 25% and the index", vm.Disk.Value, 1e6 / 15 * 16 * 86400 * 1.25 * 1.2},
		{"Mimir, distributors: 1 core per 25,000 samples/s", part(0).Cores, 1e6 / 15 / 25_000},
		{"Mimir, distributors: 1 GB per 25,000 samples/s", part(0).Memory, 1e6 / 15 / 25_000 * 1e9},
		{"Mimir, ingesters: 1 core per 300,000 series, three copies", part(1).Cores, 10},
		{"Mimir, ingesters: 2.5 GB", part(1).Memory, 25e9},
		{"Mimir, ingesters: 5 GB of disk", part(1).Disk, 50e9},
		{"Mimir, store-gateways: 13 GB per million series", part(4).Disk, 13e9},
		{"Mimir, compactors: 4 GB for 20 million series", part(5).Memory, 4e9},
		{"Mimir, all", mimir.Memory.Value, 1e6/15/25_000*1e9 + 25e9 + 40e6 + 1e9 + 1e9 + 4e9},
		{"object storage, a copy", mimir.Object.Value, 1e6 / 15 * 15 * 86400 * 2},
		{"object storage, three copies", thanos.Object.Value, 3 * 1e6 / 15 * 15 * 86400 * 2},
	} {
		if math.Abs(tt.got/tt.want-1) > 1e-9 {
			t.Errorf("%s: %v, want %v", tt.what, tt.got, tt.want)
		}
	}
	for _, e := range p.Engines {
		for _, f := range []*plan.Figure{&e.Memory, e.Cores, &e.Disk, e.Object} {
			if f != nil && (f.Formula == "" || f.Source == "") {
				t.Errorf("%s has a figure without a formula or a source: %+v", e.Name, f)
			}
		}
	}
}

// TestTopology: the simplest that suffices, by the machine, the history and what may be lost.
func TestTopology(t *testing.T) {
	change := func(l plan.Load, f func(*plan.Load)) plan.Load { f(&l); return l }
	for _, tt := range []struct {
		name  string
		load  plan.Load
		want  string
		pairs int
	}{
		{"one service", plan.Load{}, plan.Single, 0},
		{"hundreds of instances", plan.Load{Instances: 500}, plan.Single, 0},
		{"years of history", change(plan.Load{Instances: 500}, func(l *plan.Load) { l.Retention = 5 * 365 * 24 * time.Hour }), plan.Forward, 0},
		{"nothing may be lost", change(plan.Load{Instances: 10}, func(l *plan.Load) { l.Available = true }), plan.Pair, 1},
		{"a small machine", change(measured(1000, 300), func(l *plan.Load) { l.Machine.Memory = 1.3e9 }), plan.Pair, 1},
		{"a hundred thousand instances", plan.Load{Instances: 100_000}, plan.Sharded, 30},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := plan.New(tt.load)
			if err != nil {
				t.Fatal(err)
			}
			got := p.Topology
			if got.Name != tt.want || len(got.Reasons) == 0 || len(got.Commands) == 0 {
				t.Errorf("%+v; want %s", got, tt.want)
			}
			if tt.pairs == 0 && got.Agents != 0 || tt.pairs > 0 && (got.Shards < tt.pairs || got.Agents != 2*got.Shards) {
				t.Errorf("%d agents for %d shards; want %d shards or more", got.Agents, got.Shards, tt.pairs)
			}
			if m := 16.0 * (1 << 30); tt.load.Machine.Memory == 0 && got.AgentRAM > m/2 || got.AgentCPU > 2 {
				t.Errorf("an agent takes %.0f bytes and %.2f cores", got.AgentRAM, got.AgentCPU)
			}
		})
	}
}

// TestMoreIsNeverCheaper: with more of anything, nothing gets smaller.
func TestMoreIsNeverCheaper(t *testing.T) {
	base := plan.Load{Routes: 10, Methods: 1, Statuses: 3, Instances: 10, Interval: 15 * time.Second, Retention: 24 * time.Hour}
	of := func(l plan.Load) (all []float64) {
		p, err := plan.New(l)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range p.Traffic {
			all = append(all, f.Value)
		}
		for _, e := range p.Engines {
			all = append(all, e.Memory.Value, e.Disk.Value)
		}
		return all
	}
	few := of(base)
	for name, more := range map[string]func(*plan.Load){
		"routes": func(l *plan.Load) { l.Routes = 11 }, "methods": func(l *plan.Load) { l.Methods = 2 }, "statuses": func(l *plan.Load) { l.Statuses = 4 },
		"instances": func(l *plan.Load) { l.Instances = 11 }, "own series": func(l *plan.Load) { l.Own = 1 }, "both histograms": func(l *plan.Load) { l.Histograms = plan.Both },
		"shorter interval": func(l *plan.Load) { l.Interval = 10 * time.Second }, "longer retention": func(l *plan.Load) { l.Retention = 40 * 24 * time.Hour },
	} {
		l := base
		more(&l)
		for i, v := range of(l) {
			if v < few[i] || math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s: figure %d is %v; with less it was %v", name, i, v, few[i])
			}
		}
	}
}

// TestText: the text has every figure with its source, and the JSON has the same figures.
func TestText(t *testing.T) {
	p, err := plan.New(plan.Load{Instances: 200})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := p.Text(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"200 instances, 20 routes × 1 methods × 4 statuses, every 15s, kept for 15 days", "one instance", "1,851", "371,200", "24,747 samples/s", "= series ÷ interval [1]",
		"Thanos Receive", "VictoriaMetrics", "2.5 GB and 5 GB of disk per 300,000 series", "Sufficient: one tacho serve", "because its memory", "https://grafana.com/docs/mimir/latest/manage/run-production-environment/planning-capacity/",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, &out)
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Series  plan.Series `json:"series"`
		Traffic []struct {
			Name  string
			Value float64
			Unit  string
		}
		Topology plan.Topology
		Interval float64 `json:"interval_seconds"`
	}
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if back.Series != p.Total || back.Traffic[0].Name != "samples" || back.Traffic[0].Value != 371200/15.0 || back.Topology.Name != plan.Single || back.Interval != 15 {
		t.Errorf("%s", text)
	}
}
