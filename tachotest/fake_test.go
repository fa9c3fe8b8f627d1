package tachotest_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/tachotest"
)

// A fakeT is a test that may fail: it keeps the reports and the name of the file in which they
// would appear.
type fakeT struct {
	testing.TB
	mu       sync.Mutex
	reports  []string
	files    []string
	logged   []string
	fatal    bool
	helpers  []string // functions that called Helper
	cleanups []func()
}

// runTest runs f as a separate test until it ends.
func runTest(f func(t testing.TB)) *fakeT {
	t := &fakeT{}
	done := make(chan struct{})
	go func() { // so that Fatalf can end it
		defer close(done)
		defer t.clean()
		f(t)
	}()
	<-done
	return t
}

func (f *fakeT) clean() {
	for _, cleanup := range slices.Backward(f.cleanups) {
		cleanup()
	}
}

func (f *fakeT) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }

func (f *fakeT) Helper() {
	f.mu.Lock()
	defer f.mu.Unlock()
	caller := make([]uintptr, 1)
	runtime.Callers(2, caller)
	frame, _ := runtime.CallersFrames(caller).Next()
	f.helpers = append(f.helpers, frame.Function)
}

func (f *fakeT) Log(args ...any) { f.logged = append(f.logged, fmt.Sprint(args...)) }

func (f *fakeT) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reports = append(f.reports, fmt.Sprintf(format, args...))
	f.files = append(f.files, f.shownAt())
}

func (f *fakeT) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	f.fatal = true
	runtime.Goexit()
}

// shownAt returns the file of the first caller that is not a helper.
func (f *fakeT) shownAt() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	for {
		frame, more := frames.Next()
		ours := strings.Contains(frame.Function, "(*fakeT)")
		if !more || !ours && !slices.Contains(f.helpers, frame.Function) {
			return filepath.Base(frame.File)
		}
	}
}

// wantReports checks the reports, and that they point to a line of the user's test.
func (f *fakeT) wantReports(t *testing.T, file string, want ...string) {
	t.Helper()
	if !slices.Equal(f.reports, want) {
		t.Errorf("reported is\n%s\nwant\n%s", strings.Join(f.reports, "\n---\n"), strings.Join(want, "\n---\n"))
	}
	for _, shown := range f.files {
		if shown != file {
			t.Errorf("a report points to %s, want %s", shown, file)
		}
	}
}

// newMeter is New without metrics other than those of a test.
func newMeter(t *testing.T) *tacho.Meter {
	t.Helper()
	return tachotest.New(t, tacho.Options{})
}
