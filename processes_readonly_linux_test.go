package tacho

import (
	"log/slog"
	"strings"
	"syscall"
	"testing"

	logged "github.com/tacho-go/tacho/internal/locked"
)

// TestReadOnlyDirectory: one that is inherited, on a file system that is read-only, stops
// nobody.
func TestReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_RDONLY, "size=96k"); err != nil {
		t.Fatalf("mounting a tmpfs: %v; this test needs root, such as: sudo make test", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	t.Setenv("PROMETHEUS_MULTIPROC_DIR", dir)
	var log logged.Buffer
	m, err := New(Options{OmitRuntime: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	exchange(m, "GET", "/x", 200)
	line(t, m, `http_requests_total{method="GET",path="/x",status="200"} 1`)
	if text := log.String(); !strings.Contains(text, "read-only") || !strings.Contains(text, "counts for itself alone") {
		t.Errorf("the log says\n%s", text)
	}
}
