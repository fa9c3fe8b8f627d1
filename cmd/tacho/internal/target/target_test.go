package target

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/config"
	_ "github.com/prometheus/prometheus/discovery/file"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ arg, job, url string }{
		{":8080", "localhost:8080", "http://localhost:8080/metrics"},
		{"localhost:8080", "localhost:8080", "http://localhost:8080/metrics"},
		{"example.org", "example.org", "http://example.org/metrics"},
		{"10.0.0.1:80", "10.0.0.1:80", "http://10.0.0.1:80/metrics"},
		{"[::1]:8080", "[::1]:8080", "http://[::1]:8080/metrics"},
		{"https://example.org", "example.org", "https://example.org/metrics"},
		{"https://example.org/", "example.org", "https://example.org/metrics"},
		{"http://example.org/a/b?x=1#part", "example.org", "http://example.org/a/b?x=1"},
		{"shop=:8080", "shop", "http://localhost:8080/metrics"},
		{"shop=http://h/m?a=b", "shop", "http://h/m?a=b"},
		{"http://h/m?a=b", "h", "http://h/m?a=b"}, // the = is the query's
		{"http://h/m?b=2;3&a=1,2&a=%2C", "h", "http://h/m?a=1%2C2&a=%2C&b=2%3B3"},
	} {
		got, err := Parse(tt.arg)
		if err != nil || got.Job != tt.job || got.String() != tt.url {
			t.Errorf("Parse(%q) = %q at %v, %v; want %q at %s", tt.arg, got.Job, got, err, tt.job, tt.url)
		}
	}
}

func TestParseWrong(t *testing.T) {
	dir := t.TempDir()
	text := file(t, dir, "text.yml", "just words\n")
	tabs := file(t, dir, "tabs.yml", "a:\n\t- b\n")
	for arg, want := range map[string]string{
		"":                      "is no address",
		":":                     "is no address",
		"http://":               "is no address",
		"ftp://h":               "ftp is not spoken here",
		"h:99999":               "99999 is no port",
		":1,:2":                 "without a comma",
		"a,b":                   "without a comma",
		"http://h/?c=x%zz":      "write %25 for a percent sign",
		"http://u:secret@h":     "has a password in it",
		dir + "/missing.yml":    "no such file",
		dir + "/missing.json":   "no such file",
		text:                    "neither a list of targets (file_sd) nor a prometheus.yml",
		tabs:                    "neither YAML nor JSON",
		file(t, dir, "e", "\n"): "is empty",
	} {
		_, err := Parse(arg)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v; want %q", arg, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("Parse(%q) shows the password: %v", arg, err)
		}
	}
}

func file(t *testing.T, dir, name, text string) string {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return full
}

// TestFiles: a list is file_sd, a mapping the whole configuration, and that
// stands alone.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	list, err := Parse(file(t, dir, "targets.json", `[{"targets": ["a:1"]}]`))
	if err != nil || list.Whole || list.File == "" || list.Job != "targets" {
		t.Errorf("a list: %+v, %v", list, err)
	}
	whole, err := Parse(file(t, dir, "prometheus.yml", "scrape_configs: []\n"))
	if err != nil || !whole.Whole {
		t.Errorf("a configuration: %+v, %v", whole, err)
	}
	if name, err := Whole([]Target{whole}, Settings{}); err != nil || name != whole.File {
		t.Errorf("alone: %q, %v", name, err)
	}
	if _, err := Whole([]Target{list, whole}, Settings{}); err == nil {
		t.Error("a configuration beside a list of targets is accepted")
	}
	if _, err := Whole([]Target{whole}, Settings{RemoteWrite: []string{"http://h"}}); err == nil {
		t.Error("a setting that the file says is accepted and would be ignored")
	}
}

// TestConfig: what is made is read by Prometheus, job by job.
func TestConfig(t *testing.T) {
	dir := t.TempDir()
	var targets []Target
	for _, arg := range []string{"shop=:1", "shop=:2", "shop=https://h/other", "h:3", file(t, dir, "more.json", "[]")} {
		target, err := Parse(arg)
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, target)
	}
	odd, err := Config(targets[:1], Settings{Interval: 1500 * time.Millisecond})
	if err == nil {
		_, err = config.Load(odd, promslog.NewNopLogger())
	}
	if err != nil {
		t.Errorf("an interval of 1500ms: %v", err)
	}
	text, err := Config(targets, Settings{Interval: 30 * time.Second, Alertmanagers: []string{"http://am:9093/x"}, RemoteWrite: []string{"http://far/push"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(text, promslog.NewNopLogger())
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	jobs, err := c.GetScrapeConfigs()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, j := range jobs {
		names = append(names, j.JobName)
		if time.Duration(j.ScrapeInterval) != 30*time.Second || time.Duration(j.ScrapeTimeout) != 10*time.Second {
			t.Errorf("%s is scraped every %v with a timeout of %v", j.JobName, j.ScrapeInterval, j.ScrapeTimeout)
		}
		if !*j.ScrapeNativeHistograms || !*j.AlwaysScrapeClassicHistograms {
			t.Errorf("%s: native histograms %v, classic ones %v", j.JobName, *j.ScrapeNativeHistograms, *j.AlwaysScrapeClassicHistograms)
		}
	}
	if got, want := strings.Join(names, " "), "shop shop#2 h:3 more"; got != want {
		t.Errorf("the jobs are %s; want %s", got, want)
	}
	if !strings.Contains(text, "job: shop") {
		t.Errorf("shop's second job does not keep the label job=shop:\n%s", text)
	}
	if len(c.AlertingConfig.AlertmanagerConfigs) != 1 || len(c.RemoteWriteConfigs) != 1 {
		t.Errorf("%d Alertmanagers and %d receivers", len(c.AlertingConfig.AlertmanagerConfigs), len(c.RemoteWriteConfigs))
	}
}
