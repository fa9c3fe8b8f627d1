package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// ownMeanings are flags that mean something else than those of the same name in tacho
// serve: what is set for that server must not move another one to its port. Their variable
// has the command's name in it, and in a file they stand below the command only.
var ownMeanings = map[string][]string{
	"multiproc": {"listen", "web-config", "external-url"},
	"top":       {"interval"},
}

// hasOwnMeaning is true for a flag in ownMeanings.
func hasOwnMeaning(cmd *cobra.Command, flag string) bool {
	return slices.Contains(ownMeanings[cmd.Name()], flag)
}

// envName is the environment variable of a flag: TACHO_DATA_DIR for --data-dir, and
// TACHO_TOP_INTERVAL for what --interval means in tacho top alone.
func envName(cmd *cobra.Command, flag string) string {
	name := flag
	if hasOwnMeaning(cmd, flag) {
		name = cmd.Name() + "-" + flag
	}
	return "TACHO_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// notSettable are flags that make sense on the command line only. The name of the settings
// file can be in a variable, too, but not in the file.
var (
	notSettable = []string{"help", "version"}
	notInFile   = append([]string{"settings"}, notSettable...)
)

// describeEnvironment adds the name of the variable to every flag's usage.
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

// fillFlags sets the flags that the command line did not from the environment
// and, after it, from the file.
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

// valuesIn are the values of a flag in a variable: a flag that may be repeated has one
// on each line, since every other character can be part of a value.
func valuesIn(f *pflag.Flag, text string) []string {
	if !isRepeated(f) {
		return []string{text}
	}
	var values []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			values = append(values, line)
		}
	}
	return values
}

// isRepeated tells flags that may be repeated.
func isRepeated(f *pflag.Flag) bool {
	_, repeated := f.Value.(pflag.SliceValue)
	return repeated
}

func set(cmd *cobra.Command, f *pflag.Flag, values []string, from string) error {
	if len(values) != 1 && !isRepeated(f) {
		return fmt.Errorf("%s: --%s takes one value, and this is a list", from, f.Name)
	}
	for _, v := range values {
		if err := cmd.Flags().Set(f.Name, v); err != nil {
			return fmt.Errorf("%s: %q is no value for --%s: %w", from, v, f.Name, wrongValue(f, err))
		}
	}
	return nil
}

// readSettings reads the file's values for cmd. A key that no command knows is
// an error: it would be a setting that silently does nothing.
func readSettings(cmd *cobra.Command, file string) (map[string][]string, error) {
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
	values := map[string][]string{}
	for key, node := range all {
		if err := readSetting(cmd, file, key, node, values); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func readSetting(cmd *cobra.Command, file, key string, node yaml.Node, values map[string][]string) error {
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
	var inner map[string]yaml.Node
	if err := node.Decode(&inner); err != nil {
		return fmt.Errorf("--settings %s:%d: %s is a command, its settings stand below it: %w", file, node.Line, key, mappingError(err))
	}
	for name, value := range inner {
		unknown := section.Flags().Lookup(name) == nil && cmd.Root().PersistentFlags().Lookup(name) == nil
		if unknown || slices.Contains(notInFile, name) {
			return fmt.Errorf("--settings %s:%d: %s has no setting %q; tacho %s --help lists them", file, value.Line, key, name, key)
		}
		if section != cmd {
			continue
		}
		if err := readValue(file, name, value, values); err != nil {
			return err
		}
	}
	return nil
}

// mappingError is what is wrong with a mapping, without its values: they may be secret.
func mappingError(err error) error {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return err
	}
	if i := slices.IndexFunc(wrong.Errors, func(text string) bool { return strings.Contains(text, "already defined") }); i >= 0 {
		return errors.New(wrong.Errors[i])
	}
	return errors.New("this must be names of flags with their values, each as name: value")
}

// readValue reads the text of a value, or of each value of a list.
func readValue(file, key string, n yaml.Node, values map[string][]string) error {
	node := resolved(&n)
	items := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		items = node.Content
	}
	values[key] = []string{}
	for _, item := range items {
		switch item = resolved(item); {
		case item.Kind != yaml.ScalarNode:
			return fmt.Errorf("--settings %s:%d: %s must be a value or a list of values", file, item.Line, key)
		case item.Tag == "!!null":
			return fmt.Errorf("--settings %s:%d: %s has no value: give it one, or leave the name out", file, item.Line, key)
		}
		values[key] = append(values[key], item.Value)
	}
	return nil
}

// resolved is the node that an alias stands for, and else the node itself.
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
	return slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Flags().Lookup(name) != nil })
}
