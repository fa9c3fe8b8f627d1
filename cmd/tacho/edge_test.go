package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/cluster"
)

// edgeFiles are the files of the example in docs/scale.md, by the name in their first line.
func edgeFiles(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "scale.md"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```yaml\n# (edge\\S*\\.yml).*?\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		files[m[1]] = m[2]
	}
	return files
}

// TestEdgeRules: with the configuration in docs/scale.md, the center has each route's aggregates, with the
// label of the edge, and no instance's series.
func TestEdgeRules(t *testing.T) {
	t.Parallel() // it mostly waits
	files := edgeFiles(t)
	config := files["edge.yml"]
	if len(files) != 1 {
		t.Fatalf("docs/scale.md has the files %v", files)
	}
	center := startEngine(t, cluster.Prometheus, "prometheus")
	one, two := newService(t, growing(t, "gin-tutorial")), newService(t, growing(t, "gin-tutorial"))
	for _, r := range [][2]string{
		{"https://center.example.org/api/v1/write", center.write}, {"shop-1:8080", one}, {"shop-2:8080", two},
		{"scrape_interval: 15s", "scrape_interval: 1s\n  scrape_timeout: 1s"}, {"evaluation_interval: 15s", "evaluation_interval: 1s"},
	} {
		if strings.Count(config, r[0]) != 1 {
			t.Fatalf("the configuration has %d of %s:\n%s", strings.Count(config, r[0]), r[0], config)
		}
		config = strings.Replace(config, r[0], r[1], 1)
	}
	file := filepath.Join(t.TempDir(), "edge.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	edge := engineOf(spawn(t, nil, "serve", file, "--listen", "127.0.0.1:0"))
	rates := func(e engine, more string) map[string]float64 {
		got, _ := e.query(`sum by (job, path, method) (tacho:http_requests:rate`+more+`)`, time.Now())
		return got
	}
	awaitState(t, "the rates in the center", func() bool {
		own := rates(edge, "")
		return len(own) > 0 && len(own) == len(rates(center, `{region="eu-1"}`))
	})
	for expr, want := range map[string]float64{
		`count({__name__=~".+",instance!=""}) or vector(0)`:                  0, // the instances' series stay on the edge
		`count({__name__=~".+",__name__!~"tacho:.*|ALERTS.*"}) or vector(0)`: 0,
		`count(count by (region) ({region="eu-1"}))`:                         1,
		`count({__name__=~".+",region!="eu-1"}) or vector(0)`:                0,
		`count(tacho:job_http_requests:rate{job="shop"}) or vector(0)`:       1,
	} {
		if got, err := center.query(expr, time.Now()); err != nil || got["map[]"] != want {
			t.Errorf("%s: %v, want %v (%v)", expr, got, want, err)
		}
	}
	own, err := edge.query(`count({__name__=~".+"})`, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	all, err := center.query(`count({__name__=~".+"})`, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the edge has %v series, the center %v", own["map[]"], all["map[]"])
	page := spawn(t, nil, "serve", "--query-url", center.url, "--listen", "127.0.0.1:0").says(pageLine)
	awaitState(t, "the service in the verdict", func() bool {
		_, body := get(t, http.DefaultClient, page+"api/tacho/verdict")
		return strings.Contains(body, `"job":"shop"`)
	})
}
