package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/locked"
)

func TestMain(m *testing.M) {
	if os.Getenv("TACHO_TEST_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command is this program with arguments; its files are below dir.
func command(dir string, args ...string) (cmd *exec.Cmd, out *locked.Buffer) {
	out = &locked.Buffer{}
	cmd = exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "TACHO_TEST_MAIN=1", "TMPDIR="+dir)
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

// TestTry: with the engine that is cheapest to build, the page has what both agents scrape, and Ctrl-C ends
// all processes and leaves no files.
func TestTry(t *testing.T) {
	if os.Getenv("TACHO_TEST_CLUSTER") == "" {
		t.Logf("not run: it builds an engine; make cluster runs it")
		return
	}
	dir := t.TempDir()
	cmd, out := command(dir, "victoria")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	await := func(what string, limit time.Duration, reached func() bool) {
		t.Helper()
		for end := time.Now().Add(limit); !reached(); time.Sleep(100 * time.Millisecond) {
			if time.Now().After(end) || cmd.ProcessState != nil {
				t.Fatalf("waited %v for %s:\n%s", limit, what, out)
			}
		}
	}
	var page, engine []string
	await("the page's address", 10*time.Minute, func() bool {
		page = regexp.MustCompile(`(?m)^page +(http\S+)$`).FindStringSubmatch(out.String())
		return page != nil
	})
	engine = regexp.MustCompile(`(?m)^VictoriaMetrics +(http\S+)$`).FindStringSubmatch(out.String())
	if engine == nil || strings.Count(out.String(), "\nagent ") != 2 {
		t.Errorf("it prints\n%s", out)
	}
	// Two instances, and the rates that the page's rules record from them.
	await("the samples of both agents", 2*time.Minute, func() bool {
		return strings.Contains(ask(page[1], `count(up{job="shop"} == 1) == 2`), `"2"`) && strings.Contains(ask(page[1], `count(tacho:job_http_requests:rate{job="shop"}) == 1`), `"1"`)
	})
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ends with %v:\n%s", err, out)
		}
	case <-time.After(time.Minute):
		t.Fatalf("it does not end:\n%s", out)
	}
	for _, address := range []string{page[1], engine[1]} {
		if answer := ask(address, "up"); answer != "" {
			t.Errorf("%s still answers: %s", address, answer)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v (%v)", left, err)
	}
}

// ask returns the response to a query, "" without one.
func ask(address, expr string) string {
	resp, err := http.Get(strings.TrimSuffix(address, "/") + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

// TestUsage: a wrong name is refused, with the names that there are.
func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"mimir"}, {"victoria", "thanos"}} {
		cmd, out := command(t.TempDir(), args...)
		err := cmd.Run()
		if cmd.ProcessState.ExitCode() != 64 || !strings.Contains(out.String(), "[thanos | victoria]") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}
