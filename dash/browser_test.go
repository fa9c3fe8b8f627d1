package dash_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A dump is a page as Chromium rendered it at the end of its time budget.
type dump struct {
	html    string
	console string // output of the page's console
}

// browse opens an address in a real Chromium whose clock runs ahead whenever
// nothing is waiting for the network: budget is how long the page believes to
// have lived.
func browse(t *testing.T, address string, budget time.Duration) dump {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not in PATH: install Debian's package chromium (scripts/install-peers does)")
	}
	cmd := exec.CommandContext(t.Context(), chromium,
		"--headless", "--window-size=1300,900", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--user-data-dir="+t.TempDir(), "--enable-logging=stderr",
		"--virtual-time-budget="+itoa(budget.Milliseconds()), "--dump-dom", address)
	cmd.WaitDelay = time.Second
	var html, log strings.Builder
	cmd.Stdout, cmd.Stderr = &html, &log
	timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, log.String())
	}
	return dump{html.String(), consoleLines(log.String())}
}

func consoleLines(log string) string {
	var lines []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, "CONSOLE") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// text is the visible text of the dump, with single spaces.
func (d dump) text(t *testing.T) string {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(d.html))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var words strings.Builder
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return strings.Join(strings.Fields(words.String()), " ")
		} else if err != nil {
			t.Fatalf("the dump cannot be read: %v\n%s", err, d.html)
		}
		switch token := token.(type) {
		case xml.StartElement:
			words.WriteByte(' ')
			if isHidden(token) {
				if err := decoder.Skip(); err != nil {
					t.Fatal(err)
				}
			}
		case xml.CharData:
			words.Write(token)
		}
	}
}

// has reports whether the dump has an element of that name outside of attributes.
func (d dump) has(t *testing.T, name string) bool {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(d.html))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return false
		} else if err != nil {
			t.Fatalf("the dump cannot be read: %v\n%s", err, d.html)
		}
		if element, ok := token.(xml.StartElement); ok && element.Name.Local == name {
			return true
		}
	}
}

func isHidden(element xml.StartElement) bool {
	switch element.Name.Local {
	case "head", "noscript", "script", "select":
		return true
	}
	for _, a := range element.Attr {
		if a.Name.Local == "hidden" {
			return true
		}
	}
	return false
}
