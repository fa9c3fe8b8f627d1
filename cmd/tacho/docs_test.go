package main

import (
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/gen/rules"
)

// TestCommandPage: docs/cli.md names every command, every alert, and only
// flags that exist; its settings file is accepted.
func TestCommandPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	root := newRoot(streams{strings.NewReader(""), io.Discard, io.Discard})
	root.InitDefaultCompletionCmd()
	known := map[string]bool{"help": true}
	for _, c := range root.Commands() {
		if !strings.Contains(page, "`tacho "+strings.Fields(c.Use)[0]) && c.Name() != "help" {
			t.Errorf("the page does not name tacho %s", c.Name())
		}
		for _, flag := range regexp.MustCompile(`--([a-z-]+)`).FindAllStringSubmatch(c.UsageString(), -1) {
			known[flag[1]] = true
		}
	}
	for _, flag := range regexp.MustCompile("`--([a-z-]+)").FindAllStringSubmatch(page, -1) {
		if !known[flag[1]] {
			t.Errorf("the page has a flag that no command has: --%s", flag[1])
		}
	}
	for _, r := range rules.Alerts(rules.Options{}).Rules {
		if !strings.Contains(page, "(alerts/"+r.Alert+".md)") {
			t.Errorf("the page does not link %s", r.Alert)
		}
	}
	for _, code := range []int{exitOK, exitFailed, exitUsage} {
		if !regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(strconv.Itoa(code)) + ` \|`).MatchString(page) {
			t.Errorf("the page does not explain the exit code %d", code)
		}
	}
	settings := regexp.MustCompile("(?s)```yaml\n(log-level.*?)```").FindStringSubmatch(page)
	file := t.TempDir() + "/tacho.yml"
	if err := os.WriteFile(file, []byte(settings[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	values, err := readSettings(findCommand(root, "serve"), file)
	if err != nil || len(values) != 3 {
		t.Errorf("the page's settings are read as %v, %v", values, err)
	}
}
