package scrape_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/gen/scrape"
)

const config = `# our own
global: {scrape_interval: 5s}
scrape_configs:
  - job_name: shop # the shop
    static_configs: [{targets: ["a:1", "b:1"]}]
  - job_name: probe
    relabel_configs:
      - {source_labels: [__address__], target_label: __param_target}
      - {target_label: __address__, replacement: "prober:9115"}
`

// TestShard: every job keeps one of N targets, by the address that discovery found, and comments stay.
func TestShard(t *testing.T) {
	files, err := scrape.Shard([]byte(config), 2)
	if err != nil || len(files) != 2 {
		t.Fatal(len(files), err)
	}
	const want = `# our own
global: {scrape_interval: 5s}
scrape_configs:
  - job_name: shop # the shop
    static_configs: [{targets: ["a:1", "b:1"]}]
    relabel_configs:
      - source_labels: [__address__]
        modulus: 2
        target_label: __tmp_tacho_shard
        action: hashmod
      - source_labels: [__tmp_tacho_shard]
        regex: "1"
        action: keep
  - job_name: probe
    relabel_configs:
      - source_labels: [__address__]
        modulus: 2
        target_label: __tmp_tacho_shard
        action: hashmod
      - source_labels: [__tmp_tacho_shard]
        regex: "1"
        action: keep
      - {source_labels: [__address__], target_label: __param_target}
      - {target_label: __address__, replacement: "prober:9115"}
`
	if got := string(files[1]); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := strings.ReplaceAll(string(files[0]), `regex: "0"`, `regex: "1"`); got != want {
		t.Errorf("the first differs in more than its number:\n%s", got)
	}
	if _, err := scrape.Shard(files[0], 2); !errors.Is(err, scrape.ErrSharded) {
		t.Errorf("a shard is divided again: %v", err)
	}
}

func TestShardRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "no scrape_configs",
		"global: {}":                           "no scrape_configs",
		"- a":                                  "no scrape_configs",
		"scrape_config_files: [x.yml]":         "line 1: scrape_config_files",
		"scrape_configs: [a]":                  "line 1, column 18: a job",
		"scrape_configs: [{job_name: a}\nb: [": "line",
	} {
		if _, err := scrape.Shard([]byte(text), 2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := scrape.Shard([]byte(config), 0); err == nil {
		t.Error("no shard")
	}
}
