package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// TestGeneratePage: docs/generate.md names every generator and dashboard, and only flags that exist.
func TestGeneratePage(t *testing.T) {
	page := textOf(t, "../../docs/generate.md")
	known := map[string]bool{}
	root := newRoot(streams{strings.NewReader(""), io.Discard, io.Discard})
	for c := range everyCommand(root) {
		if c.Parent().Name() == "generate" && !strings.Contains(page, "| `"+c.CommandPath()) {
			t.Errorf("the page does not name %s", c.CommandPath())
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) { known[f.Name] = true })
	}
	for _, flag := range regexp.MustCompile(`[ \x60]--([a-z-]+)`).FindAllStringSubmatch(page, -1) {
		if !known[flag[1]] {
			t.Errorf("the page has a flag that no command has: --%s", flag[1])
		}
	}
}

func textOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// commandsBelow returns the first commands for a shell below a heading of a page.
func commandsBelow(t *testing.T, file, heading string) string {
	t.Helper()
	_, after, found := strings.Cut(textOf(t, file), "\n"+heading+"\n")
	_, after, _ = strings.Cut(after, "```sh\n")
	commands, _, _ := strings.Cut(after, "```")
	if !found || commands == "" {
		t.Fatalf("%s has no commands below %q", file, heading)
	}
	return commands
}

// TestGoOn runs the commands of the README's "Go on" with a service, in their order. Not beside other tests, as
// TestInit: generate init probes every port of the machine, and tests count their requests.
func TestGoOn(t *testing.T) {
	commands := commandsBelow(t, "../../README.md", "## Go on")
	if chinese := commandsBelow(t, "../../README.zh-CN.md", "## 下一步"); chinese != commands {
		t.Errorf("the Chinese README has other commands:\n%s", chinese)
	}
	service := newService(t, goodService)
	_, port, _ := strings.Cut(service, ":")
	dir := t.TempDir()
	for line := range strings.Lines(commands) {
		args := shellWords(strings.ReplaceAll(line, ":8080", ":"+port))[3:] // after go run ./cmd/tacho
		if args[0] != "serve" {
			generate(t, dir, args[1:]...)
			continue
		}
		args[2] = filepath.Join(dir, args[2])
		p := spawn(t, nil, append(args, "--listen", "127.0.0.1:0", "--interval", "1s")...)
		page := p.says(pageLine)
		p.await("the service", 90*time.Second, func() bool { return value(t, page, `up{instance="localhost:`+port+`"}`) == "1" })
		p.await("its objective", 90*time.Second, func() bool { return value(t, page, `tacho:slo_objective:ratio{job="localhost:`+port+`"}`) == "0.999" })
	}
	for _, file := range []string{"tacho.yml", "dashboards/overview-default.json", "dashboards/slo.json", "tacho.rules.yml", "compose/compose.yml", "compose/grafana/dashboards/overview-default.json"} {
		if textOf(t, filepath.Join(dir, file)) == "" {
			t.Errorf("%s is empty", file)
		}
	}
}

// shellWords splits a command line as a shell does, as far as the README needs it.
func shellWords(line string) (all []string) {
	for _, word := range regexp.MustCompile(`'[^']*'|\S+`).FindAllString(line, -1) {
		all = append(all, strings.Trim(word, "'"))
	}
	return all
}
