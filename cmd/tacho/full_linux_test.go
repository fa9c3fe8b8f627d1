package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/server"
)

// TestDiskFullAlert: a full disk stores nothing, not even that it is full.
// The alert fires nevertheless, and ends when there is space again. The rules
// are those of serve, with a speedup.
func TestDiskFullAlert(t *testing.T) {
	t.Parallel() // it waits most of its time
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Fatalf("mounting a small tmpfs: %v; this test needs root, such as: sudo make test", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	builtin, err := builtinRules(rules.Options{Interval: time.Second, Speedup: 60}, true)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(server.Options{
		Config:  "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}",
		DataDir: dir, Listen: "127.0.0.1:0", Rules: builtin, MinFree: 16 << 20, DiscoveryInterval: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	defer func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	awaitState(t, "a sample", func() bool { return value(t, srv.URL(), `tacho_server_storage_full{job="tacho"}`) == "0" })

	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 55<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	firing := func() bool {
		_, body := get(t, http.DefaultClient, srv.URL()+"api/v1/alerts")
		return strings.Contains(body, `"alertname":"TachoStorageFull"`) && strings.Contains(body, `"state":"firing"`)
	}
	awaitState(t, "the alert", firing)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	awaitState(t, "the alert's end", func() bool { return !firing() })
}
