// Package promtool runs promtool in tests. Only tests import it.
package promtool

import (
	"os/exec"
	"testing"

	"github.com/tacho-go/tacho/internal/programs"
)

// Debian returns the oldest promtool that rules have to hold for. Without it, it fails the test.
func Debian(t testing.TB) string {
	t.Helper()
	file, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is not in PATH: install Debian's package prometheus")
	}
	return file
}

// Inside returns the promtool of the Prometheus inside.
func Inside(t testing.TB) string {
	t.Helper()
	return programs.File(t, "promtool")
}

// Run runs one promtool. It returns what a failed one has printed, and "" after success.
func Run(t testing.TB, tool string, args ...string) (failed string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput()
	if err == nil {
		return ""
	}
	return tool + ": " + err.Error() + "\n" + string(out)
}

// Check runs both, and fails the test where one fails.
func Check(t testing.TB, args ...string) {
	t.Helper()
	for _, tool := range []string{Debian(t), Inside(t)} {
		if failed := Run(t, tool, args...); failed != "" {
			t.Errorf("%v: %s", args, failed)
		}
	}
}
