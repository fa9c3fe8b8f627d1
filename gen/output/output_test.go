package output_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/gen/output"
)

func file(name, text string) output.File {
	return output.With("tacho generate things --output x/", []output.File{{Name: name, Content: []byte(text)}})[0]
}

// TestWriteAndCheck: what was written is not stale; a change, a missing file and a leftover are.
func TestWriteAndCheck(t *testing.T) {
	dir := t.TempDir() + "/"
	files := []output.File{file("a.yml", "a: 1\n"), file("sub/b.yml", "b: 1\n")}
	check := func(files []output.File) string {
		t.Helper()
		stale, err := output.Check(dir, files)
		if err != nil {
			t.Fatal(err)
		}
		return string(stale)
	}
	if got := check(files); !strings.Contains(got, "+a: 1") {
		t.Errorf("before the first run: %s", got)
	}
	if err := output.Write(dir, files, nil); err != nil {
		t.Fatal(err)
	}
	if got := check(files); got != "" {
		t.Errorf("unchanged: %s", got)
	}
	changed := []output.File{file("a.yml", "a: 2\n"), files[1]}
	if got := check(changed); !strings.Contains(got, "-a: 1\n+a: 2\n") || strings.Contains(got, "b: 1") {
		t.Errorf("changed: %s", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "mine.yml"), []byte("# by hand\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := check(files[1:]); got != "" { // another folder
		t.Errorf("a file of another folder: %s", got)
	}
	fewer := []output.File{file("c.yml", "c: 1\n")}
	if err := output.Write(dir, fewer, nil); err != nil {
		t.Fatal(err)
	}
	if got := check(fewer); got != filepath.Join(dir, "a.yml")+" is no longer generated: remove it\n" {
		t.Errorf("leftovers: %s", got)
	}
}

func TestPaths(t *testing.T) {
	two := []output.File{file("a.yml", ""), file("b.yml", "")}
	var out bytes.Buffer
	if err := output.Write("-", two, &out); !errors.Is(err, output.ErrSeveral) || !strings.Contains(err.Error(), "a.yml, b.yml") {
		t.Errorf("several files into a pipe: %v", err)
	}
	if err := output.Write("-", two[:1], &out); err != nil || out.String() != string(two[0].Content) {
		t.Errorf("one file: %q, %v", &out, err)
	}
	if _, err := output.Check("-", two[:1]); !errors.Is(err, output.ErrPipe) {
		t.Errorf("a pipe is compared: %v", err)
	}
	name := filepath.Join(t.TempDir(), "other.yml")
	if err := output.Write(name, two[:1], nil); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(name); err != nil || !bytes.Equal(text, two[0].Content) {
		t.Errorf("a file: %q, %v", text, err)
	}
}

// TestMarkdown: the command in a comment can be run as it is, and does not end the comment.
func TestMarkdown(t *testing.T) {
	got := string(output.Markdown("tacho generate docs --from :8080 --title 'a --> b'"))
	if !strings.Contains(got, "docs --from :8080 --title") || strings.Count(got, "-->") != 1 || !strings.HasSuffix(got, " -->\n\n") {
		t.Errorf("the header is\n%s", got)
	}
}
