package main

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/top"
	"github.com/tacho-go/tacho/internal/testfile"
)

// complete returns what a shell gets: the possible words and the completion directive.
func complete(t *testing.T, args ...string) (words []string, directive string) {
	t.Helper()
	var out bytes.Buffer
	if code := run(t.Context(), append([]string{"__complete"}, args...), streams{strings.NewReader(""), &out, io.Discard}); code != exitOK {
		t.Fatalf("%q: exit code %d", args, code)
	}
	lines := strings.Fields(out.String())
	return lines[:len(lines)-1], lines[len(lines)-1]
}

// TestCompletion: a shell offers the words that a flag accepts, files and directories where
// they make sense, and no files elsewhere.
func TestCompletion(t *testing.T) {
	const noFiles, fileTypes, folders, anything = ":4", ":8", ":16", ":0"
	for _, test := range []struct {
		args      string
		want      []string
		directive string
	}{
		{"top :8080 --sort ", strings.Fields("state route rate errors p50 p95 p99 share inflight -state -route -rate -errors -p50 -p95 -p99 -share -inflight"), noFiles},
		{"serve --log-level ", []string{"debug", "info", "warn", "error"}, noFiles},
		{"demo --log-level ", logLevels, noFiles},
		{"doctor --log-format ", []string{"text", "json"}, noFiles},
		{"serve --settings ", []string{"yml", "yaml", "json"}, fileTypes},
		{"serve --web-config ", []string{"yml", "yaml", "json"}, fileTypes},
		{"serve --data-dir ", nil, folders},
		{"demo --keep ", nil, folders},
		{"multiproc --dir ", nil, folders},
		{"serve --listen ", nil, noFiles},
		{"top --interval ", nil, noFiles},
		{"serve ", nil, anything},
		{"agent ", nil, anything},
		{"agent --data-dir ", nil, folders},
		{"doctor ", nil, noFiles},
		{"demo ", nil, noFiles},
	} {
		args := strings.Split(test.args, " ")
		words, directive := complete(t, args...)
		if !slices.Equal(words, test.want) || directive != test.directive {
			t.Errorf("tacho %s: %q %s, want %q %s", test.args, words, directive, test.want, test.directive)
		}
	}
}

// TestFixedValuesAreAccepted: a flag accepts the offered words and no others.
func TestFixedValuesAreAccepted(t *testing.T) {
	for flag, check := range map[string]func(string) error{
		"log-level":  func(v string) error { _, err := (&logFlags{v, "text"}).logger(io.Discard); return err },
		"log-format": func(v string) error { _, err := (&logFlags{"info", v}).logger(io.Discard); return err },
		"sort": func(v string) error {
			column, reversed := strings.CutPrefix(v, "-")
			_, err := top.New(top.Options{URLs: []string{":1"}, Order: top.Order{Column: column, Reversed: reversed}})
			return err
		},
	} {
		for _, v := range fixedValues[flag]() {
			if err := check(v); err != nil {
				t.Errorf("--%s %s: %v", flag, v, err)
			}
		}
		if check("nonsense") == nil {
			t.Errorf("--%s accepts anything", flag)
		}
	}
}

// TestEnvironmentMeansOneThing: a variable, and a key of the settings file, has one meaning
// in all commands that read it.
func TestEnvironmentMeansOneThing(t *testing.T) {
	root := newRoot(streams{strings.NewReader(""), io.Discard, io.Discard})
	type use struct{ command, means string }
	seen := map[string]use{}
	for _, c := range root.Commands() {
		c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" {
				return
			}
			name := envName(c, f.Name)
			if !strings.HasSuffix(f.Usage, "[$"+name+"]") {
				t.Errorf("tacho %s --%s does not name %s: %s", c.Name(), f.Name, name, f.Usage)
			}
			if other, twice := seen[name]; twice && other.means != f.Usage {
				t.Errorf("%s is %q in %s and %q in %s", name, other.means, other.command, f.Usage, c.Name())
			}
			seen[name] = use{c.Name(), f.Usage}
		})
	}
}

// TestSettingsOfOneCommand: settings of tacho serve do not change another server's address
// or the interval of a table. Each command has its own variable and key.
func TestSettingsOfOneCommand(t *testing.T) {
	t.Setenv("TACHO_LISTEN", ":9464")
	t.Setenv("TACHO_DATA_DIR", "/var/lib/tacho")
	t.Setenv("TACHO_INTERVAL", "15s")
	t.Setenv("TACHO_WEB_CONFIG", "/etc/serve.yml")
	t.Setenv("TACHO_LIMIT", "shop latency-limit=1s")
	file := testfile.Write(t, filepath.Join(t.TempDir(), "tacho.yml"), "flush-deadline: 7s\ninterval: 20s\nlisten: 127.0.0.1:1\nmultiproc: {series-limit: 5}\n")
	for _, test := range []struct {
		command, flag, env, want string
	}{
		{"serve", "listen", "", ":9464"},
		{"serve", "interval", "", "15s"},
		{"serve", "flush-deadline", "", "7s"},
		{"agent", "listen", "", "127.0.0.1:9463"},
		{"agent", "data-dir", "", "tacho-agent-data"},
		{"agent", "data-dir", "TACHO_AGENT_DATA_DIR", "/var/lib/agent"},
		{"agent", "interval", "", "15s"},
		{"agent", "flush-deadline", "", "7s"},
		{"multiproc", "listen", "", "127.0.0.1:9200"},
		{"multiproc", "listen", "TACHO_MULTIPROC_LISTEN", ":9300"},
		{"multiproc", "web-config", "", ""},
		{"multiproc", "series-limit", "", "5"},
		{"top", "interval", "", "2s"},
		{"top", "interval", "TACHO_TOP_INTERVAL", "3s"},
		{"top", "limit", "", "0"},
		{"top", "limit", "TACHO_TOP_LIMIT", "7"},
	} {
		if test.env != "" {
			t.Setenv(test.env, test.want)
		}
		cmd := findCommand(newRoot(streams{strings.NewReader(""), io.Discard, io.Discard}), test.command)
		if err := fillFlags(cmd, file); err != nil {
			t.Fatal(err)
		}
		if got := cmd.Flags().Lookup(test.flag).Value.String(); got != test.want {
			t.Errorf("tacho %s --%s is %s, want %s", test.command, test.flag, got, test.want)
		}
	}
}
