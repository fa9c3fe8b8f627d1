package tachotest

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/tacho-go/tacho"
)

// New returns a Meter for one test: without runtime metrics, and with the Meter's warnings in
// the test's log. It uses a new registry unless the options name one. Invalid options end the
// test at once.
//
// A service that creates its own Meter does not need New: the other functions take any Meter.
func New(t testing.TB, o tacho.Options) *tacho.Meter {
	t.Helper()
	o.OmitRuntime = true
	if o.Logger == nil {
		o.Logger = logger(t)
	}
	m, err := tacho.New(o)
	if err != nil {
		t.Fatalf("tachotest.New: %v", err)
	}
	return m
}

func logger(t testing.TB) *slog.Logger {
	w := &testLog{t: t}
	t.Cleanup(w.close)
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		return slog.Attr{}
	}
	return a
}

// A testLog writes to the log of a test. A service may outlive its test, and writing to the log
// then would panic.
type testLog struct {
	mu   sync.Mutex
	t    testing.TB
	over bool
}

func (w *testLog) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over {
		w.t.Log(strings.TrimSuffix(string(line), "\n"))
	}
	return len(line), nil
}

func (w *testLog) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
}
