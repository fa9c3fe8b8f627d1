//go:build unix

package tacho_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	logged "github.com/tacho-go/tacho/internal/locked"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/metertest"
)

// TestTwoServices: a directory is one service's. Another one stays out, says so once and
// counts for itself; neither has anything of the other's.
func TestTwoServices(t *testing.T) {
	dir := t.TempDir()
	var log logged.Buffer
	shop := member(t, dir, tacho.Options{Multiproc: tacho.Multiproc{Service: "shop"}})
	blog, err := tacho.New(tacho.Options{OmitRuntime: true, Multiproc: tacho.Multiproc{Dir: dir, Service: "blog"}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	metertest.Record(shop, "GET", "/x", 200)
	for range 5 {
		metertest.Record(blog, "GET", "/x", 200)
	}
	_ = blog.Flush()
	metertest.Line(t, shop, `http_requests_total{method="GET",path="/x",status="200"} 1`)
	metertest.Line(t, blog, `http_requests_total{method="GET",path="/x",status="200"} 5`)
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `the service \"shop\", and this one is \"blog\"`) || !strings.Contains(text, "Options.Multiproc.Service") {
		t.Errorf("the log says\n%s", text)
	}
	if all, _ := filepath.Glob(filepath.Join(dir, "*")); len(all) > 4 {
		t.Errorf("there are %v", all)
	}

	// The old and the new program of a service, whatever their versions, are one.
	if got, want := (tacho.Options{Multiproc: tacho.Multiproc{Dir: dir}}).Service(), module(t); got != want {
		t.Errorf("by default it is %q, want %q", got, want)
	}
}

// module is this test's module.
func module(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimPrefix(first, "module ")
}

// countedAlone makes a Meter that counts although its directory cannot be used, and
// returns what it logs.
func countedAlone(t *testing.T) string {
	t.Helper()
	var log logged.Buffer
	m, err := tacho.New(tacho.Options{OmitRuntime: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	metertest.Record(m, "GET", "/x", 200)
	metertest.Line(t, m, `http_requests_total{method="GET",path="/x",status="200"} 1`)
	return log.String()
}

// TestInheritedDirectory: the variable may be meant for Python's client. Whatever is wrong
// with its directory, the service starts, counts, and says so.
func TestInheritedDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, dir := range map[string]string{"a file": file, "below a file": file + "/metrics", "not to be made": "/proc/nowhere/metrics"} {
		t.Run(what, func(t *testing.T) {
			t.Setenv("PROMETHEUS_MULTIPROC_DIR", dir)
			if text := countedAlone(t); strings.Count(text, "counts for itself alone") != 1 || !strings.Contains(text, dir) {
				t.Errorf("the log says\n%s", text)
			}
			if _, err := tacho.New(tacho.Options{Multiproc: tacho.Multiproc{Dir: dir}}); err == nil {
				t.Error("Options may name it, too")
			}
		})
	}
}

// TestBesidePython: a service that inherits the directory of Python's client counts in a
// folder of its own, and says so once, at the start.
func TestBesidePython(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "counter_77.db"), make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	var log logged.Buffer
	m := member(t, dir, tacho.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	recordBusiness(m)
	metertest.Record(m, "GET", "/x", 200)
	metertest.Line(t, m, "shop_queue 2")
	metertest.Line(t, m, `http_requests_total{method="GET",path="/x",status="200"} 1`)
	if all, _ := filepath.Glob(filepath.Join(dir, "*.db")); len(all) != 1 {
		t.Errorf("beside Python's files there are %v", all)
	}
	if text := log.String(); strings.Count(text, "Python's client") != 1 || !strings.Contains(text, filepath.Join(dir, "go")) {
		t.Errorf("the log says\n%s", text)
	}
}
