package tacho_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/tacho-go/tacho"
	logged "github.com/tacho-go/tacho/internal/locked"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/multiproc"
)

// TestFullDisk: in 96 KiB the service goes on, counts everything, and says in its
// log and in its metrics that others do not see all of it. When there is space again,
// what is new is shared again.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=96k"); err != nil {
		t.Fatalf("mounting a small tmpfs: %v; this test needs root, such as: sudo make test", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	var log logged.Buffer
	m := member(t, dir, tacho.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	const routes = 400
	count := func(from, to int) {
		var clients sync.WaitGroup
		for c := range 4 {
			clients.Go(func() {
				for i := from + c; i < to; i += 4 {
					metertest.Record(m, "GET", fmt.Sprintf("/route/%d", i), 200)
				}
			})
		}
		clients.Wait()
	}
	count(0, routes)
	recordBusiness(m)
	body := func() string {
		_, b := metertest.Scrape(t, m.Metrics(), metertest.AcceptText, "")
		return string(b)
	}
	text := body()
	if got := strings.Count(text, "\nhttp_requests_total{"); got != routes {
		t.Errorf("%d routes are counted, want %d", got, routes)
	}
	if strings.Contains(text, "\ntacho_multiproc_private_cells 0\n") {
		t.Error("all of it had space")
	}
	if n := strings.Count(log.String(), "there is no space for counts that other processes can see"); n != 1 {
		t.Errorf("the log says it %d times:\n%s", n, &log)
	}
	before := m.Cells().Private()

	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=8m"); err != nil {
		t.Fatal(err)
	}
	count(routes, routes+50)
	if got := m.Cells().Private(); got != before {
		t.Errorf("with space again %d more cells are private", got-before)
	}
	text = body()
	for _, want := range []string{"\nshop_queue 2\n", "\ntacho_multiproc_unwritten_samples 0\n", fmt.Sprintf("\ntacho_multiproc_private_cells %d\n", before)} {
		if !strings.Contains(text, want) {
			t.Errorf("with space again it does not say %q", want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "gauge_livesum_"+m.Cells().ID()+".db")); err != nil {
		t.Error(err)
	}
}

// TestFullFromTheStart: where there is no space at all, everything is as it is with
// one process.
func TestFullFromTheStart(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4k"); err != nil {
		t.Fatalf("mounting a small tmpfs: %v; this test needs root, such as: sudo make test", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	m := member(t, dir, tacho.Options{Logger: slog.New(slog.DiscardHandler)})
	metertest.Record(m, "GET", "/x", 200)
	recordBusiness(m)
	metertest.Line(t, m, `http_requests_total{method="GET",path="/x",status="200"} 1`)
	metertest.Line(t, m, "shop_queue 2")
}

// TestPreforkPlanted: the name of a prefork directory can be guessed, so that somebody
// may have made it before, as a link or as his own. Nothing is counted in it.
func TestPreforkPlanted(t *testing.T) {
	for what, plant := range map[string]func(dir, victim string) error{
		"link": func(dir, victim string) error { return os.Symlink(victim, dir) },
		"stranger's": func(dir, _ string) error {
			return errors.Join(os.Mkdir(dir, 0o777), os.Chown(dir, 12345, 12345))
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			t.Setenv("FIBER_PREFORK_CHILD", "1")
			t.Setenv("PROMETHEUS_MULTIPROC_DIR", "")
			dir, victim := filepath.Join(os.TempDir(), tacho.PreforkPrefix+multiproc.ProcessName(os.Getppid())), t.TempDir()
			if err := plant(dir, victim); err != nil {
				t.Fatalf("%v; this test needs root, such as: sudo make test", err)
			}
			if m, err := tacho.New(tacho.Options{OmitRuntime: true}); err == nil {
				t.Cleanup(m.Leave)
				t.Error("it is used")
			}
			for _, d := range []string{dir, victim} {
				if all, _ := os.ReadDir(d); len(all) > 0 {
					t.Errorf("there is %s in it", all[0].Name())
				}
			}
		})
	}
}

// TestReadOnlyDirectory: one that is inherited, on a file system that is read-only, stops
// nobody.
func TestReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_RDONLY, "size=96k"); err != nil {
		t.Fatalf("mounting a tmpfs: %v; this test needs root, such as: sudo make test", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	t.Setenv("PROMETHEUS_MULTIPROC_DIR", dir)
	if text := countedAlone(t); !strings.Contains(text, "read-only") || !strings.Contains(text, "counts for itself alone") {
		t.Errorf("the log says\n%s", text)
	}
}
