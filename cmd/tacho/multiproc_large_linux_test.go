package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// workersDir is a directory that Python's workers have written, each with so many label
// sets, of 18 samples.
func workersDir(t testing.TB, workers, sets int) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("/usr/bin/python3", "../../multiproc/testdata/service.py", "write", dir, strconv.Itoa(workers), strconv.Itoa(sets))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v; needs Debian's Python client: apt-get install python3-prometheus-client\n%s", err, out)
	}
	return dir
}

// bytesIn is how much is in use in a directory's files.
func bytesIn(t testing.TB, dir string) (n float64) {
	t.Helper()
	all, _ := filepath.Glob(dir + "/*.db")
	for _, name := range all {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n += float64(uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16 | uint32(data[3])<<24)
	}
	return n
}

// An exporter is a process that serves a directory's metrics.
type exporter struct {
	t   testing.TB
	cmd *exec.Cmd
	url string
}

// startExporter starts a program that prints where it serves.
func startExporter(t testing.TB, cmd *exec.Cmd) *exporter {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e := &exporter{t: t, cmd: cmd}
	t.Cleanup(e.stop)
	text, said := make([]byte, 0, 1024), regexp.MustCompile(`Metrics  (\S+)\n`)
	for e.url == "" {
		part := make([]byte, 1024)
		n, err := out.Read(part)
		text = append(text, part[:n]...)
		if m := said.FindSubmatch(text); m != nil {
			e.url = string(m[1])
		} else if err != nil {
			t.Fatalf("it says %q, %v", text, err)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return e
}

func startTacho(t testing.TB, args ...string) *exporter {
	cmd := exec.Command(os.Args[0], append([]string{"multiproc", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), "TACHO_TEST_MAIN=1")
	return startExporter(t, cmd)
}

// startPython starts Python's collector of a directory.
func startPython(t testing.TB, dir string) *exporter {
	return startExporter(t, exec.Command("/usr/bin/python3", "testdata/collector.py", dir))
}

func (e *exporter) stop() {
	_ = e.cmd.Process.Kill()
	_ = e.cmd.Wait()
}

// scrape returns the status and the text. Patience is the scraper's, in seconds.
func (e *exporter) scrape(patience float64) (int, string) {
	e.t.Helper()
	req, err := http.NewRequest("GET", e.url, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(patience))
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// proc reads a number from a file of the process below /proc.
func (e *exporter) proc(file, name string) float64 {
	e.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", e.cmd.Process.Pid, file))
	if err != nil {
		e.t.Fatal(err)
	}
	m := regexp.MustCompile(name + `:\s+(\d+)`).FindSubmatch(text)
	if m == nil {
		e.t.Fatalf("no %s in %s", name, file)
	}
	n, _ := strconv.ParseFloat(string(m[1]), 64)
	return n
}

// cpu is the CPU time of the process until now, in seconds.
func (e *exporter) cpu() (seconds float64) {
	all, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", e.cmd.Process.Pid))
	for _, name := range all {
		text, _ := os.ReadFile(name)
		first, _, _ := strings.Cut(string(text), " ")
		ns, _ := strconv.ParseFloat(first, 64)
		seconds += ns / 1e9
	}
	return seconds
}

// TestMultiprocIncomplete: a directory is so large that the first scrape does not wait for
// it. It is told so, and a later one finds the work done. No scrape gets a part.
func TestMultiprocIncomplete(t *testing.T) {
	const sets = 11575 // 208,350 samples
	e := startTacho(t, "--dir", workersDir(t, 1, sets))
	refused := 0
	for begun := time.Now(); ; {
		status, text := e.scrape(0.02)
		switch {
		case status == http.StatusServiceUnavailable && strings.Contains(text, "still being read"):
			refused++
		case status == http.StatusOK && strings.Count(text, "load_requests_total{") == sets:
			if refused == 0 {
				t.Error("the first scrape was not refused")
			}
			return
		default:
			t.Fatalf("status %d with %d of %d series", status, strings.Count(text, "load_requests_total{"), sets)
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("it is not done after a minute")
		}
		if refused > 1 { // it has begun, and was told so: the next one can wait
			if status, text := e.scrape(30); status != http.StatusOK || strings.Count(text, "load_requests_total{") != sets {
				t.Fatalf("a patient scrape has status %d", status)
			}
			return
		}
	}
}

// TestMultiprocReadsOnce: a scrape reads what is in use in the files once.
func TestMultiprocReadsOnce(t *testing.T) {
	dir := workersDir(t, 4, 500)
	e := startTacho(t, "--dir", dir)
	for i := range 4 {
		before := e.proc("io", "rchar")
		if status, _ := e.scrape(30); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		read, there := e.proc("io", "rchar")-before, bytesIn(t, dir)
		if read > 1.1*there+256<<10 { // and /proc
			t.Errorf("scrape %d reads %.1f MB of %.1f", i, read/1e6, there/1e6)
		}
	}
}

// TestMultiprocMemory: serving 100,000 series takes no more memory than Python's collector
// does, which is run beside it.
func TestMultiprocMemory(t *testing.T) {
	t.Parallel()
	for workers, sets := range map[int]int{1: 5556, 4: 5556} {
		dir := workersDir(t, workers, sets)
		ours, theirs := startTacho(t, "--dir", dir), startPython(t, dir)
		for range 5 {
			for _, e := range []*exporter{ours, theirs} {
				if status, text := e.scrape(60); status != http.StatusOK || strings.Count(text, "\n") < 100_000 {
					t.Fatalf("status %d, %d lines", status, strings.Count(text, "\n"))
				}
			}
		}
		our, their := ours.proc("status", "VmHWM")/1024, theirs.proc("status", "VmHWM")/1024
		t.Logf("%d workers: %.0f MiB, Python's collector %.0f MiB", workers, our, their)
		if our > their {
			t.Errorf("%d workers: it takes %.0f MiB, Python's collector %.0f", workers, our, their)
		}
		ours.stop()
		theirs.stop()
	}
}

// BenchmarkMultiproc scrapes the program over HTTP, and Python's collector of the same
// directory beside it: 64 workers with 10,000 samples each. It gives CPU time and time by
// the clock as Python's divided by ours; cold is a new process's first scrape.
func BenchmarkMultiproc(b *testing.B) {
	dir := workersDir(b, 64, 556)
	python := startPython(b, dir)
	b.Run("warm", func(b *testing.B) {
		e := startTacho(b, "--dir", dir)
		e.measure()
		compareScrapes(b, python, func() *exporter { return e })
	})
	b.Run("cold", func(b *testing.B) {
		var last *exporter
		compareScrapes(b, python, func() *exporter {
			if last != nil {
				last.stop()
			}
			last = startTacho(b, "--dir", dir)
			return last
		})
	})
}

// measure is what one scrape takes.
func (e *exporter) measure() (cpu, clock float64) {
	before, begun := e.cpu(), time.Now()
	if status, _ := e.scrape(60); status != http.StatusOK {
		e.t.Fatalf("status %d", status)
	}
	return e.cpu() - before, time.Since(begun).Seconds()
}

// compareScrapes scrapes both in turn: ours b.N times, and Python's, which takes so much
// longer, each tenth time.
func compareScrapes(b *testing.B, python *exporter, ours func() *exporter) {
	var our, their [2]float64
	n := 0
	for i := range b.N {
		cpu, clock := ours().measure()
		our[0], our[1] = our[0]+cpu, our[1]+clock
		if i%10 == 0 {
			cpu, clock = python.measure()
			their[0], their[1] = their[0]+cpu, their[1]+clock
			n++
		}
	}
	b.ReportMetric(our[0]/float64(b.N)*1e3, "cpu-ms")
	b.ReportMetric(their[0]/float64(n)*1e3, "python-cpu-ms")
	b.ReportMetric(their[0]/float64(n)/(our[0]/float64(b.N)), "×cpu")
	b.ReportMetric(their[1]/float64(n)/(our[1]/float64(b.N)), "×clock")
}
