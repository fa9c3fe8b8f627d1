package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/dash"
	"github.com/tacho-go/tacho/verdict"
)

// lacking is what each engine lacks, as the sender of this test writes to it.
var lacking = map[string]verdict.Source{
	"Prometheus":      {Lacks: []string{"metadata", "targets"}},
	"Thanos":          {Lacks: []string{"metadata", "targets", "format_query", "parse_query"}},
	"VictoriaMetrics": {Lacks: []string{"query_exemplars", "rules", "targets", "format_query", "parse_query", "native_histograms"}, Behind: 30},
}

// TestCapabilities: probing real engines finds what each lacks, for the page of a program that embeds it and
// for that of serve, which parses queries, evaluates rules and lists targets itself.
func TestCapabilities(t *testing.T) {
	t.Parallel() // it mostly waits
	all := engines(t)
	m := tacho.MustNew(tacho.Options{NativeHistograms: true})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Metrics())
	mux.HandleFunc("GET /{$}", func(http.ResponseWriter, *http.Request) {})
	shop := httptest.NewServer(m.Handler(mux))
	t.Cleanup(shop.Close)
	get(t, http.DefaultClient, shop.URL)

	var write strings.Builder
	for _, e := range all {
		fmt.Fprintf(&write, "- {url: '%s', send_native_histograms: true, metadata_config: {send_interval: 1s}, queue_config: {batch_send_deadline: 500ms}}\n", e.write)
	}
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte("global: {scrape_interval: 1s, scrape_timeout: 1s, scrape_native_histograms: true, always_scrape_classic_histograms: true}\n"+
		"remote_write:\n"+write.String()+"scrape_configs: [{job_name: shop, static_configs: [{targets: ['"+strings.TrimPrefix(shop.URL, "http://")+"']}]}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	spawn(t, nil, "agent", file, "--listen", "127.0.0.1:0").says(`Agent +(http://\S+)`)
	for _, e := range all {
		t.Run(e.name, func(t *testing.T) {
			awaitState(t, "samples", func() bool {
				got, err := e.query(`count_over_time(http_requests_total[5m]) > 2`, time.Now())
				return err == nil && len(got) > 0
			})
			want := lacking[e.name]
			awaitState(t, "metadata, where they are kept", func() bool {
				_, body := get(t, http.DefaultClient, e.url+"api/v1/metadata?limit=1")
				return slices.Contains(want.Lacks, "metadata") || strings.Contains(body, `"type"`)
			})
			embedded := httptest.NewServer(dash.Handler(dash.Options{Prometheus: e.url}))
			t.Cleanup(embedded.Close)
			sourceIs(t, "embedded", embedded.URL+"/", want)
			// The targets are its own, too.
			own := spawn(t, nil, "serve", "--query-url", e.url, "shop="+strings.TrimPrefix(shop.URL, "http://"), "--interval", "1s", "--listen", "127.0.0.1:0")
			local := []string{"rules", "targets", "format_query", "parse_query"}
			want.Lacks = slices.DeleteFunc(slices.Clone(want.Lacks), func(f string) bool { return slices.Contains(local, f) })
			sourceIs(t, "serve", own.says(pageLine), want)
		})
	}
}

// sourceIs waits until a page's verdict has a source.
func sourceIs(t *testing.T, what, page string, want verdict.Source) {
	t.Helper()
	var got verdict.Verdict
	if !reaches(time.Minute, func() bool {
		_, body := get(t, http.DefaultClient, page+"api/tacho/verdict")
		got = verdict.Verdict{}
		_ = json.Unmarshal([]byte(body), &got) // no verdict yet
		return got.Source != nil && slices.Equal(got.Source.Lacks, want.Lacks) && got.Source.Behind == want.Behind
	}) {
		t.Errorf("%s: %+v, want %+v", what, got.Source, want)
	}
}
