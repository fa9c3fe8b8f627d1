// Testrun runs `go test` commands one after the other, and with --beside several such sequences at
// the same time. It prints a line per package and then a summary: packages, tests, time, the slowest
// tests, and tests that ran short or were skipped. Failures are printed last. A failure does not
// stop the remaining commands. The exit code is 1 if anything failed.
//
//	go run ./internal/testrun -- go test -race ./multiproc -- go test ./verdict --beside go test -p 1 ./server/...
//
// Sequences that run at the same time have no package in common.
//
// The raw events of go test -json are kept in bin/test/events.json.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tacho-go/tacho/internal/programs"
)

func main() {
	lanes := split(os.Args[1:])
	if len(lanes) == 0 {
		fmt.Fprintln(os.Stderr, "usage: testrun -- go test [flags] packages [-- go test …] [--beside go test … [-- go test …]]")
		os.Exit(64)
	}
	if err := run(lanes, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var errFailed = errors.New("FAIL")

func run(lanes []lane, out, log io.Writer) error {
	dir, err := programs.Dir()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	events, err := os.Create(filepath.Join(dir, "events.json"))
	if err != nil {
		return err
	}
	defer events.Close()
	r := newReport(out, events)
	begin := time.Now()
	if err := r.lanes(lanes, dir, log); err != nil {
		return err
	}
	r.summarize(time.Since(begin))
	if r.failures() > 0 {
		return errFailed
	}
	return errors.Join(r.unwritten, events.Close())
}

// command runs one go test and collects its events.
func (r *report) command(words []string, dir string, log io.Writer) error {
	i := slices.Index(words, "test")
	if i < 0 {
		return fmt.Errorf("testrun: %q is not a go test command", strings.Join(words, " "))
	}
	words = slices.Insert(slices.Clone(words), i+1, "-json")
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), programs.Variable+"="+dir)
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("testrun: %w", err)
	}
	failed := r.read(stdout)
	if err := cmd.Wait(); err != nil && !failed {
		// Without a failed test: wrong flags, a missing package, or a signal.
		r.mu.Lock()
		defer r.mu.Unlock()
		r.broken = append(r.broken, fmt.Sprintf("%s: %v", strings.Join(words, " "), err))
	}
	return nil
}

// read collects the events of one command. It reports whether a test or a package failed.
func (r *report) read(in io.Reader) (failed bool) {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		failed = r.line(line) || failed
		if err != nil {
			return failed
		}
	}
}

// line stores one line of a command's output. It reports whether that is a failure.
func (r *report) line(line []byte) (failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.events.Write(line); err != nil && r.unwritten == nil {
		r.unwritten = err
	}
	var e event
	switch {
	case len(line) == 0:
	case json.Unmarshal(line, &e) != nil:
		r.other = append(r.other, string(line)) // from go itself, not from a test
	default:
		r.take(e)
	}
	return e.Action == "fail"
}
