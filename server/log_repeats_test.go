package server

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestRepeatsAreCounted: a warning is written once and then counted each
// minute; others, and what informs, are written as they come.
func TestRepeatsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		log := slog.New(newRepeatFilter(slog.NewTextHandler(&text, nil)))
		lines := func(what string) []string {
			var found []string
			for line := range strings.Lines(text.String()) {
				if strings.Contains(line, what) {
					found = append(found, line)
				}
			}
			return found
		}
		one, other := log.With("component", "discovery"), log.With("component", "other")
		for range 1000 {
			one.Error("cannot read", "path", "a")
			time.Sleep(time.Millisecond)
		}
		one.Error("cannot read", "path", "b")
		other.Error("cannot read", "path", "a")
		for range 3 {
			log.Info("informs")
		}
		if a, all, info := lines("path=a"), lines("cannot read"), lines("informs"); len(a) != 2 || len(all) != 3 || len(info) != 3 {
			t.Errorf("written at once:\n%s", &text)
		}
		time.Sleep(repeatWindow)
		synctest.Wait()
		if got := lines("repeated="); len(got) != 1 || !strings.Contains(got[0], "component=discovery path=a repeated=999") {
			t.Errorf("after a minute: %q", got)
		}
		time.Sleep(3 * repeatWindow)
		synctest.Wait()
		if got := lines("cannot read"); len(got) != 4 {
			t.Errorf("nothing came again, and there is\n%s", &text)
		}
		one.Error("cannot read", "path", "a")
		if got := lines("cannot read"); len(got) != 5 {
			t.Errorf("what comes again later is new:\n%s", &text)
		}
		time.Sleep(2 * repeatWindow)
		synctest.Wait()
	})
}

// TestRepeatsAreLimited: what is remembered has a limit; beyond it nothing is
// lost.
func TestRepeatsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		h := newRepeatFilter(slog.NewTextHandler(&text, nil))
		remembered := func() int {
			h.seen.mu.Lock()
			defer h.seen.mu.Unlock()
			return len(h.seen.all)
		}
		log := slog.New(h)
		for i := range 2 * maxRepeatedRecords {
			log.Warn(fmt.Sprint("problem ", i))
		}
		if n := strings.Count(text.String(), "\n"); n != 2*maxRepeatedRecords || remembered() != maxRepeatedRecords {
			t.Errorf("%d lines, %d remembered", n, remembered())
		}
		time.Sleep(2 * repeatWindow)
		synctest.Wait()
		if n := remembered(); n != 0 {
			t.Errorf("%d are remembered for ever", n)
		}
	})
}
