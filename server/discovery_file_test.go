package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/server"
)

// watching is a configuration with files of targets.
func watching(files ...string) string {
	return quick + "scrape_configs: [{job_name: shop, file_sd_configs: [{files: ['" + strings.Join(files, "', '") + "'], refresh_interval: 1h}]}]\n"
}

// TestTargetsFileBesideLog: a log in the folder of a watched file of targets, our own
// or another's, causes neither a loop nor reads. A broken file is logged once, then
// counted.
func TestTargetsFileBesideLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good, broken := filepath.Join(dir, "good.json"), filepath.Join(dir, "broken.yml")
	write(t, good, `[{"targets": ["`+target(t, "things 42\n")+`"]}]`)
	write(t, broken, "- targets: {}\n")
	o := options(t)
	o.Config = watching(good, broken)
	r := start(t, o)
	r.await("the target", func() bool { return r.one(`things{job="shop"}`) == "42" })

	log, err := os.Create(filepath.Join(dir, "tacho.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	reads := func() int { return number(t, r, "prometheus_sd_file_scan_duration_seconds_count ") }
	before, copied := reads(), 0
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		text := r.log.String() // its own log goes there, and another's
		fmt.Fprintln(log, "another line")
		fmt.Fprint(log, text[copied:])
		copied = len(text)
	}
	if n := reads() - before; n > 0 {
		t.Errorf("files that did not change were read %d times", n)
	}
	for round := range 50 {
		write(t, broken, "- targets: {}\n"+strings.Repeat("#\n", round))
		time.Sleep(20 * time.Millisecond) // this is the load, not a wait
	}
	if n := strings.Count(r.log.String(), "path="+broken); n != 1 {
		t.Errorf("the broken file was logged %d times; want once a minute", n)
	}
	if n := reads() - before; n > 10 {
		t.Errorf("a file that changes all the time was read %d times within 10 s", n)
	}
	if n := number(t, r, "prometheus_sd_file_read_errors_total "); n < 1 {
		t.Errorf("%d read errors are counted", n)
	}
}

// TestLogBesideTargets: a log in the folder of a file of targets that cannot be
// read does not feed itself: what is written there makes discovery read the
// file again, which is an error again.
func TestLogBesideTargets(t *testing.T) {
	dir := t.TempDir()
	targets := filepath.Join(dir, "targets.json")
	write(t, targets, "[broken")
	log, err := os.Create(filepath.Join(dir, "tacho.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	o := options(t)
	o.Config = quick + "scrape_configs: [{job_name: shop, file_sd_configs: [{files: ['" + targets + "']}]}]\n"
	o.Logger = slog.New(slog.NewTextHandler(log, nil))
	s, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	r := &running{Server: s, t: t}
	r.await("readiness", r.Ready)
	r.await("a few scrapes", func() bool { return r.one(`count_over_time(up{job="tacho"}[1m]) >= 4`) != "" })
	end()
	if err := <-done; err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(log.Name())
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), targets); n < 1 || n > 3 {
		t.Errorf("the file that cannot be read is in %d lines of the log, want at least 1 and at most 3:\n%.2000s", n, text)
	}
}

// TestTargetsFileChanges: new, changed, broken, mended and removed files, as they
// come, with Prometheus's labels and metrics.
func TestTargetsFileChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := target(t, "things 1\n"), target(t, "things 2\n")
	o := options(t)
	o.Config = quick + "scrape_configs: [{job_name: shop, file_sd_configs: [{files: ['" + dir + "/*.yml'], refresh_interval: 1h}]," +
		" relabel_configs: [{source_labels: [__meta_filepath], target_label: file}]}]\n"
	r := start(t, o)
	up := func(want ...string) func() bool {
		return func() bool {
			var got []string
			for _, s := range r.query(`up{job="shop"}`) {
				got = append(got, s.Metric["instance"]+" "+filepath.Base(s.Metric["file"])+" "+s.Metric["zone"])
			}
			return slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
		}
	}
	a, b := filepath.Join(dir, "a.yml"), filepath.Join(dir, "b.yml")
	write(t, a, "- targets: ['"+one+"']\n  labels: {zone: north}\n")
	r.await("a new file", up(one+" a.yml north"))
	if got := number(t, r, `prometheus_sd_file_mtime_seconds{filename="`+a+`"} `); time.Since(time.Unix(int64(got), 0)) > time.Hour {
		t.Errorf("the file's time is %d", got)
	}
	write(t, a, "- targets: ['"+one+"']\n  labels: {zone: north}\n- targets: ['"+two+"']\n  labels: {zone: south}\n")
	write(t, b, "[]\n")
	r.await("a second group", up(one+" a.yml north", two+" a.yml south"))
	write(t, a, "- targets: what\n")
	r.await("the broken file to be logged", func() bool { return strings.Contains(r.log.String(), "path="+a) })
	if !up(one+" a.yml north", two+" a.yml south")() {
		t.Error("a broken file has lost its targets")
	}
	write(t, a, "- targets: ['"+two+"']\n  labels: {zone: south}\n")
	r.await("a group less", up(two+" a.yml south"))
	if err := os.Rename(a, filepath.Join(dir, "moved.yml")); err != nil {
		t.Fatal(err)
	}
	r.await("a file under another name", up(two+" moved.yml south"))
	if err := os.Remove(filepath.Join(dir, "moved.yml")); err != nil {
		t.Fatal(err)
	}
	r.await("no file", up())
}

// TestTargetsFileWrong: what Prometheus does not take is not taken here.
func TestTargetsFileWrong(t *testing.T) {
	for entry, want := range map[string]string{
		"{}":                                    "at least one path name",
		"{files: [targets.txt]}":                `"targets.txt" is not valid`,
		"{files: ['a*/b.yml']}":                 `"a*/b.yml" is not valid`,
		"{files: [a.yml], refresh_interval: 0}": "above 0",
		"{files: [a.yml], every: 1m}":           "every",
	} {
		o := options(t)
		o.Config = quick + "scrape_configs: [{job_name: shop, file_sd_configs: [" + entry + "]}]\n"
		if _, err := server.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", entry, err, want)
		}
	}
}

// number is a value of the server's own metrics.
func number(t *testing.T, r *running, begin string) int {
	t.Helper()
	v, err := strconv.ParseFloat(line(t, r, begin), 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(v)
}
