package target

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/config"
	_ "github.com/prometheus/prometheus/discovery/file"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/scrape"
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
		"":                      "is not an address",
		":":                     "is not an address",
		"http://":               "is not an address",
		"ftp://h":               "ftp is not supported",
		"h:99999":               "99999 is not a valid port",
		":1,:2":                 "not commas",
		"a,b":                   "not commas",
		"http://h/?c=x%zz":      "write %25 for a percent sign",
		"http://u:secret@h":     "contains a password",
		"http://secret@h":       "contains a password",
		"u:secret@h:1":          "contains a password",
		"http://u:secret@h:99":  "contains a password",
		"ftp://u:secret@h":      "ftp is not supported",
		"http://u:sec%zzret@h":  "is not an address",
		"http://u:secret@h /":   "is not an address",
		"http://u:sec/ret@h":    "is not an address",
		"unix:/run/shop":        "unix is not supported",
		"unix:///run/shop":      "unix is not supported",
		"h:":                    "is not an address",
		"h:0":                   "0 is not a valid port",
		"http:/h/m":             "is not an address",
		"=:1":                   "is not an address",
		"~":                     "is not an address",
		"::1:80":                "is not an address",
		"shop=":                 "is not an address",
		":1;:2":                 "is not an address",
		"http://a:1;b:2":        "is not an address",
		"a\xff:1":               "is not UTF-8",
		"\xff=:1":               "is not UTF-8",
		"http://h/?=x":          `"=x" in its query has no name`,
		"http://h/a%2Fb":        "cannot scrape a path with %2F",
		"./missing":             "looks like a file",
		"/missing":              "looks like a file",
		"/dev/zero":             "is a directory or a device",
		dir + "/..":             "is a directory or a device",
		dir + "/missing.yml":    "no such file",
		dir + "/missing.json":   "no such file",
		text:                    "neither a list of targets (file_sd) nor a prometheus.yml",
		tabs:                    "neither YAML nor JSON",
		file(t, dir, "e", "\n"): "is empty",
		file(t, dir, "numbers.yml", "- 1\n- 2\n"):               "is not a list of targets",
		file(t, dir, "keys.json", `[{"target": ["a:1"]}]`):      "field target not found",
		file(t, dir, "list.txt", `[{"targets": ["a:1"]}]`):      "rename it to end with .yml, .yaml or .json",
		"shop=" + file(t, dir, "w.yml", "scrape_configs: []\n"): "remove shop=",
	} {
		_, err := Parse(arg)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v; want %q", arg, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "zzret") || strings.Contains(err.Error(), "sec/")) {
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
	if err != nil || list.IsConfig || list.File == "" || list.Job != "targets" {
		t.Errorf("a list: %+v, %v", list, err)
	}
	whole, err := Parse(file(t, dir, "prometheus.yml", "scrape_configs: []\n"))
	if err != nil || !whole.IsConfig {
		t.Errorf("a configuration: %+v, %v", whole, err)
	}
	if name, err := ConfigFile([]Target{whole}, Settings{}); err != nil || name != whole.File {
		t.Errorf("alone: %q, %v", name, err)
	}
	if _, err := ConfigFile([]Target{list, whole}, Settings{}); err == nil {
		t.Error("a configuration beside a list of targets is accepted")
	}
	if _, err := ConfigFile([]Target{whole}, Settings{RemoteWrite: []string{"http://h"}}); err == nil {
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

// TestAskedAsScraped: what a target is asked for at the start, Prometheus asks for when it
// scrapes it, to the letter.
func TestAskedAsScraped(t *testing.T) {
	for _, arg := range []string{
		"http://h:1/m?b=2;3", "http://h:1/m?c=1,2&a=x+y%20z", "http://h:1/m?collect[]=cpu&collect[]=mem",
		"http://h:1/m?debug", "http://h:1/m?", "http://h:1/m?#x", "http://h:1/a%20b/%C3%A4?x=%25", "http://h:1/a!(b)", "http://h:1/a%21", "HTTP://h:1",
	} {
		parsed, err := Parse(arg)
		if err != nil {
			t.Errorf("Parse(%q): %v", arg, err)
			continue
		}
		text, err := Config([]Target{parsed}, Settings{Interval: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(text, promslog.NewNopLogger())
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		group := &targetgroup.Group{Targets: []model.LabelSet{{model.AddressLabel: model.LabelValue(parsed.URL.Host)}}}
		targets, errs := scrape.TargetsFromGroup(group, c.ScrapeConfigs[0], nil, labels.NewBuilder(labels.EmptyLabels()))
		if len(errs) > 0 || len(targets) != 1 {
			t.Fatalf("%s: %d targets, %v", arg, len(targets), errs)
		}
		if asked, scraped := parsed.String(), targets[0].URL().String(); asked != scraped {
			t.Errorf("%s: it is asked for %s and scraped at %s", arg, asked, scraped)
		}
	}
}

// TestReceivers: a part of a URL that would be dropped is an error, and no password is shown,
// in an error or by Prometheus.
func TestReceivers(t *testing.T) {
	for _, tt := range []struct{ url, alertmanager, remoteWrite string }{
		{"", "is not a URL", "is not a URL"},
		{"h:1", "is not a URL", "is not a URL"},
		{"http://:9093", "is not a URL", "is not a URL"},
		{"http://a,b:1", "is not a URL", "is not a URL"},
		{"http://a:1,http://b:2", "is not a URL", "is not a URL"},
		{"http://h:99999/x", "99999 is not a valid port", "99999 is not a valid port"},
		{"http://h/#x", "which would be lost", "which is never sent"},
		{"http://h/?a=b", "which would be lost", ""},
		{"http://ann:secret@h", "which would be lost", ""},
		{"http://secret@h", "which would be lost", ""},
		{"ftp://ann:secret@h", "is not a URL", "is not a URL"},
		{"http://ann:sec%zzret@h", "is not a URL", "is not a URL"},
		{"HTTP://h:1/x?tenants=a,b", "which would be lost", ""},
	} {
		for _, s := range []struct {
			Settings
			want string
		}{{Settings{Alertmanagers: []string{tt.url}}, tt.alertmanager}, {Settings{RemoteWrite: []string{tt.url}}, tt.remoteWrite}} {
			s.Interval = time.Second
			text, err := Config(nil, s.Settings)
			switch {
			case s.want == "" && err != nil, s.want != "" && (err == nil || !strings.Contains(err.Error(), s.want)):
				t.Errorf("%+v: %v; want %q", s.Settings, err, s.want)
			case err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "zzret")):
				t.Errorf("%+v: the error shows a password: %v", s.Settings, err)
			case err == nil && strings.Contains(text, "secret@"):
				t.Errorf("%+v: the URL that Prometheus shows has a password:\n%s", s.Settings, text)
			}
		}
	}
	text, err := Config(nil, Settings{Interval: time.Second, RemoteWrite: []string{"http://ann:p%40ss@h:1/x?a=b,c", "http://h:1/y"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(text, promslog.NewNopLogger())
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	first := c.RemoteWriteConfigs[0]
	if auth := first.HTTPClientConfig.BasicAuth; first.URL.String() != "http://h:1/x?a=b,c" || auth == nil || auth.Username != "ann" || auth.Password != "p@ss" {
		t.Errorf("it sends to %v as %+v", first.URL, auth)
	}
	if _, err = Config(nil, Settings{Interval: time.Second, RemoteWrite: []string{"http://h", "http://h"}}); err == nil || !strings.Contains(err.Error(), "is duplicated") {
		t.Errorf("one receiver twice: %v", err)
	}
}
