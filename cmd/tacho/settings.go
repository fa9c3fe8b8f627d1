package main

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// ownMeanings lists the flags whose meaning differs from that of the same flag in tacho
// serve: a port set for that server must not apply to another one. Their environment
// variables contain the command's name, and a settings file sets them below the command only.
var ownMeanings = map[string][]string{
	"agent":     {"listen", "web-config", "data-dir"},
	"multiproc": {"listen", "web-config", "external-url"},
	"gunicorn":  {"dir", "include"},
	"proxy":     {"listen", "config", "check", "routes", "state", "schema"},
	"plan":      {"header", "instances", "interval", "retention", "series-limit", "timeout"},
	"top":       {"interval", "limit", "server"},
	"why":       {"header", "json", "timeout"},
}

// hasOwnMeaning reports whether a flag is in ownMeanings.
func hasOwnMeaning(cmd *cobra.Command, flag string) bool {
	return slices.Contains(ownMeanings[cmd.Name()], flag)
}

// envName returns the environment variable of a flag: TACHO_DATA_DIR for --data-dir, and
// TACHO_TOP_INTERVAL for the --interval of tacho top.
func envName(cmd *cobra.Command, flag string) string {
	name := flag
	if hasOwnMeaning(cmd, flag) {
		name = cmd.Name() + "-" + flag
	}
	return "TACHO_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// notSettable lists the flags that make sense on the command line only. An environment
// variable can also name the settings file, but the file itself cannot.
var (
	notSettable = []string{"help", "version"}
	notInFile   = append([]string{"settings"}, notSettable...)
)

// describeEnvironment adds the name of its environment variable to every flag's usage.
func describeEnvironment(cmd *cobra.Command) {
	add := func(f *pflag.Flag) {
		if !slices.Contains(notSettable, f.Name) && !strings.Contains(f.Usage, "[$") {
			f.Usage += " [$" + envName(cmd, f.Name) + "]"
		}
	}
	cmd.PersistentFlags().VisitAll(add)
	cmd.Flags().VisitAll(add)
	for _, c := range cmd.Commands() {
		describeEnvironment(c)
	}
}

// fillFlags sets the flags that are not on the command line: from the environment, or
// else from the file.
func fillFlags(cmd *cobra.Command, file string) error {
	if file == "" {
		file = os.Getenv(envName(cmd, "settings"))
	}
	settings, err := readSettings(cmd, file)
	if err != nil {
		return err
	}
	var first error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || first != nil || slices.Contains(notSettable, f.Name) {
			return
		}
		if text, ok := os.LookupEnv(envName(cmd, f.Name)); ok {
			first = set(cmd, f, valuesIn(f, text), "$"+envName(cmd, f.Name))
		} else if values, ok := settings[f.Name]; ok {
			first = set(cmd, f, values, file+": "+f.Name)
		}
	})
	return first
}

// valuesIn returns the values of a flag in an environment variable. A repeatable flag has
// one value per line, since every other character can be part of a value.
func valuesIn(f *pflag.Flag, text string) []setting {
	if !isRepeated(f) {
		return []setting{{text: text}}
	}
	var values []setting
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			values = append(values, setting{text: line})
		}
	}
	return values
}

// isRepeated reports whether a flag is repeatable.
func isRepeated(f *pflag.Flag) bool {
	_, repeated := f.Value.(pflag.SliceValue)
	return repeated
}

// A setting is one value, and where it is in the settings file, or "".
type setting struct{ text, position string }

func set(cmd *cobra.Command, f *pflag.Flag, values []setting, from string) error {
	if len(values) != 1 && !isRepeated(f) {
		return fmt.Errorf("%s: --%s takes one value, not a list", from, f.Name)
	}
	for _, v := range values {
		if err := cmd.Flags().Set(f.Name, v.text); err != nil {
			return fmt.Errorf("%s: %q is not a valid value for --%s: %w", cmp.Or(v.position, from), v.text, f.Name, wrongValue(f, err))
		}
	}
	return nil
}

// readSettings reads the file's values for cmd. A key that is a setting of no command is
// an error, because it would have no effect.
func readSettings(cmd *cobra.Command, file string) (map[string][]setting, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--settings: %w", err)
	}
	var all map[string]yaml.Node
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("--settings %s: %w", file, mappingError(err))
	}
	values := map[string][]setting{}
	for key, node := range all {
		if err := readSetting(cmd, file, key, node, values); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func readSetting(cmd *cobra.Command, file, key string, node yaml.Node, values map[string][]setting) error {
	section := findCommand(cmd.Root(), key)
	if section == nil {
		if !knownFlag(cmd.Root(), key) || slices.Contains(notInFile, key) {
			return fmt.Errorf("--settings %s:%d: there is no setting %q; tacho --help and tacho COMMAND --help list them", file, node.Line, key)
		}
		// The command's own section takes precedence.
		if _, own := values[key]; !own && !hasOwnMeaning(cmd, key) {
			return readValue(file, key, node, values)
		}
		return nil
	}
	return readSection(cmd, section, file, node, values)
}

// readSection reads the settings of a command. Those of a command below it go below its name.
func readSection(cmd, section *cobra.Command, file string, node yaml.Node, values map[string][]setting) error {
	name := strings.TrimPrefix(section.CommandPath(), cmd.Root().Name()+" ")
	var inner map[string]yaml.Node
	if err := node.Decode(&inner); err != nil {
		return fmt.Errorf("--settings %s:%d: %s is a command: put its settings below it: %w", file, node.Line, name, mappingError(err))
	}
	for key, value := range inner {
		if below := findCommand(section, key); below != nil {
			if err := readSection(cmd, below, file, value, values); err != nil {
				return err
			}
			continue
		}
		unknown := section.Flags().Lookup(key) == nil && cmd.Root().PersistentFlags().Lookup(key) == nil
		if unknown || slices.Contains(notInFile, key) {
			return fmt.Errorf("--settings %s:%d: %s has no setting %q; tacho %s --help lists them", file, value.Line, name, key, name)
		}
		if section != cmd {
			continue
		}
		if err := readValue(file, key, value, values); err != nil {
			return err
		}
	}
	return nil
}

// mappingError describes what is wrong with a mapping. It omits the values: they may be secret.
func mappingError(err error) error {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return err
	}
	if i := slices.IndexFunc(wrong.Errors, func(text string) bool { return strings.Contains(text, "already defined") }); i >= 0 {
		return errors.New(wrong.Errors[i])
	}
	return errors.New("it must be a mapping of flag names to values, each as name: value")
}

// readValue reads the text of a value, or of each value of a list.
func readValue(file, key string, n yaml.Node, values map[string][]setting) error {
	node := resolved(&n)
	items := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		items = node.Content
	}
	values[key] = []setting{}
	for _, item := range items {
		switch item = resolved(item); {
		case item.Kind != yaml.ScalarNode:
			return fmt.Errorf("--settings %s:%d: %s must be a value or a list of values", file, item.Line, key)
		case item.Tag == "!!null":
			return fmt.Errorf("--settings %s:%d: %s has no value: set one, or remove the name", file, item.Line, key)
		}
		values[key] = append(values[key], setting{item.Value, fmt.Sprintf("%s:%d:%d", file, item.Line, item.Column)})
	}
	return nil
}

// resolved returns the node that an alias refers to, or the node itself if it is no alias.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func findCommand(root *cobra.Command, name string) *cobra.Command {
	for _, c := range root.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

func knownFlag(root *cobra.Command, name string) bool {
	if root.PersistentFlags().Lookup(name) != nil {
		return true
	}
	for c := range everyCommand(root) {
		if c.Flags().Lookup(name) != nil {
			return true
		}
	}
	return false
}

// everyCommand yields the commands below a command, and those below them.
func everyCommand(cmd *cobra.Command) iter.Seq[*cobra.Command] {
	return func(yield func(*cobra.Command) bool) {
		for _, c := range cmd.Commands() {
			if !yield(c) {
				return
			}
			for below := range everyCommand(c) {
				if !yield(below) {
					return
				}
			}
		}
	}
}
