package tachotest

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/tacho-go/tacho"
)

// New returns a Meter for one test: without the runtime's metrics, and with the
// Meter's warnings in the test's log. It has a registry of its own unless the
// options name one. The test ends at once if the options are wrong.
//
// Services that make their Meter themselves need no New: the other functions take
// any Meter.
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

// A testLog writes into the log of a test. A service may outlive its test, and
// a test's log panics when it is written to after that.
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
