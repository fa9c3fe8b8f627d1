package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A misused command shows how it is used, and then what was wrong.
type misused struct {
	error
	usage string
}

func (m misused) Unwrap() error { return m.error }

func misuse(cmd *cobra.Command, err error) error { return usage(misused{err, cmd.UsageString()}) }

// noArguments is for commands that have flags alone.
func noArguments(instead string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return misuse(cmd, fmt.Errorf("%s takes no argument such as %q: %s", cmd.Name(), args[0], instead))
	}
}

// wrongFlag adds what was probably meant, or what a value looks like.
func wrongFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		if meant := meantBy(cmd, unknown); meant != "" {
			err = fmt.Errorf("%w; %s", err, meant)
		}
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		err = fmt.Errorf("invalid argument %q for \"--%s\" flag: %w", invalid.GetValue(), f.Name, wrongValue(f, err))
	}
	return misuse(cmd, err)
}

// meantBy is what was probably meant by a flag that the command does not have: the same with
// two dashes, one of another command, or one that is similar.
func meantBy(cmd *cobra.Command, unknown *pflag.NotExistError) string {
	name := cmp.Or(unknown.GetSpecifiedShortnames(), unknown.GetSpecifiedName())
	name, _, _ = strings.Cut(name, "=")
	for _, whole := range []string{name, "h" + name} { // of -help, -h has been understood
		if len(name) > 1 && cmd.Flags().Lookup(whole) != nil {
			return "did you mean --" + whole + "?"
		}
	}
	if others := commandsWith(cmd.Root(), name); len(others) > 0 {
		return "--" + name + " is a flag of " + strings.Join(others, " and ")
	}
	names := &cobra.Command{SuggestionsMinimumDistance: 2} // knows how to find what is similar
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	if similar := names.SuggestionsFor(name); len(similar) > 0 {
		return "did you mean --" + strings.Join(similar, " or --") + "?"
	}
	return ""
}

// commandsWith are the commands that have a flag of that name.
func commandsWith(root *cobra.Command, flag string) []string {
	var all []string
	for _, c := range root.Commands() {
		if c.Flags().Lookup(flag) != nil {
			all = append(all, c.CommandPath())
		}
	}
	return all
}

// strictTopics makes errors of names that cobra's own commands, help and completion, answer
// with a help text and 0, which a script takes for success.
func strictTopics(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	if help := findCommand(root, "help"); help != nil {
		help.Args = func(_ *cobra.Command, args []string) error {
			if found, rest, err := root.Find(args); err != nil || len(rest) > 0 {
				return unknownTopic(cmp.Or(found, root), args[len(args)-max(1, len(rest))])
			}
			return nil
		}
	}
	if shells := findCommand(root, "completion"); shells != nil {
		shells.Args = func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownTopic(cmd, args[0])
			}
			return nil
		}
		shells.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
}

func unknownTopic(cmd *cobra.Command, name string) error {
	err := fmt.Errorf("%s has no command %q", cmd.CommandPath(), name)
	cmd.SuggestionsMinimumDistance = 2
	if similar := cmd.SuggestionsFor(name); len(similar) > 0 {
		err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(similar, " or "))
	}
	return misuse(cmd, err)
}
