package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tacho-go/tacho/internal/long"
)

// An event is a line of go test -json; see go doc test2json and go help buildjson.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build events
	Test       string
	Output     string
	Key, Value string  // of attributes
	Elapsed    float64 // seconds
}

// A name is a test of a package; without a test it is the package itself.
type name struct{ pkg, test string }

func (n name) String() string {
	short := strings.TrimPrefix(strings.TrimPrefix(n.pkg, "github.com/tacho-go/tacho"), "/")
	return strings.TrimSpace(cmp.Or(short, ".") + " " + n.test)
}

// A result is how a test or a package ended.
type result struct {
	name
	action  string // pass, fail, skip
	seconds float64
}

// A report collects the events of all commands.
type report struct {
	out     io.Writer
	output  map[name][]string // of running and of failed tests
	reason  map[name]string   // the last line of a skipped test
	results []result          // top-level tests and subtests, in the order in which they end
	pkgs    []result
	short   []string // tests that ran short
	other   []string // lines that are not events
	broken  []string // commands that failed without a failed test
	unbuilt map[string][]string
}

func newReport(out io.Writer) *report {
	return &report{out: out, output: map[name][]string{}, reason: map[name]string{}, unbuilt: map[string][]string{}}
}

func (r *report) take(e event) {
	n := name{e.Package, e.Test}
	switch e.Action {
	case "output":
		r.output[n] = append(r.output[n], e.Output)
	case "build-output":
		r.unbuilt[e.ImportPath] = append(r.unbuilt[e.ImportPath], e.Output)
	case "build-fail":
		r.unbuilt[e.ImportPath] = append(r.unbuilt[e.ImportPath], "")
	case "attr":
		if e.Key == long.Attribute {
			r.short = append(r.short, fmt.Sprintf("%s %s", topLevel(e.Test), e.Value))
		}
	case "pass", "fail", "skip":
		r.end(n, e)
	}
}

func topLevel(test string) string {
	top, _, _ := strings.Cut(test, "/")
	return top
}

// end records how a test or a package ended. It keeps the output of failures only.
func (r *report) end(n name, e event) {
	ended := result{n, e.Action, e.Elapsed}
	if e.Action == "skip" {
		r.reason[n] = lastLine(r.output[n])
	}
	if e.Action != "fail" {
		delete(r.output, n)
	}
	if n.test != "" {
		r.results = append(r.results, ended)
		return
	}
	r.pkgs = append(r.pkgs, ended)
	if tests := r.count(n.pkg); tests > 0 || e.Action == "fail" {
		fmt.Fprintf(r.out, "%-4s %7.1f s %5d tests  %s\n", strings.ToUpper(e.Action), e.Elapsed, tests, n)
	}
}

// count returns the number of tests and subtests of a package that have ended.
func (r *report) count(pkg string) (n int) {
	for _, t := range r.results {
		if t.pkg == pkg {
			n++
		}
	}
	return n
}

func lastLine(output []string) string {
	for _, line := range slices.Backward(output) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--- SKIP") && !strings.HasPrefix(line, "=== ") {
			return line
		}
	}
	return ""
}

// failures returns how many tests, packages and commands have failed.
func (r *report) failures() int {
	n := len(r.broken)
	for _, t := range slices.Concat(r.results, r.pkgs) {
		if t.action == "fail" {
			n++
		}
	}
	return n
}

// slowest is how many tests the summary names.
const slowest = 10

// summarize prints a summary of at most 15 lines, followed by the failures.
func (r *report) summarize(took time.Duration) {
	by := map[string]int{}
	for _, t := range r.results {
		by[t.action]++
	}
	packages := 0
	for _, p := range r.pkgs {
		if p.action != "skip" { // go test's word for a package without tests
			packages++
		}
	}
	fmt.Fprintf(r.out, "\n%d packages, %d tests in %s: %d passed, %d failed, %d skipped\n",
		packages, len(r.results), took.Round(time.Second), by["pass"], by["fail"], by["skip"])
	r.list("slowest packages: ", "", slow(r.pkgs, 3))
	r.list("slowest tests: ", "", slow(slices.DeleteFunc(slices.Clone(r.results), func(t result) bool { return strings.Contains(t.test, "/") }), slowest))
	slices.Sort(r.short)
	r.list("ran short: ", " (make long runs them whole)", r.short)
	r.list("skipped: ", "", r.skipped())
	r.failed()
}

// slow returns the n slowest, with their times.
func slow(all []result, n int) (texts []string) {
	all = slices.SortedFunc(slices.Values(all), func(a, b result) int { return cmp.Compare(b.seconds, a.seconds) })
	for _, t := range all[:min(n, len(all))] {
		texts = append(texts, fmt.Sprintf("%s %.0fs", t.name, t.seconds))
	}
	return texts
}

func (r *report) skipped() (texts []string) {
	for _, t := range r.results {
		if t.action == "skip" {
			texts = append(texts, fmt.Sprintf("%s (%s)", t.name, r.reason[t.name]))
		}
	}
	return texts
}

// The lists of the summary wrap at width and are cut after lines.
const width, lines = 150, 3

// list prints a heading and a list, or nothing if the list is empty.
func (r *report) list(heading, end string, texts []string) {
	if len(texts) == 0 {
		return
	}
	line, printed := heading, 1
	for i, text := range texts {
		if i > 0 {
			line += ", "
		}
		if len(line)+len(text) > width && i > 0 {
			if printed == lines {
				line += fmt.Sprintf("and %d more", len(texts)-i)
				break
			}
			fmt.Fprintln(r.out, strings.TrimSpace(line))
			line, printed = "  ", printed+1
		}
		line += text
	}
	fmt.Fprintln(r.out, line+end)
}

// unended returns the tests of failed packages that have started but not ended: a panic or the
// time limit has ended the process, and the package's output is theirs.
func (r *report) unended() (tests []result) {
	for n := range r.output {
		ended := slices.ContainsFunc(r.results, func(t result) bool { return t.name == n })
		if n.test != "" && !ended {
			tests = append(tests, result{n, "fail", 0})
		}
	}
	slices.SortFunc(tests, func(a, b result) int { return cmp.Compare(a.String(), b.String()) })
	return tests
}

// failed prints the output of each failure, and at the very end the names.
func (r *report) failed() {
	if r.failures() == 0 {
		return
	}
	var names []string
	named := map[string]bool{} // packages with a named test
	for _, p := range slices.Sorted(maps.Keys(r.unbuilt)) {
		fmt.Fprintf(r.out, "\n--- does not build: %s\n%s", p, strings.Join(r.unbuilt[p], ""))
	}
	for _, t := range slices.Concat(r.results, r.unended(), r.pkgs) {
		if t.action != "fail" {
			continue
		}
		fmt.Fprintf(r.out, "\n--- FAIL: %s (%.1fs)\n%s", t.name, t.seconds, strings.Join(r.output[t.name], ""))
		if t.test != "" || !named[t.pkg] {
			names = append(names, t.name.String())
		}
		named[t.pkg] = true
	}
	for _, text := range slices.Concat(r.other, r.broken) {
		fmt.Fprintln(r.out, strings.TrimSpace(text))
	}
	fmt.Fprintf(r.out, "\n%d failed:\n  %s\n", len(names)+len(r.broken), strings.Join(slices.Concat(names, r.broken), "\n  "))
}
