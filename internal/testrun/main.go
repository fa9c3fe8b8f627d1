// Testrun runs `go test` commands one after the other. It prints a line per package and then a
// summary: packages, tests, time, the slowest tests, and tests that ran short or were skipped.
// Failures are printed last. A failure does not stop the remaining commands. The exit code is 1
// if anything failed.
//
//	go run ./internal/testrun -- go test -race ./multiproc -- go test -p 1 ./server/...
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
	commands := split(os.Args[1:])
	if len(commands) == 0 {
		fmt.Fprintln(os.Stderr, "usage: testrun -- go test [flags] packages [-- go test …]")
		os.Exit(64)
	}
	if err := run(commands, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// split returns the commands between the "--" words.
func split(words []string) (commands [][]string) {
	for _, w := range words {
		switch {
		case w == "--":
			commands = append(commands, nil)
		case len(commands) > 0:
			commands[len(commands)-1] = append(commands[len(commands)-1], w)
		}
	}
	return slices.DeleteFunc(commands, func(c []string) bool { return len(c) == 0 })
}

var errFailed = errors.New("FAIL")

func run(commands [][]string, out, log io.Writer) error {
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
	r := newReport(out)
	begin := time.Now()
	for _, c := range commands {
		if err := r.command(c, dir, events, log); err != nil {
			return err
		}
	}
	r.summarize(time.Since(begin))
	if r.failures() > 0 {
		return errFailed
	}
	return events.Close()
}

// command runs one go test and collects its events.
func (r *report) command(words []string, dir string, events io.Writer, log io.Writer) error {
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
	before := r.failures()
	r.read(io.TeeReader(stdout, events))
	if err := cmd.Wait(); err != nil && r.failures() == before {
		// Without a failed test: wrong flags, a missing package, or a signal.
		r.broken = append(r.broken, fmt.Sprintf("%s: %v", strings.Join(words, " "), err))
	}
	return nil
}

func (r *report) read(in io.Reader) {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		switch {
		case len(line) == 0:
		case json.Unmarshal(line, &e) != nil:
			r.other = append(r.other, string(line)) // from go itself, not from a test
		default:
			r.take(e)
		}
		if err != nil {
			return
		}
	}
}
