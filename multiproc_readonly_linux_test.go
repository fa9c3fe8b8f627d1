package tacho_test

import (
	"strings"
	"syscall"
	"testing"
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
	if text := countedAlone(t); !strings.Contains(text, "read-only") || !strings.Contains(text, "counts for itself alone") {
		t.Errorf("the log says\n%s", text)
	}
}
