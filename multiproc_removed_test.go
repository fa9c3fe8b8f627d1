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

	logged "github.com/tacho-go/tacho/internal/locked"
	"github.com/tacho-go/tacho/multiproc"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/metertest"
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
