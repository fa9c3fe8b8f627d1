package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// misused is an error that is printed below the command's usage.
type misused struct {
	error
	usage string
}

func (m misused) Unwrap() error { return m.error }

func misuse(cmd *cobra.Command, err error) error { return usage(misused{err, cmd.UsageString()}) }

// noArguments rejects arguments, for commands that have only flags.
func noArguments(instead string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return misuse(cmd, fmt.Errorf("%s takes no arguments, got %q: %s", cmd.Name(), args[0], instead))
	}
}

// wrongFlag adds the flag that was probably meant, or the form of a valid value.
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

// meantBy suggests what an unknown flag was meant to be: the same name with two dashes, a
// flag of another command, or a similar name.
func meantBy(cmd *cobra.Command, unknown *pflag.NotExistError) string {
	name := cmp.Or(unknown.GetSpecifiedShortnames(), unknown.GetSpecifiedName())
	name, _, _ = strings.Cut(name, "=")
	for _, long := range []string{name, "h" + name} { // pflag has already consumed the -h of -help
		if len(name) > 1 && cmd.Flags().Lookup(long) != nil {
			return "did you mean --" + long + "?"
		}
	}
	if others := commandsWith(cmd.Root(), name); len(others) > 0 {
		return "--" + name + " is a flag of " + strings.Join(others, " and ")
	}
	names := &cobra.Command{SuggestionsMinimumDistance: 2} // cobra finds similar names of commands only
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	if similar := names.SuggestionsFor(name); len(similar) > 0 {
		return "did you mean --" + strings.Join(similar, " or --") + "?"
	}
	return ""
}

// commandsWith returns the paths of the commands that have a flag of that name; of those below
// others, only if no other has it.
func commandsWith(root *cobra.Command, flag string) (all []string) {
	var below []string
	for c := range everyCommand(root) {
		switch {
		case c.Flags().Lookup(flag) == nil:
		case c.Parent() == root:
			all = append(all, c.CommandPath())
		default:
			below = append(below, c.CommandPath())
		}
	}
	if len(all) == 0 {
		return below
	}
	return all
}

// strictTopics rejects unknown names after help and completion. By default cobra prints a
// help text for them and exits with 0, which a script takes for success.
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
