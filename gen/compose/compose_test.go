package compose_test

import (
	"strings"
	"testing"

	"github.com/tacho-go/tacho/gen/compose"
	"github.com/tacho-go/tacho/gen/output"
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
