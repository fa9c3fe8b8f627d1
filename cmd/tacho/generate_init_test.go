package main

import (
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// TestInit: the settings of generate init name the services that respond, tacho serve accepts them and scrapes
// these, and each line that is commented out is a valid setting with the default.
func TestInit(t *testing.T) {
	service := newService(t, goodService)
	_, port, _ := strings.Cut(service, ":")
	dir := t.TempDir()
	text := generate(t, dir, "init")
	if !strings.Contains(text, "    # naming scheme default\n    - localhost:"+port+"\n") {
		t.Fatalf("it does not find port %s:\n%s", port, text)
	}
	file := filepath.Join(dir, "tacho.yml")
	only := regexp.MustCompile(`(?m)^    # .*\n    - localhost:(\d+)\n`).ReplaceAllStringFunc(text, func(item string) string {
		if strings.Contains(item, ":"+port+"\n") {
			return item
		}
		return "" // a service of another test
	})
	writeText(t, file, only)
	p := spawn(t, nil, "serve", "--settings", file, "--listen", "127.0.0.1:0")
	page := p.says(pageLine)
	p.await("the service", 60*time.Second, func() bool { return value(t, page, `up{instance="localhost:`+port+`"}`) == "1" })
	p.end(syscall.SIGTERM)

	writeText(t, file, regexp.MustCompile(`(?m)^  # ([a-z-]+:|  - )`).ReplaceAllString(only, "  $1"))
	cmd := findCommand(newRoot(streams{strings.NewReader(""), io.Discard, io.Discard}), "serve")
	if err := fillFlags(cmd, file); err != nil {
		t.Fatal(err)
	}
	set := 0
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed && f.Name != "target" {
			if set++; f.Value.String() != f.DefValue && f.DefValue != "[]" {
				t.Errorf("%s is %s, not the default %s", f.Name, f.Value, f.DefValue)
			}
		}
	})
	want := 0
	for _, s := range serveSettings() {
		if len(s.Values) > 0 { // an empty list sets nothing
			want++
		}
	}
	if set != want || want < 20 {
		t.Errorf("%d settings are there, want %d", set, want)
	}
}
