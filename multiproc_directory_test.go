//go:build unix

package tacho_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
	logged "github.com/tacho-go/tacho/internal/locked"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/multiproc"
)

// awaitLines scrapes until all the lines are there.
func awaitLines(t *testing.T, m *tacho.Meter, lines ...string) {
	t.Helper()
	var body []byte
	missing := func() []string {
		var left []string
		_, body = metertest.Scrape(t, m.Metrics(), metertest.AcceptText, "")
		for _, l := range lines {
			if !bytes.Contains(body, []byte("\n"+l+"\n")) {
				left = append(left, l)
			}
		}
		return left
	}
	for deadline := time.Now().Add(30 * time.Second); len(missing()) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there is no %q in\n%s", missing(), body)
		}
	}
}

// removeDir removes a directory in which processes may just make their files again.
func removeDir(dir string) (err error) {
	for range 100 {
		if err = os.RemoveAll(dir); err == nil {
			break
		}
	}
	return err
}

// TestFilesRemoved: a cleaner takes away the files of processes that count. They are
// made again with what was counted, whoever is asked answers for all, and the metrics
// and the log say what has happened.
func TestFilesRemoved(t *testing.T) {
	remove := func(dir, pattern string) error {
		all, err := filepath.Glob(filepath.Join(dir, pattern))
		for _, path := range all {
			err = errors.Join(err, os.RemoveAll(path))
		}
		return err
	}
	for how, clean := range map[string]func(dir string) error{
		"files":     func(dir string) error { return remove(dir, "*") },
		"cells":     func(dir string) error { return remove(dir, "*.cells") },
		"published": func(dir string) error { return remove(dir, "*.db") },
		"directory": removeDir,
		"moved": func(dir string) error {
			return errors.Join(os.Rename(dir, dir+".old"), os.MkdirAll(dir, 0o755)) // a process may have been faster
		},
	} {
		t.Run(how, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "metrics")
			var log logged.Buffer
			a := member(t, dir, tacho.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			orders := prometheus.NewCounter(prometheus.CounterOpts{Name: "shop_orders_total", Help: "Orders."})
			a.Registerer().MustRegister(orders)
			count := func(n int) {
				for range n {
					metertest.Record(a, "GET", "/x", 200)
					orders.Inc()
				}
			}
			startSibling(t, dir, "wait for more", dir+".never").kill()
			for n, err := 0, multiproc.ErrBusy; n == 0 || errors.Is(err, multiproc.ErrBusy); { // now it is in archives
				if n, err = a.Reader().Compact(); err != nil && !errors.Is(err, multiproc.ErrBusy) {
					t.Fatal(err)
				}
			}
			count(20)
			startSibling(t, dir, "wait for more", dir+".more")
			awaitLines(t, a, `http_requests_total{method="GET",path="/x",status="200"} 60`, "shop_orders_total 60")

			if err := clean(dir); err != nil {
				t.Fatal(err)
			}
			count(20)
			if err := os.WriteFile(dir+".more", nil, 0o600); err != nil { // now the other one counts on
				t.Fatal(err)
			}
			want := []string{`http_requests_total{method="GET",path="/x",status="200"} 100`, "shop_orders_total 100"}
			awaitLines(t, a, want...)
			b, err := tacho.Shared(dir, nil) // somebody who has seen nothing before
			if err != nil {
				t.Fatal(err)
			}
			families, err := b.Gather()
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for _, f := range families {
				for _, x := range f.Metric {
					if f.GetName() == "http_requests_total" {
						sum += x.GetCounter().GetValue()
					}
				}
			}
			if sum != 100 {
				t.Errorf("others see %v requests", sum)
			}
			_, body := metertest.Scrape(t, a.Metrics(), metertest.AcceptText, "")
			if got := sumOf(t, body, "tacho_multiproc_restored_files_total"); got < 2 {
				t.Errorf("%v files are restored", got)
			}
			if got := sumOf(t, body, "tacho_multiproc_private_cells"); got != 0 {
				t.Errorf("%v cells are private", got)
			}
			if text := log.String(); !strings.Contains(text, "were removed") || strings.Count(text, "were removed") > 2 || strings.Contains(text, "space") {
				t.Errorf("the log says\n%s", text)
			}
		})
	}
}

// waitForMore counts 20 requests and orders, and as many again when a file is there.
func waitForMore(path string) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Logger: slog.New(slog.DiscardHandler)})
	orders := prometheus.NewCounter(prometheus.CounterOpts{Name: "shop_orders_total", Help: "Orders."})
	m.Registerer().MustRegister(orders)
	count := func() {
		for range 20 {
			metertest.Record(m, "GET", "/x", 200)
			orders.Inc()
		}
	}
	count()
	_ = m.Flush()
	go func() {
		for {
			if _, err := os.Stat(path); err == nil {
				count()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
}

// TestWhyPrivate: the log names the reason as it is.
func TestWhyPrivate(t *testing.T) {
	for _, c := range []struct {
		why         error
		want, never string
	}{
		{fmt.Errorf("making: %w", syscall.ENOSPC), "there is no space", "removed"},
		{fmt.Errorf("making: %w", syscall.EDQUOT), "there is no space", "removed"},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}, "removed", "no space"},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, "may not write", "no space"},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EROFS}, "read-only", "no space"},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EMFILE}, "cannot be written", "no space"},
	} {
		var log logged.Buffer
		tacho.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}.Unshared(c.why)
		if text := log.String(); !strings.Contains(text, c.want) || strings.Contains(text, c.never) {
			t.Errorf("of %v the log says\n%s", c.why, text)
		}
	}
}

// TestShutdownReleases: a Meter that is shut down leaves its directory to the next one,
// with what it has counted, and shows that itself still.
func TestShutdownReleases(t *testing.T) {
	dir := t.TempDir()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	shown := func(n int) string {
		return fmt.Sprintf(`http_requests_total{method="GET",path="/x",status="200"} %d`, n)
	}
	var last *tacho.Meter
	for i := 1; i <= 3; i++ {
		m := member(t, dir, tacho.Options{})
		recordBusiness(m)
		if got := m.Cells().Dir(); got != dir {
			t.Errorf("Meter %d is in %s", i, got)
		}
		metertest.Record(m, "GET", "/x", 200)
		metertest.Line(t, m, shown(i))
		if err := m.Shutdown(ended); !errors.Is(err, tacho.ErrNotScraped) {
			t.Fatal(err)
		}
		metertest.Line(t, m, shown(i))
		if last != nil {
			if err := m.Compact(); err != nil {
				t.Fatal(err)
			}
			metertest.Line(t, m, shown(i))
			metertest.Line(t, last, shown(i))
			metertest.Line(t, m, fmt.Sprintf(`shop_orders_total{kind="book"} %v`, 1.5*float64(i)))
		}
		metertest.Record(m, "GET", "/late", 200) // it has no file, and does no harm
		last = m
	}
	if left, _ := os.ReadDir("/proc/self/fd"); len(left) > 0 {
		for _, fd := range left {
			if to, _ := os.Readlink("/proc/self/fd/" + fd.Name()); strings.HasPrefix(to, dir) {
				t.Errorf("%s is still open", to)
			}
		}
	}
}

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
