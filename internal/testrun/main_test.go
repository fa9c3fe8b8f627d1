package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/internal/long"
	"github.com/tacho-go/tacho/internal/testfile"
)

// module writes a workspace of packages, each with one test file, and enters it.
func module(t *testing.T, packages map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("GOWORK", "")
	t.Setenv("GOFLAGS", "")
	testfile.Write(t, "go.mod", "module example\n\ngo 1.26\n")
	testfile.Write(t, "go.work", "go 1.26\n\nuse .\n")
	for name, body := range packages {
		testfile.Write(t, filepath.Join(name, "x_test.go"), "package x\n\nimport \"testing\"\n\n"+body)
	}
}

const passing = `func TestGood(t *testing.T) { t.Log("never seen"); t.Run("sub", func(*testing.T) {}) }
`

// all runs go test for each package, in a command of its own.
func all(t *testing.T, packages ...string) (string, error) {
	t.Helper()
	var words []string
	for _, p := range packages {
		words = append(words, "--", "go", "test", p)
	}
	var out, log bytes.Buffer
	err := run(split(words), &out, &log)
	return out.String() + log.String(), err
}

func TestPasses(t *testing.T) {
	module(t, map[string]string{
		"a": passing,
		"b": `func TestShort(t *testing.T) { t.Attr("` + long.Attribute + `", "2 of 9 kills") }
func TestSkipped(t *testing.T) { t.Skip("no moon") }
`})
	text, err := all(t, "./a", "./b")
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	for _, want := range []string{
		`(?m)^PASS +\d+\.\d s +2 tests  example/a$`,
		`(?m)^2 packages, 4 tests in \d+s: 3 passed, 0 failed, 1 skipped$`,
		`(?m)^slowest tests: .*example/a TestGood 0s`,
		`(?m)^ran short: TestShort 2 of 9 kills \(make long runs them whole\)$`,
		`(?m)^skipped: example/b TestSkipped \(x_test.go:\d+: no moon\)$`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "never seen") {
		t.Errorf("the output of a test that passed is shown:\n%s", text)
	}
}

// TestFails: for any kind of failure, the remaining packages run, the exit code is 1, and
// failures are printed last.
func TestFails(t *testing.T) {
	module(t, map[string]string{
		"good":    passing,
		"fails":   "func TestBad(t *testing.T) { t.Run(\"sub\", func(t *testing.T) { t.Error(\"the reason\") }) }\n",
		"panics":  "func TestPanic(t *testing.T) { panic(\"the reason\") }\n",
		"exits":   "func TestMain(m *testing.M) { println(\"the reason\"); panic(1) }\n",
		"unbuilt": "var theReason testing.TB = 1\n",
	})
	for name, reason := range map[string]string{
		"fails": "the reason", "panics": "the reason", "exits": "the reason", "unbuilt": "cannot use 1",
	} {
		text, err := all(t, "./"+name, "./good")
		if !errors.Is(err, errFailed) {
			t.Errorf("%s: the error is %v", name, err)
		}
		if !strings.Contains(text, reason) {
			t.Errorf("%s: no reason in:\n%s", name, text)
		}
		if !regexp.MustCompile(`(?m)^PASS .*example/good$`).MatchString(text) {
			t.Errorf("%s: the package behind it did not run:\n%s", name, text)
		}
		if name == "fails" && !strings.HasSuffix(text, "\n2 failed:\n  example/fails TestBad/sub\n  example/fails TestBad\n") {
			t.Errorf("the end does not name the two tests alone:\n%s", text)
		}
		last := strings.Split(strings.TrimSpace(text), "\n")
		if !strings.Contains(last[len(last)-1], "example/"+name) {
			t.Errorf("%s: the last line is %q", name, last[len(last)-1])
		}
	}
}

// TestBreaks: a test that does not end is named, and so is a command that go rejects.
func TestBreaks(t *testing.T) {
	module(t, map[string]string{"good": passing, "hangs": "func TestHangs(t *testing.T) { select {} }\n"})
	var out, log bytes.Buffer
	if err := run(split(strings.Fields("-- go test -timeout 100ms ./hangs")), &out, &log); err == nil || !strings.Contains(out.String(), "TestHangs") {
		t.Errorf("hangs: %v:\n%s", err, &out)
	}
	if err := run(split(strings.Fields("-- go test -timeout=never ./good")), &out, &log); err == nil || !strings.Contains(out.String(), "-timeout=never") {
		t.Errorf("a wrong flag: %v:\n%s", err, &out)
	}
	out.Reset()
	if err := run(split(strings.Fields("-- go test -timeout 100ms ./hangs -- go test -timeout=never ./good")), &out, &log); err == nil || !strings.Contains(out.String(), "-timeout=never") {
		t.Errorf("a wrong flag after a failure: %v:\n%s", err, &out)
	}
	out.Reset()
	if err := run(split(strings.Fields("-- go test ./nowhere")), &out, &log); err == nil || !strings.Contains(out.String(), "nowhere") {
		t.Errorf("a package that does not exist: %v:\n%s", err, &out)
	}
}

// TestAtMost15Lines: the summary always fits.
func TestAtMost15Lines(t *testing.T) {
	var out bytes.Buffer
	r := newReport(&out)
	for i := range 200 {
		n := name{"github.com/tacho-go/tacho/cmd/tacho/internal/doctor", "TestWithALongNameThatFillsTheLine" + strings.Repeat("x", i%30)}
		r.results = append(r.results, result{n, "skip", float64(i)})
		r.pkgs = append(r.pkgs, result{name{pkg: n.pkg}, "pass", 1})
		r.short = append(r.short, n.test+" 3 of 300 kills")
		r.reason[n] = "because"
	}
	r.summarize(0)
	if n := strings.Count(strings.TrimSpace(out.String()), "\n") + 1; n > 15 {
		t.Errorf("%d lines:\n%s", n, &out)
	}
	if !strings.Contains(out.String(), "more (make long") {
		t.Errorf("it does not say that there is more:\n%s", &out)
	}
}
