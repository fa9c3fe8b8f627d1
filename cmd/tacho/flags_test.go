package main

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/internal/testfile"
)

// eachFlag calls f with every matching flag of every command, and a new command for each.
func eachFlag(t *testing.T, want func(*pflag.Flag) bool, f func(t *testing.T, cmd *cobra.Command, flag *pflag.Flag)) {
	fresh := func() *cobra.Command { return newRoot(streams{strings.NewReader(""), io.Discard, io.Discard}) }
	found := 0
	for _, c := range fresh().Commands() {
		c.Flags().VisitAll(func(flag *pflag.Flag) {
			if !want(flag) {
				return
			}
			found++
			t.Run(c.Name()+" "+flag.Name, func(t *testing.T) {
				cmd := findCommand(fresh(), c.Name())
				f(t, cmd, cmd.Flags().Lookup(flag.Name))
			})
		})
	}
	if found == 0 {
		t.Error("no command has such a flag")
	}
}

// TestLists: no value of a list is split, whatever its source: every character can be part
// of a URL, a header or a directory name.
func TestLists(t *testing.T) {
	want := []string{"http://h/m?a=1,2;3 4", "b=[::1]:1,\"c\""}
	for _, from := range []struct {
		name string
		fill func(t *testing.T, cmd *cobra.Command, flag string) error
		want []string
	}{
		{"flags", func(_ *testing.T, cmd *cobra.Command, flag string) error {
			return cmd.ParseFlags([]string{"--" + flag, want[0], "--" + flag + "=" + want[1]})
		}, want},
		{"the environment", func(t *testing.T, cmd *cobra.Command, flag string) error {
			t.Setenv(envName(cmd, flag), "\n"+want[0]+"\r\n  "+want[1]+"\n")
			return fillFlags(cmd, "")
		}, want},
		{"a list in the file", func(t *testing.T, cmd *cobra.Command, flag string) error {
			return fillFlags(cmd, settings(t, cmd.Name()+":\n  "+flag+":\n  - '"+want[0]+"'\n  - '"+want[1]+"'\n"))
		}, want},
		{"one value in the file", func(t *testing.T, cmd *cobra.Command, flag string) error {
			return fillFlags(cmd, settings(t, cmd.Name()+": {"+flag+": '"+want[0]+"'}\n"))
		}, want[:1]},
	} {
		t.Run(from.name, func(t *testing.T) {
			eachFlag(t, func(f *pflag.Flag) bool { return f.Value.Type() == "stringArray" }, func(t *testing.T, cmd *cobra.Command, flag *pflag.Flag) {
				if err := from.fill(t, cmd, flag.Name); err != nil {
					t.Fatal(err)
				}
				if got := flag.Value.(pflag.SliceValue).GetSlice(); !slices.Equal(got, from.want) {
					t.Errorf("got %q; want %q", got, from.want)
				}
			})
		})
	}
}

func settings(t *testing.T, text string) (file string) {
	t.Helper()
	return testfile.Write(t, filepath.Join(t.TempDir(), "settings.yml"), text)
}

// TestDurations: every duration accepts the formats of Prometheus and Go, and is shown in
// that of Prometheus.
func TestDurations(t *testing.T) {
	isDuration := func(f *pflag.Flag) bool {
		return strings.Contains(f.Value.Type(), "duration") || f.Value.Type() == "period"
	}
	eachFlag(t, isDuration, func(t *testing.T, cmd *cobra.Command, flag *pflag.Flag) {
		for text, want := range map[string]string{
			"1500ms": "1s500ms", "1.5s": "1s500ms", "2m": "2m", "2m0s": "2m", "15d": "15d", "1h30m": "1h30m", "36h": "1d12h",
			"0": "0", "0s": "0", "-1s": "-1s", "1500us": "1.5ms",
		} {
			if err := cmd.ParseFlags([]string{"--" + flag.Name, text}); err != nil || flag.Value.String() != want {
				t.Errorf("%s: %v, %v; want %s", text, flag.Value, err, want)
			}
		}
		for _, text := range []string{"", " ", "often", "5", "PT1S", "1 s", "1e3s", "99999y", "9999999h"} {
			err := cmd.ParseFlags([]string{"--" + flag.Name, text})
			if err == nil || !strings.Contains(err.Error(), "write a time such as 500ms, 15s, 36h or 15d") {
				t.Errorf("%q: %v, %v", text, flag.Value, err)
			}
		}
	})
}

// TestSettingsShapes: a setting is a value or a list of values. Anything else is an error,
// not an empty value, and the error does not contain it: it may be a secret.
func TestSettingsShapes(t *testing.T) {
	for text, want := range map[string]string{
		"serve: {target: {a: b}}":                       "settings.yml:1: target must be a value or a list of values",
		"serve: {target: [[a, b]]}":                     "target must be a value or a list of values",
		"log-level: {a: b}":                             "log-level must be a value or a list of values",
		"log-level: &l [info]\nserve: {target: [*l]}\n": "target must be a value or a list of values",
		"serve: {interval: [1s, 2s]}":                   "--interval takes one value, not a list",
		"serve: {interval: []}":                         "--interval takes one value, not a list",
		"serve: {listen: }":                             "listen has no value: set one, or remove the name",
		"serve: {listen: ~}":                            "listen has no value",
		"serve: {target: [a, null]}":                    "target has no value",
		"serve: {no-rules: yes}":                        `"yes" is not a valid value for --no-rules: write true or false`,
		"serve: {query-concurrency: 1.5}":               `"1.5" is not a valid value for --query-concurrency: write a whole number`,
		"serve: {interval: 5}":                          `"5" is not a valid value for --interval: write a time such as`,
		"settings: other.yml":                           `there is no setting "settings"`,
		"serve: {settings: other.yml}":                  `serve has no setting "settings"`,
		"serve: {help: true}":                           `serve has no setting "help"`,
		"serve: {listen: ':1', listen: ':2'}":           "already defined",
		"interval: 1s\ninterval: 2s":                    "already defined",
		"serve: secret":                                 "it must be a mapping of flag names to values",
		"doctor: [secret]":                              "it must be a mapping of flag names to values",
		"secret":                                        "it must be a mapping of flag names to values",
		"[secret]":                                      "it must be a mapping of flag names to values",
	} {
		cmd := findCommand(newRoot(streams{strings.NewReader(""), io.Discard, io.Discard}), "serve")
		err := fillFlags(cmd, settings(t, text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v; want %q", text, err, want)
		}
	}
	cmd := findCommand(newRoot(streams{strings.NewReader(""), io.Discard, io.Discard}), "serve")
	err := fillFlags(cmd, settings(t, "serve: {listen: &l ':1', external-url: *l, target: &t [a, *l], alertmanager: *t}"))
	if got := cmd.Flags().Lookup("alertmanager").Value.String(); err != nil || got != "[a,:1]" {
		t.Errorf("aliases: %s, %v", got, err)
	}
}
