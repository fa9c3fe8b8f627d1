package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/internal/cluster"
	"github.com/tacho-go/tacho/internal/programs"
)

// An engine is one that answers PromQL.
type engine struct {
	name, url string
	write     string // where it takes remote write
}

// startEngine starts an engine, and stops it with the test.
func startEngine(t *testing.T, begin func(context.Context, string, string) (*cluster.Engine, error), program string) engine {
	t.Helper()
	e, err := begin(t.Context(), programs.File(t, program), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return engine{e.Name, e.Query + "/", e.Write[0]}
}

// query returns the values of an instant query, by their labels.
func (e engine) query(expr string, at time.Time) (map[string]float64, error) {
	resp, err := http.PostForm(e.url+"api/v1/query", url.Values{"query": {expr}, "time": {strconv.FormatInt(at.Unix(), 10)}})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var a struct {
		Status, Error string
		Data          struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return nil, fmt.Errorf("%s: %w", resp.Status, err)
	}
	if a.Status != "success" {
		return nil, fmt.Errorf("%s", a.Error)
	}
	if a.Data.ResultType != "vector" {
		return map[string]float64{"": 0}, nil
	}
	var result []struct {
		Metric map[string]string
		Value  [2]any
	}
	if err := json.Unmarshal(a.Data.Result, &result); err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for _, r := range result {
		delete(r.Metric, "tenant_id")  // which Thanos adds
		text, _ := r.Value[1].(string) // "" of a native histogram
		v, _ := strconv.ParseFloat(text, 64)
		values[fmt.Sprint(r.Metric)] = v
	}
	return values, nil
}

// apart is the largest relative difference of two results; -1 if they have different series.
func apart(a, b map[string]float64) float64 {
	most := 0.0
	for labels, v := range a {
		w, found := b[labels]
		if !found {
			return -1
		}
		if v != w && !(math.IsNaN(v) && math.IsNaN(w)) {
			most = max(most, math.Abs(v-w)/max(math.Abs(v), math.Abs(w), 1e-9))
		}
	}
	if len(a) != len(b) {
		return -1
	}
	return most
}

// ruleQueries are the expressions of the built-in rules.
func ruleQueries(t *testing.T, o rules.Options) (all []built) {
	files, err := builtinRules(o, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		var groups struct {
			Groups []struct {
				Rules []struct{ Record, Alert, Expr string }
			}
		}
		if err := yaml.Unmarshal(f.YAML, &groups); err != nil {
			t.Fatal(err)
		}
		for _, g := range groups.Groups {
			for _, r := range g.Rules {
				all = append(all, built{"rule " + r.Record + r.Alert, r.Expr})
			}
		}
	}
	return all
}

// separate names the variable that makes tests start Thanos, which takes minutes to build: see make cluster.
const separate = "TACHO_TEST_CLUSTER"

func engines(t *testing.T) []engine {
	all := []engine{startEngine(t, cluster.Prometheus, "prometheus"), startEngine(t, cluster.Victoria, "victoria-metrics")}
	if os.Getenv(separate) != "" {
		all = append(all, startEngine(t, cluster.Thanos, "thanos"))
	}
	return all
}

// demoShop starts the demo's shop, and a serve that scrapes it and writes to the engines.
func demoShop(t *testing.T, to []engine) (own engine) {
	shop := spawn(t, nil, "demo", "--no-open", "--no-flask", "--no-history")
	first := shop.says(`(?m)^  Metrics +http://(\S+)/metrics`)
	host, port, _ := strings.Cut(first, ":")
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"serve", "--listen", "127.0.0.1:0", "--interval", "1s", "shop=" + first, fmt.Sprintf("shop=%s:%d", host, n+1)}
	for _, e := range to {
		args = append(args, "--remote-write", e.write)
	}
	return engine{name: "serve", url: spawn(t, nil, args...).says(pageLine)}
}

// A comparison has the largest difference of the queries of one kind, on one engine.
type comparison struct {
	queries, series int
	apart           float64
}

// exact is how far values may be apart that were only stored and read: VictoriaMetrics stores decimals.
const exact = 1e-9

// TestEngines: the page's queries and the rules' expressions have results on the engines that a serve
// writes to: the same series everywhere, the same values of everything recorded, and on engines with
// Prometheus's own PromQL the same values of everything.
func TestEngines(t *testing.T) {
	t.Parallel() // it mostly waits
	all := engines(t)
	own := demoShop(t, all)
	awaitState(t, "half a minute of samples", func() bool {
		v, err := own.query(`count_over_time(tacho:job_http_requests:rate{job="shop"}[5m]) > 30`, time.Now())
		return err == nil && len(v) > 0
	})
	at := time.Now()
	for _, e := range all { // VictoriaMetrics hides the last 30 seconds
		awaitState(t, e.name, func() bool {
			v, err := e.query(fmt.Sprintf(`timestamp(tacho:job_http_requests:rate{job="shop"}) >= %d`, at.Unix()), time.Now())
			return err == nil && len(v) > 0
		})
	}
	queries := append(pageBuilder(t)(t, "shop", "GET", "/api"), ruleQueries(t, rules.Options{Interval: time.Second})...)
	found := map[string]map[string]*comparison{} // by engine and kind of query
	for _, e := range all {
		found[e.name] = map[string]*comparison{}
		for _, q := range queries {
			compare(t, e, own, q, at, found[e.name])
		}
	}
	if *update {
		writeEngines(t, all, found)
	}
}

// compare compares the result of a query with our own.
func compare(t *testing.T, e, own engine, q built, at time.Time, found map[string]*comparison) {
	if q.what == "native" {
		return // native histograms are not sent by default
	}
	want, err := own.query(q.text, at)
	if err != nil {
		t.Fatalf("%s: %v\n%s", q.what, err, q.text)
	}
	got, err := e.query(q.text, at)
	if err != nil {
		t.Errorf("%s: %s: %v\n%s", e.name, q.what, err, q.text)
		return
	}
	d := apart(want, got)
	switch {
	case d < 0:
		t.Errorf("%s: %s has %d series, not %d\n%s\n%.400v\n%.400v", e.name, q.what, len(got), len(want), q.text, got, want)
	case d > exact && (e.name != "VictoriaMetrics" || readsOnly(q.text)):
		t.Errorf("%s: %s is %g apart\n%s\n%.400v\n%.400v", e.name, q.what, d, q.text, got, want)
	}
	c := found[q.what]
	if c == nil {
		c = &comparison{}
		found[q.what] = c
	}
	c.queries, c.series, c.apart = c.queries+1, c.series+len(want), max(c.apart, d)
}

// readsOnly reports whether a query reads recorded series and computes no rates: MetricsQL computes
// these between samples, PromQL extrapolates them to the whole window.
func readsOnly(query string) bool {
	return !strings.Contains(query, "[") && strings.Contains(query, "tacho:")
}

// writeEngines writes the table of docs/scale.md.
func writeEngines(t *testing.T, all []engine, found map[string]map[string]*comparison) {
	var b strings.Builder
	b.WriteString("| query | queries, series |")
	for _, e := range all {
		b.WriteString(" " + e.name + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(all)) + "\n")
	for _, what := range slices.Sorted(maps.Keys(found[all[0].name])) {
		c := found[all[0].name][what]
		fmt.Fprintf(&b, "| %s | %d, %d |", what, c.queries, c.series)
		for _, e := range all {
			b.WriteString(" " + nearness(found[e.name][what]) + " |")
		}
		b.WriteString("\n")
	}
	file := filepath.Join("..", "..", "docs", "scale.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- engines -->\n", "<!-- /engines -->"
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no %q and %q", file, begin, end)
	}
	if err := os.WriteFile(file, []byte(head+begin+b.String()+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

func nearness(c *comparison) string {
	switch {
	case c.series == 0:
		return "empty, as here"
	case c.apart <= exact:
		return "equal"
	}
	return fmt.Sprintf("within %.2g%%", 100*c.apart)
}
