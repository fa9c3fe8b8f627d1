package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tacho-go/tacho/server"
)

// smallDisk mounts a file system of its own in memory, of size MiB.
func smallDisk(t *testing.T, mib int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mib)); err != nil {
		t.Fatalf("mounting a small tmpfs: %v; this test needs root, such as: sudo make test", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// reserve fills the disk with a file so that free bytes are left.
func reserve(t *testing.T, dir string, left int64) (remove func()) {
	t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "ballast")
	write(t, name, strings.Repeat("x", int(max(0, int64(st.Bavail)*st.Bsize-left))))
	return func() {
		if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

// TestDiskGetsFull: below the reserve nothing is stored any more, and that is
// visible everywhere; queries go on; with space again storing goes on.
func TestDiskGetsFull(t *testing.T) {
	o := options(t)
	o.DataDir = smallDisk(t, 64)
	o.MinFree = 16 << 20
	o.RemoteWriteReceiver = true
	o.Config = scraping(target(t, "things 42\n"))
	r := start(t, o)
	r.await("a sample", func() bool { return r.one("things") == "42" })

	free := reserve(t, o.DataDir, 8<<20)
	r.await("readiness to end", func() bool { return !r.Ready() })
	if code, body := r.get("/-/ready"); code != http.StatusServiceUnavailable || !strings.Contains(body, "the disk is full: queries are answered") {
		t.Errorf("/-/ready says %d %s", code, body)
	}
	if err := push(http.DefaultClient, r.URL(), "pushed", time.Now().UnixMilli(), 1); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("a push is answered with %v", err)
	}
	if code, body := r.annotate(url.Values{"text": {"x"}}); code != http.StatusServiceUnavailable || !strings.Contains(body, "the annotation was not stored: the disk is full") {
		t.Errorf("a note is answered with %d %s", code, body)
	}
	if got := r.one("things"); got != "42" {
		t.Errorf("a query answers %q", got)
	}
	if _, body := r.get("/metrics"); !strings.Contains(body, "\ntacho_server_storage_full 1\n") {
		t.Error("the metric does not say it")
	}
	if !strings.Contains(r.log.String(), "the disk is full: no samples are stored") {
		t.Error("the log does not say it")
	}
	r.await("a refused scrape", func() bool { _, body := r.get("/api/v1/targets"); return strings.Contains(body, "the disk is full") })
	if n := strings.Count(r.log.String(), "the disk is full"); n != 1 {
		t.Errorf("the log says it %d times", n)
	}

	free()
	r.await("readiness", r.Ready)
	if err := push(http.DefaultClient, r.URL(), "pushed", time.Now().UnixMilli(), 1); err != nil {
		t.Errorf("with space again: %v", err)
	}
	if code, body := r.annotate(url.Values{"text": {"x"}}); code != http.StatusOK {
		t.Errorf("with space again, a note is answered with %d %s", code, body)
	}
	r.await("scrapes to be stored", func() bool { return r.one("changes(timestamp(things)[1m:1s]) > 1") != "" })
}

// TestDiskFullInTheMiddle: when the disk is full before anybody could see it
// come, the write that fails damages the log. What is acknowledged after there
// is space again must not be lost at the next kill: Prometheus loses it.
func TestDiskFullInTheMiddle(t *testing.T) {
	dir := smallDisk(t, 48)
	c := spawnUnwatched(t, dir)
	c.awaitReady(t)
	at := time.Now().Add(-time.Hour).UnixMilli()
	var acknowledged []int64
	one := func() error {
		at++
		err := push(http.DefaultClient, c.url, "pushed", at, float64(at))
		if err == nil {
			acknowledged = append(acknowledged, at)
		}
		return err
	}
	for range 200 {
		if err := one(); err != nil {
			t.Fatal(err)
		}
	}
	remove := reserve(t, dir, 256<<10)
	var failed error
	for round := 0; failed == nil; round++ {
		body, err := wide(round, 200, at)
		if err != nil {
			t.Fatal(err)
		}
		failed = errors.Join(pushBody(http.DefaultClient, c.url, body), one())
	}
	if !strings.Contains(failed.Error(), "no space left") && !strings.Contains(failed.Error(), "the disk is full") {
		t.Errorf("the first failure says %v", failed)
	}
	if resp, err := http.Get(c.url + "-/ready"); err != nil {
		t.Fatal(err)
	} else if code, _ := status(t, resp); code != http.StatusServiceUnavailable {
		t.Errorf("/-/ready says %d with a full disk", code)
	}
	if missing := absent(t, c.url, acknowledged); len(missing) > 0 {
		t.Errorf("%d samples cannot be queried while the disk is full", len(missing))
	}

	remove()
	c.awaitReady(t)
	for range 200 {
		if err := one(); err != nil {
			t.Fatalf("with space again: %v\n%s", err, c.err)
		}
	}
	c.kill()
	again := spawnUnwatched(t, dir)
	again.awaitReady(t)
	if missing := absent(t, again.url, acknowledged); len(missing) > 0 {
		t.Errorf("%d of %d acknowledged samples are gone after the kill:\n%s", len(missing), len(acknowledged), c.err)
	}
}

// TestReadOnlyFolder: a folder that cannot be written is refused before
// anything is opened.
func TestReadOnlyFolder(t *testing.T) {
	dir := smallDisk(t, 1)
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	o := options(t)
	o.DataDir = dir
	_, err := server.New(o)
	if !errors.Is(err, server.ErrConfig) || !strings.Contains(err.Error(), "is not writable") || !strings.Contains(err.Error(), "read-only file system") {
		t.Errorf("a read-only folder: %v", err)
	}
}
