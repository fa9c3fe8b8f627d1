package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/internal/programs"
)

// ownInits is how many bytes tacho's own packages may allocate before main. Every command has them in
// memory, tacho agent as well, and the heap of a Go program is about twice what is in use.
const ownInits = 300_000

// initLine is what GODEBUG=inittrace=1 prints about a package.
var initLine = regexp.MustCompile(`(?m)^init (\S+) @.*, (\d+) bytes, \d+ allocs$`)

// TestInits: what only one command needs is computed by that command, not before main: regular expressions
// with lazyregexp, other tables with sync.OnceValue.
func TestInits(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(programs.File(t, "tacho"), "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	total, own := 0, ""
	for _, m := range initLine.FindAllStringSubmatch(string(out), -1) {
		if m[1] != "main" && !strings.HasPrefix(m[1], "github.com/tacho-go/") {
			continue
		}
		bytes, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		total += bytes
		own += "\n" + m[2] + " " + m[1]
	}
	if own == "" || total > ownInits {
		t.Errorf("tacho's packages allocate %d bytes before main, want at most %d:%s", total, ownInits, own)
	}
}
