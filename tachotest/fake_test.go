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

// A fake is a test that may fail: it keeps what was reported, and the name of the
// file where the report would be shown.
type fake struct {
	testing.TB
	mu       sync.Mutex
	reports  []string
	files    []string
	logged   []string
	fatal    bool
	helpers  []string // functions that called Helper
	cleanups []func()
}

// try runs f as a test of its own, to its end.
func try(f func(t testing.TB)) *fake {
	t := &fake{}
	done := make(chan struct{})
	go func() { // which Fatalf can end
		defer close(done)
		defer t.clean()
		f(t)
	}()
	<-done
	return t
}

func (f *fake) clean() {
	for _, cleanup := range slices.Backward(f.cleanups) {
		cleanup()
	}
}

func (f *fake) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }

func (f *fake) Helper() {
	f.mu.Lock()
	defer f.mu.Unlock()
	caller := make([]uintptr, 1)
	runtime.Callers(2, caller)
	frame, _ := runtime.CallersFrames(caller).Next()
	f.helpers = append(f.helpers, frame.Function)
}

func (f *fake) Log(args ...any) { f.logged = append(f.logged, fmt.Sprint(args...)) }

func (f *fake) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reports = append(f.reports, fmt.Sprintf(format, args...))
	f.files = append(f.files, f.shownAt())
}

func (f *fake) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	f.fatal = true
	runtime.Goexit()
}

// shownAt is the file of the first caller that is not a helper.
func (f *fake) shownAt() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	for {
		frame, more := frames.Next()
		ours := strings.Contains(frame.Function, "(*fake)")
		if !more || !ours && !slices.Contains(f.helpers, frame.Function) {
			return filepath.Base(frame.File)
		}
	}
}

// wantReports checks what was reported, and that it points at the line of the
// user's own test.
func (f *fake) wantReports(t *testing.T, file string, want ...string) {
	t.Helper()
	if !slices.Equal(f.reports, want) {
		t.Errorf("reported is\n%s\nwant\n%s", strings.Join(f.reports, "\n---\n"), strings.Join(want, "\n---\n"))
	}
	for _, shown := range f.files {
		if shown != file {
			t.Errorf("a report is shown at a line of %s, want %s", shown, file)
		}
	}
}

// newMeter is New with nothing to see but what a test records.
func newMeter(t *testing.T) *tacho.Meter {
	t.Helper()
	return tachotest.New(t, tacho.Options{})
}
