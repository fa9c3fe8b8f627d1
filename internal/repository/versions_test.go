package repository_test

import (
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// A twin is an adapter for another version of a framework, with the same tests: their text is that of
// the first adapter's, but for names. What truly differs between the versions is in version_test.go.
type twin struct {
	of, dir string
	files   []string
	names   []rename
}

type rename struct{ pattern, by string }

var twins = []twin{{
	of: "adapter/tachofiber", dir: "adapter/tachofiberv2",
	files: []string{"fiber_test.go", "stream_test.go"},
	names: []rename{
		{`\btachofiber\b`, "tachofiberv2"},
		{`\btachofiber_test\b`, "tachofiberv2_test"},
		{`gofiber/fiber/v3`, "gofiber/fiber/v2"},
		{`\bfiber\.Ctx\b`, "*fiber.Ctx"},
	},
}}

// TestTwins: a case for two versions of a framework is written once. After a change to the first
// adapter's tests, -update writes the other's anew.
func TestTwins(t *testing.T) {
	inRoot(t)
	for _, tw := range twins {
		for _, file := range tw.files {
			source, target := filepath.Join(tw.of, file), filepath.Join(tw.dir, file)
			want := tw.text(t, source)
			if *update {
				if err := os.WriteFile(target, want, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if have, err := os.ReadFile(target); err != nil || string(have) != string(want) {
				t.Errorf("%s is not what %s makes of it: change that file, and run go test ./internal/repository -run TestTwins -update (%v)", target, source, err)
			}
		}
	}
}

func (tw twin) text(t *testing.T, source string) []byte {
	t.Helper()
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range tw.names {
		text = regexp.MustCompile(r.pattern).ReplaceAll(text, []byte(r.by))
	}
	text, err = format.Source(append([]byte("// Code generated from "+source+" by TestTwins -update; DO NOT EDIT.\n\n"), text...))
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return text
}
