package repository_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOwnModule: in an empty module beside a checkout, README's imports, its
// commands and its code for Gin and for net/http build.
func TestOwnModule(t *testing.T) {
	inRoot(t)
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(b)
	imports, commands := block(t, readme, "In your own module", "go"), block(t, readme, "In your own module", "sh")
	for _, tt := range []struct{ section, imports, given string }{
		{"In your Gin service", imports, "func getUser(*gin.Context) {}"},
		{"In your net/http service", "import (\n\"net/http\"\n\n\"github.com/tacho-go/tacho\"\n)", "func getUser(http.ResponseWriter, *http.Request) {}"},
	} {
		t.Run(tt.section, func(t *testing.T) {
			root, err := filepath.Abs(".")
			if err != nil {
				t.Fatal(err)
			}
			beside := t.TempDir()
			if err := os.Symlink(root, filepath.Join(beside, "tacho")); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(beside, "service")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, dir, "main.go", "package main\n\n"+tt.imports+"\n\n"+tt.given+"\n\nfunc main() {\n"+block(t, readme, tt.section, "go")+"}\n")
			script := "set -e\ngo mod init example.com/service\n" + commands + "go build -o service .\n"
			cmd := exec.Command("sh", "-c", script)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=", "GOFLAGS=")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v:\n%s\n%s", err, script, out)
			}
		})
	}
}

// block returns the first block of a language in a section of a page.
func block(t *testing.T, page, section, language string) string {
	t.Helper()
	_, text, found := strings.Cut(page, "\n## "+section+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	code := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(text)
	if !found || code == nil {
		t.Fatalf("README.md has no section %q with a %s block", section, language)
	}
	return code[1]
}
