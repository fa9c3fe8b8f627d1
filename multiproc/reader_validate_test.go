//go:build unix

package multiproc

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// TestConstLabels: a constant label does not replace a metric's label. That becomes
// exported_NAME, as in a scrape by Prometheus, and no two metrics become one.
func TestConstLabels(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "counter_1.db", encode(valueOnly,
		counted("a_total", 1, "app", "x"), counted("a_total", 2, "app", "y"), counted("a_total", 4),
		counted("b_total", 1, "app", "x", "exported_app", "y"), counted("b_total", 2, "exported_app", "y"),
	))
	put(t, dir, "gauge_all_1.db", encode(valueOnly, item{jsonKey("g", "g", "Help.", "app", "x"), 3, 0}))
	put(t, dir, "histogram_1.db", encode(valueOnly,
		item{jsonKey("h", "h_bucket", "Help.", "app", "x", "le", "+Inf"), 2, 0}, item{jsonKey("h", "h_sum", "Help.", "app", "x"), 5, 0}))
	r, err := NewReader(ReaderOptions{Dir: dir, ConstLabels: map[string]string{"app": "shop"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		checkSamples(t, gather(t, r), samples{
			`a_total{app="shop", exported_app="x"}`: 1, `a_total{app="shop", exported_app="y"}`: 2, `a_total{app="shop"}`: 4,
			`b_total{app="shop", exported_app="y", exported_exported_app="x"}`: 1, `b_total{app="shop", exported_app="y"}`: 2,
			`g{app="shop", exported_app="x", pid="1"}`:          3,
			`h_bucket{app="shop", exported_app="x", le="+Inf"}`: 2,
			`h_sum{app="shop", exported_app="x"}`:               5,
			`h_count{app="shop", exported_app="x"}`:             2,
		})
	}
}

// TestOwnPID: a per-process gauge may already have a pid label. As in Python, the worker's is
// shown.
func TestOwnPID(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "gauge_all_7.db", padded(encode(valueOnly, item{jsonKey("g", "g", "Help.", "pid", "mine", "x", "y"), 3, 0})))
	put(t, dir, "gauge_liveall_8.db", padded(encode(valueOnly, item{jsonKey("l", "l", "Help.", "pid", "mine"), 4, 0})))
	put(t, dir, "gauge_max_9.db", padded(encode(valueOnly, item{jsonKey("m", "m", "Help.", "pid", "mine"), 5, 0})))
	r := newReader(t, dir)
	want := samples{`g{pid="7", x="y"}`: 3, `l{pid="8"}`: 4}
	theirs := parseText(t, runPython(t, "read", dir))
	delete(theirs, "m") // Python drops the label of merged gauges
	checkSamples(t, theirs, want)
	want[`m{pid="mine"}`] = 5
	checkSamples(t, gather(t, r), want)
	checkDamage(t, r, "")
}

// TestBadNames: whatever a file contains, exported names are valid.
func TestBadNames(t *testing.T) {
	const bad = "a 1\nroot 2"
	for _, utf8 := range []bool{false, true} {
		dir := t.TempDir()
		put(t, dir, "counter_1.db", encode(valueOnly,
			counted(bad+"_total", 1), counted("b_total", 1, bad, "x"), counted("c_total", 1, "x", bad), counted("d.e_total", 1)))
		r, err := NewReader(ReaderOptions{Dir: dir, UTF8Names: utf8})
		if err != nil {
			t.Fatal(err)
		}
		name, value := "n", "v"
		labelled := func(n, v string) *dto.Metric {
			m := add(gauge("g", "Help."), 1).Metric[0]
			m.Label = []*dto.LabelPair{{Name: &n, Value: &v}}
			return m
		}
		families, err := r.GatherWith(func([]*Cell) []*dto.MetricFamily {
			g := gauge("g", "Help.")
			g.Metric = []*dto.Metric{labelled(name, value), labelled(bad, "x"), labelled("x", "\xff"), labelled("__name__", "x"), labelled("", "x")}
			twice := labelled("x", "y")
			twice.Label = append(twice.Label, twice.Label[0])
			g.Metric = append(g.Metric, twice)
			return []*dto.MetricFamily{g, add(gauge(bad, "Help."), 1), add(gauge("", "Help."), 1), add(gauge("good", "Help."), 1)}
		})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range families {
			for _, m := range f.Metric {
				for _, l := range m.Label {
					if strings.ToValidUTF8(l.GetName(), "") != l.GetName() || strings.ContainsAny(l.GetName(), "\n ") || l.GetName() == "" || l.GetName() == "__name__" {
						t.Errorf("%s has a label %q", f.GetName(), l.GetName())
					}
				}
			}
			if !strings.HasPrefix(f.GetName(), "tacho_") {
				names = append(names, fmt.Sprint(f.GetName(), " ", len(f.Metric)))
			}
		}
		want := []string{"a_1_root_2_total 1", "b_total 1", "c_total 1", "d_e_total 1", "g 1", "good 1"}
		if utf8 {
			want = []string{"c_total 1", "d.e_total 1", "g 1", "good 1"}
		}
		if !slices.Equal(names, want) {
			t.Errorf("UTF-8 %v: there are %v, want %v", utf8, names, want)
		}
		if least := 7; r.report.damaged[BadName] < least {
			t.Errorf("damage: %v", r.report.damaged)
		}
	}
}

// TestJoinNoDuplicates: if two gatherers have the same metric, the first one's is shown, once.
func TestJoinNoDuplicates(t *testing.T) {
	with := func(v float64, labels ...string) prometheus.Gatherer {
		return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
			return []*dto.MetricFamily{add(newFamily("a_total", "Help.", dto.MetricType_COUNTER), v, labels...)}, nil
		})
	}
	families, err := Join(with(1, "x", "1"), with(2, "x", "2"), with(3, "x", "1"), with(4)).Gather()
	if err != nil {
		t.Fatal(err)
	}
	checkSamples(t, samplesOf(families), samples{`a_total{x="1"}`: 1, `a_total{x="2"}`: 2, `a_total`: 4})
}
