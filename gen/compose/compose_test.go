package compose_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/gen/compose"
	"github.com/tacho-go/tacho/gen/output"
	"github.com/tacho-go/tacho/internal/programs"
)

// TestFiles: each program that is asked for brings its files, and no other; the source of Grafana is
// Prometheus, or tacho without it. cmd/tacho's tests start the commands.
func TestFiles(t *testing.T) {
	boards := []output.File{{Name: "a.json", Content: []byte("{}")}}
	for with, want := range map[string]string{
		"":                        "compose.yml",
		"prometheus":              "compose.yml prometheus.yml tacho.rules.yml",
		"alertmanager":            "compose.yml alertmanager.yml",
		"grafana":                 "compose.yml grafana/provisioning/datasources/prometheus.yml grafana/provisioning/dashboards/tacho.yml grafana/dashboards/a.json",
		"prometheus alertmanager": "compose.yml prometheus.yml tacho.rules.yml alertmanager.yml",
	} {
		files, err := compose.Files(compose.Options{With: strings.Fields(with), Dashboards: boards})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range files {
			got = append(got, f.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("with %q: %q, want %q", with, got, want)
		}
		for _, p := range compose.Programs {
			if strings.Contains(string(files[0].Content), "\n  "+p+":\n") != strings.Contains(with, p) {
				t.Errorf("with %q: the service %s is there, or is not:\n%s", with, p, files[0].Content)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for want, o := range map[string]compose.Options{
		`name "My App": write a name of lower-case letters`: {Name: "My App"},
		`name "tacho": write a name`:                        {Name: "tacho"},
		`kind "php": there are go, flask`:                   {Kind: "php"},
		`program "loki": there are prometheus, grafana`:     {With: []string{"loki"}},
	} {
		if _, err := compose.Files(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}

// TestSchema: the loader of docker compose accepts the file of every kind with every program, and rejects it
// with a wrong field, a wrong type, or a volume or service that is not there.
func TestSchema(t *testing.T) {
	for _, kind := range compose.Kinds {
		for _, with := range [][]string{nil, {"prometheus"}, {"grafana"}, {"alertmanager"}, compose.Programs} {
			files, err := compose.Files(compose.Options{Kind: kind, With: with})
			if err != nil {
				t.Fatal(err)
			}
			if refused := load(t, string(files[0].Content)); refused != "" {
				t.Errorf("%s with %q: %s\n%s", kind, with, refused, files[0].Content)
			}
		}
	}
	files, err := compose.Files(compose.Options{Kind: "flask", With: compose.Programs})
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []struct{ from, to, want string }{
		{"    restart: unless-stopped\n", "    restarts: unless-stopped\n", "services.alertmanager.restarts"},
		{"    restart: unless-stopped\n", "    restart: [unless-stopped]\n", "services.alertmanager.restart must be a string"},
		{"  prometheus-data: null\n", "", "undefined volume prometheus-data"},
		{"    depends_on:\n      - ", "    depends_on:\n      - no-", "depends on undefined service"},
	} {
		text := strings.Replace(string(files[0].Content), wrong.from, wrong.to, 1)
		if text == string(files[0].Content) {
			t.Fatalf("nothing changed: %q is not there:\n%s", wrong.from, text)
		}
		if refused := load(t, text); !strings.Contains(refused, wrong.want) {
			t.Errorf("%q instead of %q: %q, want %q", wrong.to, wrong.from, refused, wrong.want)
		}
	}
}

// load loads a Compose file as docker compose does, and returns its error.
func load(t *testing.T, text string) (refused string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "compose.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), programs.File(t, "check"), "compose", file).CombinedOutput()
	if err == nil {
		return ""
	}
	return string(out)
}
