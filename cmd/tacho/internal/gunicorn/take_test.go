package gunicorn_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tacho-go/tacho/cmd/tacho/internal/gunicorn"
	"github.com/tacho-go/tacho/internal/testfile"
	"github.com/tacho-go/tacho/multiproc"
)

// worker returns a Python program that counts in a directory, in what the hook calls metrics.
func worker(t *testing.T, dir, program string) *exec.Cmd {
	t.Helper()
	text := gunicorn.Configuration(gunicorn.Options{Dir: dir})
	begin := `
import signal
metrics = Metrics(DIRECTORY)
metrics.start()
def request(path, failed=False):
    metrics.begin()
    metrics.end("GET", path, "200", 0.01, failed)
def die():
    os.kill(os.getpid(), signal.SIGKILL)
`
	file := testfile.Write(t, filepath.Join(t.TempDir(), "g.py"), text+begin+program)
	return exec.Command("/usr/bin/python3", file)
}

// counts runs a worker until it dies, and returns what it has written.
func counts(t *testing.T, dir, program string) string {
	t.Helper()
	out, err := worker(t, dir, program+"\ndie()").Output()
	if state, ok := err.(*exec.ExitError); !ok || state.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// read returns the samples of a directory without labels, and the sum of those that have some.
func read(t *testing.T, dir string) map[string]float64 {
	t.Helper()
	r, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return sumsOf(t, r)
}

func sumsOf(t *testing.T, r *multiproc.Reader) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			got[f.GetName()] += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
		got["series of "+f.GetName()] = float64(len(f.Metric))
	}
	return got
}

func check(t *testing.T, dir string, want map[string]float64) {
	t.Helper()
	got := read(t, dir)
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%s is %v, want %v", name, got[name], n)
		}
	}
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	listed, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range listed {
		names = append(names, e.Name())
	}
	return names
}

// TestTake: a worker goes on in the files of a dead one: its counts go on, its requests in progress are
// lost, and a living worker has other files.
func TestTake(t *testing.T) {
	dir := t.TempDir()
	for n := range 5 {
		counts(t, dir, `request("/a"); request("/b", failed=True); metrics.begin()`)
		check(t, dir, map[string]float64{
			"http_requests_total": float64(2 * (n + 1)), "http_request_duration_seconds": float64(2 * (n + 1)), "http_request_panics_total": float64(n + 1),
			"gunicorn_requests_lost_total": float64(n), "http_requests_in_flight": 1, "series of http_requests_total": 2, "tacho_multiproc_damaged": 0,
		})
	}
	if files := filesIn(t, dir); len(files) != 3 {
		t.Errorf("files: %v", files)
	}
	living := `
import subprocess
if len(sys.argv) == 1:
    request("/a")
    sys.exit(subprocess.call([sys.executable, sys.argv[0], "second"]))
request("/b")
sys.exit(0 if metrics.number == 2 else "number %s" % metrics.number)
`
	if out, err := worker(t, dir, living).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	check(t, dir, map[string]float64{"http_requests_total": 12, "http_requests_in_flight": 0, "gunicorn_requests_lost_total": 5})
	if files := filesIn(t, dir); len(files) != 6 {
		t.Errorf("files: %v", files)
	}
}

// TestTakeForeign: what is damaged, a link, or not a file is left as it is.
func TestTakeForeign(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "x")
	path := func(name string) string { return filepath.Join(dir, name) }
	damaged := map[string]string{
		"counter_00001.db": "\xff\xff\xff\x7f\x00\x00\x00\x00",
		"counter_00002.db": "\x14\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00[ab] 1234567",
		"counter_00003.db": "\x07\x00\x00\x00",
	}
	for name, text := range damaged {
		testfile.Write(t, path(name), text)
	}
	testfile.Write(t, elsewhere, "")
	if err := errors.Join(os.Symlink(elsewhere, path("counter_00004.db")), os.Mkdir(path("histogram_00005.db"), 0o700), syscall.Mkfifo(path("histogram_00006.db"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if number := counts(t, dir, `request("/a"); print(metrics.number, flush=True)`); number != "7\n" {
			t.Errorf("number %s", number)
		}
	}
	for name, text := range damaged {
		if now, err := os.ReadFile(path(name)); err != nil || string(now) != text {
			t.Errorf("%s is now %q (%v)", name, now, err)
		}
	}
	check(t, dir, map[string]float64{"http_requests_total": 3})
	if info, err := os.Stat(elsewhere); err != nil || info.Size() != 0 {
		t.Errorf("a link was followed: %v %v", info, err)
	}
}

// TestTakeHostile: entries with labels of another form are kept, and do not stop the measurement.
func TestTakeHostile(t *testing.T) {
	dir := t.TempDir()
	keys := `["http_requests", "http_requests_total"], ["http_requests", "x", 5], ["http_requests", "x", {"method": [1]}, "h"], ["http_requests", ]`
	counts(t, dir, fmt.Sprintf(`
for key in %q.split(", ["):
    metrics.files["counter"].add(("[" + key.lstrip("[")).encode())
`, keys))
	if number := counts(t, dir, `request("/a"); print(metrics.number, flush=True)`); number != "1\n" {
		t.Errorf("number %s", number)
	}
	check(t, dir, map[string]float64{"http_requests_total": 1})
}

// TestTakeAgain: a worker whose files, directory or descriptors are gone counts in new files: what it
// counts from then on, and its own requests in progress, none of which is lost. A reader that has read
// the removed files adds both.
func TestTakeAgain(t *testing.T) {
	for name, c := range map[string]struct {
		removed             string // Python
		requests, durations float64
	}{
		"one file":    {`os.remove(os.path.join(DIRECTORY, "counter_00001.db"))`, 2, 5},
		"all files":   {`for name in os.listdir(DIRECTORY): os.remove(os.path.join(DIRECTORY, name))`, 2, 2},
		"directory":   {`import shutil; shutil.rmtree(DIRECTORY)`, 2, 2},
		"descriptors": {`os.closerange(3, 100)`, 5, 5},
		"nothing":     {``, 5, 5},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "metrics")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			r, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			cmd := worker(t, dir, fmt.Sprintf(`
metrics.begin()
for path in ("/a", "/b", "/c"):
    request(path)
print("counted", flush=True)
sys.stdin.readline()
%s
metrics.now = metrics.look + 1
for path in ("/a", "/d"):
    request(path)
print(metrics.number, flush=True)
sys.stdin.readline()
`, c.removed))
			in, err1 := cmd.StdinPipe()
			out, err2 := cmd.StdoutPipe()
			if err := errors.Join(err1, err2, cmd.Start()); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			lines.Scan()
			if _, err := r.Gather(); err != nil {
				t.Fatal(err)
			}
			_, _ = in.Write([]byte("\n"))
			if lines.Scan(); lines.Text() != "1" {
				t.Errorf("number %q", lines.Text())
			}
			check(t, dir, map[string]float64{"http_requests_total": c.requests, "http_request_duration_seconds": c.durations, "http_requests_in_flight": 1, "gunicorn_requests_lost_total": 0})
			if got := sumsOf(t, r); got["http_requests_total"] != 5 || got["http_requests_in_flight"] != 1 {
				t.Errorf("the reader: %v", got)
			}
			_ = in.Close()
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTakeFull: what a full disk has kept in memory is written once there is space, also that of a route
// without a further request. A file that cannot grow is as a full disk.
func TestTakeFull(t *testing.T) {
	for name, c := range map[string]struct {
		full string // of the files' size
		then string // that writes
		want float64
	}{
		"no files":                          {"0", "metrics.now = metrics.look + 1; request('/')", 501},
		"no further space":                  {"1 << 17", "metrics.now = metrics.look + 1; request('/')", 501},
		"no files, no request":              {"0", "metrics.look = 0; notified(lambda: None, metrics)()", 500},
		"no further space, nor any request": {"1 << 17", "metrics.look = 0; notified(lambda: None, metrics)()", 500},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			counts(t, dir, fmt.Sprintf(`
import resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
metrics = Metrics(os.path.join(DIRECTORY, "full"))
os.mkdir(metrics.directory)
def limit(bytes):
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes, resource.RLIM_INFINITY))
limit(%s)
metrics.start()
for i in range(500):
    request("/%%d" %% i, failed=i < 10)
limit(resource.RLIM_INFINITY)
%s
`, c.full, c.then))
			check(t, filepath.Join(dir, "full"), map[string]float64{
				"http_requests_total": c.want, "http_request_duration_seconds": c.want, "http_request_panics_total": 10, "http_requests_in_flight": 0, "series of http_requests_total": c.want,
			})
		})
	}
}

// TestEndDead: the master ends the requests in progress of dead workers, whatever else has such a name.
func TestEndDead(t *testing.T) {
	dir := t.TempDir()
	counts(t, dir, `metrics.begin()`)
	path := func(name string) string { return filepath.Join(dir, name) }
	testfile.Write(t, path("gauge_livesum_00004.db"), "\xff\xff\xff\x7f")
	if err := errors.Join(os.Symlink("/dev/zero", path("gauge_livesum_00003.db")), os.Mkdir(path("gauge_livesum_00005.db"), 0o700), syscall.Mkfifo(path("gauge_livesum_00002.db"), 0o600)); err != nil {
		t.Fatal(err)
	}
	counts(t, filepath.Join(dir, "master"), `
import types
DIRECTORY = os.path.dirname(DIRECTORY)
signal.alarm(60)
child_exit(types.SimpleNamespace(cfg=types.SimpleNamespace(uid=os.geteuid(), gid=os.getegid())), None)
`)
	check(t, dir, map[string]float64{"gunicorn_requests_lost_total": 1, "http_requests_in_flight": 0})
}

// TestTakeLimit: the label sets of all workers of a file are limited, not those of each.
func TestTakeLimit(t *testing.T) {
	dir := t.TempDir()
	for n := range 3 {
		counts(t, dir, fmt.Sprintf("LIMIT = 20\nfor i in range(15): request('/%d/%%d' %% i)", n))
	}
	check(t, dir, map[string]float64{"http_requests_total": 45, "series of http_requests_total": 21, "http_request_duration_seconds": 45})
}

// TestTakeFromChild: a child of a dead worker does not keep its files.
func TestTakeFromChild(t *testing.T) {
	dir := t.TempDir()
	cmd := worker(t, dir, `
request("/a")
os.register_at_fork(after_in_child=metrics.leave)
if os.fork() == 0:
    for _ in range(2):
        quietly(lambda: request("/b"))  # counts nothing
    print("child", flush=True)
    time.sleep(300)
time.sleep(300)
`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	group := cmd.Process.Pid
	t.Cleanup(func() { _ = syscall.Kill(-group, syscall.SIGKILL) })
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Kill()
	_, _ = cmd.Process.Wait()
	if number := counts(t, dir, `request("/a"); print(metrics.number, flush=True)`); number != "1\n" {
		t.Errorf("number %s", number)
	}
	check(t, dir, map[string]float64{"http_requests_total": 2, "http_requests_in_flight": 0})
}

// TestTakeKilled: workers are killed at any instant, while their file grows. Each loses or adds at most
// the request that it was counting.
func TestTakeKilled(t *testing.T) {
	dir := t.TempDir()
	const program = `
for i in range(10**9):
    request("/%d" % (i % 300))
    os.write(1, b"x")
`
	reported, kills := 0, 25
	for range kills {
		cmd := worker(t, dir, program)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		least, buffer := reported+rand.IntN(600), make([]byte, 1<<12)
		for err == nil {
			var n int
			n, err = out.Read(buffer)
			if reported += n; reported > least {
				_ = cmd.Process.Kill()
			}
		}
		_ = cmd.Wait()
		if got := read(t, dir)["http_requests_total"]; got < float64(reported) || got > float64(reported+kills) {
			t.Fatalf("%v requests, reported %d", got, reported)
		}
	}
	if files := filesIn(t, dir); len(files) != 3 {
		t.Errorf("files: %v", files)
	}
	check(t, dir, map[string]float64{"tacho_multiproc_damaged": 0})
}
