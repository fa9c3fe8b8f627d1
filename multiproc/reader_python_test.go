//go:build unix

package multiproc

import (
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/long"
)

// python returns an interpreter with Python's own client.
func python(t testing.TB) string {
	t.Helper()
	for _, program := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(program, "-c", "import prometheus_client").Run() == nil {
			return program
		}
	}
	t.Fatal("needs Debian's Python client: apt-get install python3-prometheus-client")
	return ""
}

func runPython(t testing.TB, args ...any) string {
	t.Helper()
	words := []string{"testdata/service.py"}
	for _, a := range args {
		switch a := a.(type) {
		case string:
			words = append(words, a)
		case int:
			words = append(words, strconv.Itoa(a))
		}
	}
	cmd := exec.Command(python(t), words...)
	out, err := cmd.Output()
	if err != nil {
		stderr := ""
		if exit, ok := err.(*exec.ExitError); ok {
			stderr = string(exit.Stderr)
		}
		t.Fatalf("%v: %v\n%s", words, err, stderr)
	}
	return string(out)
}

// TestSameAsPython: for files of real workers, in every type and mode, with hostile label values
// and special floats, the Reader returns the same families and samples as Python's
// MultiProcessCollector.
func TestSameAsPython(t *testing.T) {
	dir := t.TempDir()
	runPython(t, "write", dir, 4, 0)
	r := newReader(t, dir)
	want := parseText(t, runPython(t, "read", dir))
	compare(t, gather(t, r), want)
	compare(t, gather(t, r), want) // known entries are read in a different way
	for why, n := range r.report.damaged {
		if n > 0 {
			t.Errorf("%d times %s", n, why)
		}
	}
	if len(want) < 250 {
		t.Errorf("only %d samples were compared", len(want))
	}
}

// TestChurn: while Python workers start, count and die, all scrapes succeed, without damage and
// without a falling count. Python's own reader fails on files that are just being created.
func TestChurn(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command("timeout", "--foreground", "120", python(t), "testdata/service.py", "churn", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	r := newReader(t, dir)
	last := samples{}
	deadline := time.Now().Add(time.Minute)
	scrapes := long.Form(t, 400, 2000, "scrapes")
	for n := 0; n < scrapes || last["churn_seconds_count"] < 10; n++ {
		if time.Now().After(deadline) {
			t.Fatalf("only %v workers were seen", last["churn_seconds_count"])
		}
		got := gather(t, r)
		for name, v := range last {
			if got[name] < v {
				t.Fatalf("%s fell from %v to %v", name, v, got[name])
			}
		}
		for why, n := range r.report.damaged {
			if n > 0 {
				t.Fatalf("damage: %s", why)
			}
		}
		last = got
	}
	t.Logf("%v workers came and went", last["churn_seconds_count"])
}
