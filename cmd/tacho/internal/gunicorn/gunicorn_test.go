package gunicorn_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/cmd/tacho/internal/gunicorn"
	"github.com/tacho-go/tacho/internal/testfile"
)

// TestQuoting: no directory breaks the Python file, and it compiles.
func TestQuoting(t *testing.T) {
	for _, dir := range []string{"/run/shop", `/a"b`, `/a\b`, "/a\nb", `/"""`, "/日本", "/a'b", "/{{dir}}"} {
		text := gunicorn.Configuration(gunicorn.Options{Dir: dir, Include: dir + ".py", Flags: " --dir " + dir})
		file := testfile.Write(t, filepath.Join(t.TempDir(), "g.py"), strings.Replace(text, "if INCLUDE:", "if False:", 1)+"\nprint(DIRECTORY)\n")
		out, err := exec.Command("/usr/bin/python3", file).CombinedOutput()
		if err != nil || string(out) != dir+"\n" {
			t.Errorf("%q: %v %s", dir, err, out)
		}
	}
}

// BenchmarkHook is what the hook adds to a request of Flask.
func BenchmarkHook(b *testing.B) {
	file := testfile.Write(b, filepath.Join(b.TempDir(), "g.py"), gunicorn.Configuration(gunicorn.Options{Dir: "/nowhere"}))
	var plain, hooked float64
	for b.Loop() {
		out, err := exec.Command("/usr/bin/python3", "testdata/bench.py", file, "21").Output()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := fmt.Sscan(string(out), &plain, &hooked); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
	b.ReportMetric(plain, "µs/plain")
	b.ReportMetric(hooked-plain, "µs/hook")
	b.ReportMetric(hooked/plain, "ratio")
}

// TestOwnHook: a hook of the included configuration may be the name of a function, as in Gunicorn.
func TestOwnHook(t *testing.T) {
	dir := t.TempDir()
	own := testfile.Write(t, filepath.Join(dir, "own.py"), "on_reload = 'builtins.print'\n")
	text := gunicorn.Configuration(gunicorn.Options{Dir: dir, Include: own})
	file := testfile.Write(t, filepath.Join(dir, "g.py"), text+"\non_reload('called')\non_starting = own_hook('on_starting', 'absent')\n")
	if out, err := exec.Command("/usr/bin/python3", file).CombinedOutput(); err != nil || string(out) != "called\n" {
		t.Errorf("%v: %s", err, out)
	}
}
