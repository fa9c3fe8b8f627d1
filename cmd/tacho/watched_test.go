package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// TestLogBesideTargets: tacho's own log, in the folder of a watched file of targets
// that cannot be read any more, does not feed itself: it has few lines, and the
// processor is idle.
func TestLogBesideTargets(t *testing.T) {
	t.Parallel() // it mostly waits
	dir := t.TempDir()
	targets, logName := filepath.Join(dir, "targets.json"), filepath.Join(dir, "tacho.log")
	content := `[{"targets": ["` + newService(t, goodService) + `"]}]`
	if err := os.WriteFile(targets, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(logName)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p := command(t, nil, "serve", targets, "--listen", "127.0.0.1:0", "--interval", "1s", "--log-level", "info")
	p.cmd.Stderr = log
	page := p.start().says(pageLine)
	read := func() []byte {
		text, err := os.ReadFile(logName)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	p.await("the target", 30*time.Second, func() bool { return value(t, page, `count(up{job="targets"})`) == "1" })
	if err := os.WriteFile(targets, []byte(content[:10]), 0o600); err != nil {
		t.Fatal(err)
	}
	p.await("the file's error in the log", 30*time.Second, func() bool { return bytes.Contains(read(), []byte(targets)) })

	const while = 10 * time.Second
	lines, cpu := bytes.Count(read(), []byte("\n")), processorTime(t, page)
	time.Sleep(while) // what is measured, not a wait for a state
	lines, cpu = bytes.Count(read(), []byte("\n"))-lines, processorTime(t, page)-cpu
	t.Logf("within %v: %d lines, %v of processor time", while, lines, cpu)
	if lines > 10 || cpu > while/5 {
		t.Errorf("within %v the log grew by %d lines and tacho took %v of processor time", while, lines, cpu)
	}
	p.end(os.Interrupt)
}

// processorTime is what the process behind a page has used so far.
func processorTime(t *testing.T, page string) time.Duration {
	t.Helper()
	_, body := get(t, http.DefaultClient, page+"metrics")
	found := regexp.MustCompile(`(?m)^process_cpu_seconds_total (\S+)$`).FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no processor time in\n%s", body)
	}
	seconds, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(seconds * float64(time.Second))
}
